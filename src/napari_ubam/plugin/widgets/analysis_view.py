"""One analysis: its form, the job that computes it, and its result as figure, sentences and tables."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtWidgets import QComboBox, QGroupBox, QLabel, QVBoxLayout

from napari_ubam.analysis import Analysis
from napari_ubam.jobs import JobError
from napari_ubam.plugin.state.analyses import Place, ShownAnalysis, place_of_row, read_shown
from napari_ubam.plugin.state.session import Session
from napari_ubam.plugin.state.steps import Step, analyse_step
from napari_ubam.plugin.viewer.theme import Colours
from napari_ubam.plugin.viewer.worker import Worker, tell_error

from .analysis_figure import AnalysisFigure
from .analysis_form import AnalysisForm
from .copy_box import CopyBox
from .job_box import JobBox
from .outdated import OutdatedNote, fade
from .result_table import ResultTable
from .sections import button, narrow, row

NO_RUN = "Train a model or open a run in the Train panel first."
NO_ANALYSIS = "There is no further analysis; another package can bring some."
COMPUTE = "Compute this analysis with these parameters, and write the result to the run."
TABLE = "Double-click a row with a recording or a subject to play it."


class AnalysisView(QGroupBox):
    """Form and result of the analysis that `show_analysis` names.

    Parameters
    ----------
    session : Session
    worker : Worker
        Reads results in a thread.
    say : callable
        Shows a sentence to the user.
    play : callable
        Takes a recording and frames from a row that was double-clicked.
    colours : Colours
        Colours of the viewer's theme.

    Attributes
    ----------
    column : QVBoxLayout
        The parts of the view, from top to bottom.
    """

    def __init__(
        self,
        session: Session,
        worker: Worker,
        say: Callable[[str], None],
        play: Callable[[Place], None],
        colours: Colours,
    ) -> None:
        super().__init__()
        self._session, self._worker, self._say, self._play = session, worker, say, play
        self.analysis: Analysis | None = None
        self.form: AnalysisForm | None = None
        self._shown: ShownAnalysis | None = None
        self.outdated = OutdatedNote()
        self.tables = QComboBox()
        self.tables.setToolTip("The table to show.")
        self.tables.currentIndexChanged.connect(lambda _: self._show_table())
        narrow(self.tables)
        self.start = button("Compute", COMPUTE, self.compute)
        self.description, self.note = QLabel(), QLabel()
        for label in (self.description, self.note):
            label.setWordWrap(True)
        self.job_box = JobBox(session, ("analyse",))
        self.figure = AnalysisFigure(colours)
        self.table = ResultTable()
        self.table.setToolTip(f"{self.table.toolTip()} {TABLE}")
        self.table.itemDoubleClicked.connect(lambda item: self.play_row(item.row()))
        self.column = QVBoxLayout(self)
        self._build()

    def _build(self) -> None:
        column = self.column
        column.setContentsMargins(6, 10, 6, 6)
        column.addWidget(self.description)
        self._place = QVBoxLayout()
        column.addLayout(self._place)
        column.addLayout(row(self.start, CopyBox(self._copied, self._say), stretch=0))
        for part in (self.job_box, self.outdated, self.figure, self.note, self.tables, self.table):
            column.addWidget(part)

    # display --------------------------------------------------------------------------------------

    def show_analysis(self, analysis: Analysis | None) -> None:
        """Show the form of an analysis, and its result if the run has one.

        Parameters
        ----------
        analysis : Analysis or None
        """
        if self.form is not None:
            self._place.removeWidget(self.form)
            self.form.deleteLater()
            self.form = None
        self.analysis = analysis
        self._show(None)
        if analysis is not None:
            self.description.setText(analysis.description)
            self.form = AnalysisForm(analysis)
            self._place.addWidget(self.form)
        self.load()

    def load(self) -> None:
        """Read the result of the analysis in a thread."""
        analysis, folder = self.analysis, self._session.run_folder
        if analysis is not None:
            self._worker.run(lambda: read_shown(folder, analysis), self._show)
        self.update_job()

    def update_job(self) -> None:
        """Show the current progress of the job."""
        busy = self._session.busy
        ready = self._session.run is not None and not busy and self.analysis is not None
        self.start.setEnabled(ready)
        self.start.setToolTip(busy or COMPUTE)
        self.show_agreement()

    def show_agreement(self) -> None:
        """Fade a result that does not belong to the run or the study as they are now."""
        shown, note = self._shown, ""
        if shown is not None and shown.result is not None:
            note = shown.changes or self._session.outdated
        self.outdated.show_note(note)
        fade(bool(note), self.table, self.note, self.figure.picture)
        self.job_box.update_job(note)

    def _show(self, shown: ShownAnalysis | None) -> None:
        before = self._shown
        self._shown = shown
        result = shown.result if shown is not None else None
        if result is not None and self.form is not None and _made(before) != _made(shown):
            self.form.show_values(result.facts.get("parameters", {}))
        names = list(result.tables) if result is not None else []
        kept = self.tables.currentText()
        self.tables.blockSignals(True)
        self.tables.clear()
        self.tables.addItems(names)
        self.tables.setCurrentText(kept if kept in names else next(iter(names), ""))
        self.tables.blockSignals(False)
        self.tables.setVisible(len(names) > 1)
        self.table.setVisible(bool(names))
        sentences = shown.sentences if shown is not None else []
        self.note.setText("\n\n".join(sentences))
        self.note.setVisible(bool(sentences))
        self.figure.show_drawn(lambda look: shown.figure(look) if shown is not None else None)
        self._show_table()
        self.update_job()

    def _show_table(self) -> None:
        result = self._shown.result if self._shown is not None else None
        if result is not None and self.tables.currentText() in result.tables:
            self.table.show_table(result.tables[self.tables.currentText()])

    # actions --------------------------------------------------------------------------------------

    def compute(self) -> None:
        """Start the analysis as a job."""
        step, folder = self._step(), self._session.run_folder
        if isinstance(step, str) or folder is None:
            self._say(str(step))
            return
        self._say("")
        try:
            self._session.start(folder, list(step.arguments))
        except JobError as error:
            tell_error(error)

    def play_row(self, number: int) -> None:
        """Play what a row of the table is about.

        Parameters
        ----------
        number : int
            Row of the table, from 0.
        """
        result = self._shown.result if self._shown is not None else None
        if result is None:
            return
        chosen = result.tables[self.tables.currentText()].iloc[number]
        values = {str(name): value for name, value in chosen.items()}
        found = place_of_row(values, self._session.run_study, self._session.results)
        if found is None:
            self._say("This row is about no recording of the study; choose one that names a subject.")
        else:
            self._play(found)

    def _step(self) -> Step | str:
        folder = self._session.run_folder
        if folder is None or self._session.run is None:
            return NO_RUN
        if self.analysis is None:
            return NO_ANALYSIS
        values = self.form.values() if self.form is not None else {}
        return analyse_step(self.analysis.name, folder, values)

    def _copied(self) -> list[Step] | str:
        step = self._step()
        return step if isinstance(step, str) else [step]


def _made(shown: ShownAnalysis | None) -> object:
    """When a result was computed; None without one."""
    return shown.result.facts.get("created") if shown is not None and shown.result is not None else None
