"""Choose an analysis, set its parameters, compute it as a job, and see its result."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtWidgets import QComboBox, QGroupBox, QLabel, QVBoxLayout

from napari_ubam.analysis import analyses
from napari_ubam.jobs import JobError
from napari_ubam.plugin.state.session import Session
from napari_ubam.plugin.state.steps import Step, analyse_step
from napari_ubam.plugin.viewer.worker import Worker, tell_error
from napari_ubam.run.provenance import CurrentRun
from napari_ubam.runfolder.tables import Result, has_result, read_result

from .analysis_form import AnalysisForm
from .copy_box import CopyBox
from .job_box import JobBox
from .outdated import OutdatedNote, fade
from .result_table import ResultTable
from .sections import button, narrow, row

Read = tuple[Result | None, list[str]]  # a result, and how the run has changed since
WITH_PANEL = ("compare",)  # analyses that have a panel of their own
NO_RUN = "Train a model or open a run in the Train panel first."
COMPUTE = "Compute this analysis with these parameters."


class AnalysisBox(QGroupBox):
    """Section for all registered analyses.

    Parameters
    ----------
    session : Session
    worker : Worker
        Reads results in a thread.
    say : callable
        Shows a sentence to the user.
    """

    def __init__(self, session: Session, worker: Worker, say: Callable[[str], None]) -> None:
        super().__init__()
        self._session, self._worker, self._say = session, worker, say
        self._known = {name: one for name, one in analyses().items() if name not in WITH_PANEL}
        self._result: Result | None = None
        self._changes: list[str] = []
        self.outdated = OutdatedNote()
        self.choice, self.tables = QComboBox(), QComboBox()
        for name, analysis in self._known.items():
            self.choice.addItem(analysis.title, name)
        self.choice.setToolTip("The analysis to compute.")
        self.choice.currentIndexChanged.connect(lambda _: self._chosen())
        self.tables.setToolTip("The table to show.")
        self.tables.currentIndexChanged.connect(lambda _: self._show_table())
        narrow(self.choice)
        narrow(self.tables)
        self.start = button("Compute", COMPUTE, self.compute)
        self.description, self.note = QLabel(), QLabel()
        for label in (self.description, self.note):
            label.setWordWrap(True)
        self.job_box = JobBox(session, ("analyse",))
        self.table = ResultTable()
        self._build()
        self._chosen()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 10, 6, 6)
        column.addLayout(row(self.choice, self.start, stretch=0))
        column.addLayout(row(CopyBox(self._copied, self._say)))
        column.addWidget(self.description)
        self._place = QVBoxLayout()
        column.addLayout(self._place)
        self.form: AnalysisForm | None = None
        column.addWidget(self.job_box)
        column.addWidget(self.outdated)
        column.addWidget(self.note)
        column.addWidget(self.tables)
        column.addWidget(self.table)

    def update_job(self) -> None:
        """Show the current progress of the job."""
        busy = self._session.busy
        self.start.setEnabled(self._session.run is not None and not busy and self.choice.count() > 0)
        self.start.setToolTip(busy or COMPUTE)
        self.show_agreement()

    def show_agreement(self) -> None:
        """Fade a result that does not belong to the run or the study as they are now."""
        note = ""
        if self._result is not None:
            note = " ".join(self._changes) or self._session.outdated
        self.outdated.show_note(note)
        fade(bool(note), self.table, self.note)
        self.job_box.update_job(note)

    def load(self) -> None:
        """Show the result of the chosen analysis, if the run has one."""
        name, folder = self._name, self._session.run_folder

        def read() -> Read:
            if folder is None or not has_result(folder, name):
                return None, []
            result = read_result(folder, name)
            return result, CurrentRun(folder).changes_since(result)

        self._worker.run(read, self._show)
        self.update_job()

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

    @property
    def _name(self) -> str:
        return str(self.choice.currentData() or "")

    def _step(self) -> Step | str:
        folder = self._session.run_folder
        if folder is None or self._session.run is None:
            return NO_RUN
        return analyse_step(self._name, folder, self.form.values() if self.form is not None else {})

    def _copied(self) -> list[Step] | str:
        step = self._step()
        return step if isinstance(step, str) else [step]

    def _chosen(self) -> None:
        """Show description, form and result of the chosen analysis."""
        if self.form is not None:
            self._place.removeWidget(self.form)
            self.form.deleteLater()
            self.form = None
        analysis = self._known.get(self._name)
        if analysis is not None:
            self.description.setText(analysis.description)
            self.form = AnalysisForm(analysis)
            self._place.addWidget(self.form)
        self.load()

    def _show(self, found: Read) -> None:
        result, self._changes = found
        self._result = result
        names = list(result.tables) if result is not None else []
        self.tables.blockSignals(True)
        self.tables.clear()
        self.tables.addItems(names)
        self.tables.blockSignals(False)
        self.tables.setVisible(len(names) > 1)
        self.table.setVisible(bool(names))
        warnings = list(result.warnings) if result is not None else []
        self.note.setText("\n".join(warnings))
        self.note.setVisible(bool(warnings))
        self._show_table()
        self.update_job()

    def _show_table(self) -> None:
        if self._result is not None and self.tables.currentText() in self._result.tables:
            self.table.show_table(self._result.tables[self.tables.currentText()])
