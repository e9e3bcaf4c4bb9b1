"""Compare: groups and the other analyses of this package, with the subject as the unit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QCheckBox, QComboBox, QLabel, QVBoxLayout, QWidget

from napari_ubam.jobs import JobError
from napari_ubam.plugin.state.analyses import COMPARE as GROUPS
from napari_ubam.plugin.state.analyses import compared_analyses
from napari_ubam.plugin.state.comparison import (
    INTERVALS,
    ComparisonChoice,
    ShownComparison,
    choice_of,
    columns_of,
    compare_step,
    is_within_subjects,
    labels_of,
    read_comparison,
    strongest_episode,
)
from napari_ubam.plugin.state.steps import Step
from napari_ubam.plugin.viewer.theme import colours_of
from napari_ubam.plugin.viewer.worker import tell_error
from napari_ubam.plugin.widgets import Empty, JobBox, button, narrow, row, section
from napari_ubam.plugin.widgets.analysis_figure import AnalysisFigure
from napari_ubam.plugin.widgets.analysis_view import AnalysisView
from napari_ubam.plugin.widgets.copy_box import CopyBox
from napari_ubam.plugin.widgets.group_plot import GroupPlot
from napari_ubam.plugin.widgets.label_choice import LabelChoice
from napari_ubam.plugin.widgets.outdated import OutdatedNote, fade
from napari_ubam.plugin.widgets.result_table import ResultTable

from .export_part import add_export
from .panel import Panel

if TYPE_CHECKING:
    from napari.viewer import Viewer

EMPTY = "Score a study in the Deviation panel first. Then you can compare its groups."
NO_SCORES = "Score the study in the Deviation panel first."
NO_COLUMN = "All subjects have the same group and session, so there is nothing to compare."
NO_LABEL = "No label of intervals is ticked; tick at least one."
BY = "What is compared: the values of a column of the study, or the intervals inside its recordings."
COMPARE = "Compare the subjects by permutation, and write the result to the run."
PAIRED = "The values are conditions of the same subjects, such as drug on and off or sessions."
ALL_MEASURES = (
    "Also compare time in episodes, and number and length of episodes; p is adjusted for all of them."
)
MODEL = "Also fit a mixed model, with the sessions as repeated measurements of a subject."
CHOICE = "The question: what is computed from the run, with the subject as the unit."
TABLE = "Values of every subject. Double-click a row to play its strongest episode."


class ComparePanel(Panel):
    """Choose what is compared, compute it as a job, and see every subject.

    Parameters
    ----------
    napari_viewer : napari.Viewer
    """

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__(napari_viewer)
        self._reading = self.worker()
        self._shown = ShownComparison()
        self.empty = Empty(EMPTY)
        self.plot = GroupPlot(colours_of(napari_viewer))
        self.job_box = JobBox(self.session, ("compare",))
        self.known = compared_analyses()
        self.other = AnalysisView(
            self.session, self.worker(), self.say, self.play_place, colours_of(napari_viewer)
        )
        self._build()
        self.observe(self.session.run_changed, self.refresh)
        self.observe(self.session.study_changed, self.refresh)
        self.observe(self.session.results_changed, self.load)
        self.observe(self.session.job_changed, self._enable)
        self.observe(self.session.agreement_changed, self._show_agreement)
        self.observe(self.session.results_changed, self.other.load)
        self.observe(self.session.job_changed, self.other.update_job)
        for one in (self.plot, self.other.figure):
            self.observe(self.link.theme_changed, _paints(one, napari_viewer))
        self.refresh()
        self.load()

    def _build(self) -> None:
        self.column.addWidget(self.empty)
        self.choice = QComboBox()
        self.choice.setToolTip(CHOICE)
        narrow(self.choice)
        for name, analysis in self.known.items():
            self.choice.addItem(analysis.title, name)
        self.choice.currentIndexChanged.connect(lambda _: self._chosen())
        self.column.addWidget(self.choice)
        self.groups = QWidget()
        self._build_groups()
        self.column.addWidget(self.groups)
        self.column.addWidget(self.other)
        self.exporting = add_export(self)
        self.column.addStretch(1)
        self._chosen()

    def _build_groups(self) -> None:
        inside = QVBoxLayout(self.groups)
        inside.setContentsMargins(0, 0, 0, 0)
        box, column = section("Compare subjects by")
        self.by = QComboBox()
        self.by.setToolTip(BY)
        self.by.currentTextChanged.connect(self._column_chosen)
        narrow(self.by)
        self.start = button("Compare", COMPARE, self.compare)
        self.paired = _box("Conditions of the same subjects", PAIRED)
        self.all_measures = _box("Episodes, too", ALL_MEASURES)
        self.model = _box("Mixed model", MODEL)
        self.labels = LabelChoice(self._enable)
        self.labels.setVisible(False)
        column.addLayout(row(self.by, self.start, stretch=0))
        column.addWidget(self.labels)
        column.addWidget(self.paired)
        column.addLayout(row(self.all_measures, self.model))
        column.addLayout(row(CopyBox(self._copied, self.say)))
        inside.addWidget(box)
        inside.addWidget(self.job_box)
        self.outdated = OutdatedNote()
        inside.addWidget(self.outdated)
        self.found, self.found_column = section("Result")
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.table = ResultTable()
        self.table.setToolTip(TABLE)
        self.table.itemDoubleClicked.connect(lambda item: self.play_subject(item.row()))
        for part in (self.plot, self.text, self.table):
            self.found_column.addWidget(part)
        inside.addWidget(self.found)

    # display --------------------------------------------------------------------------------------

    def _chosen(self) -> None:
        """Show the form and the result of the chosen analysis."""
        name = str(self.choice.currentData())
        self.groups.setVisible(name == GROUPS)
        self.other.setVisible(name != GROUPS)
        self.other.show_analysis(self.known[name] if name != GROUPS else None)
        self.say("")

    def refresh(self) -> None:
        """Offer the columns of the study, and its intervals."""
        study = self.session.run_study
        labels = labels_of(study)
        self.labels.offer(labels)
        before, columns = self.by.currentText(), (*columns_of(study), *([INTERVALS] if labels else []))
        if [self.by.itemText(number) for number in range(self.by.count())] != list(columns):
            self.by.blockSignals(True)
            self.by.clear()
            self.by.addItems(list(columns))
            self.by.setCurrentText(before if before in columns else "group")
            self.by.blockSignals(False)
            self._column_chosen(self.by.currentText())
        self._enable()

    def load(self) -> None:
        """Read the comparison of the run in a thread."""
        folder = self.session.run_folder
        self.empty.setVisible(self.session.results is None)
        self._reading.run(lambda: read_comparison(folder), self._read)
        self._enable()

    def _read(self, shown: ShownComparison) -> None:
        """Show a comparison, and what it was made with."""
        self._shown = shown
        chosen = choice_of(shown.result)
        if chosen is not None and self.by.findText(chosen.by) >= 0:
            self.by.setCurrentText(chosen.by)
            self.paired.setChecked(chosen.paired)
            self.all_measures.setChecked(chosen.all_measures)
            self.model.setChecked(chosen.mixed_model)
            if chosen.by_interval:
                self.labels.choose(chosen.by_interval)
        self.found.setVisible(shown.result is not None)
        self.plot.show_result(shown.result)
        self.text.setText("\n\n".join(shown.sentences))
        self.table.show_table(shown.subjects)
        self._show_agreement()

    def _show_agreement(self) -> None:
        """Fade a result that does not belong to the run or the study as they are now."""
        note = ""
        if self._shown.result is not None:
            note = self._shown.changes or self.session.outdated
        self.outdated.show_note(note)
        fade(bool(note), self.plot, self.text, self.table)
        self.job_box.update_job(note)
        self.other.show_agreement()

    def _column_chosen(self, column: str) -> None:
        inside = column == INTERVALS  # always within subjects, and without a model
        self.labels.setVisible(inside)
        self.paired.setVisible(not inside)
        self.model.setVisible(not inside)
        self.paired.setChecked(inside or is_within_subjects(self.session.run_study, column))
        self._enable()

    def _enable(self) -> None:
        reason = self._missing()
        self.start.setEnabled(not reason)
        self.start.setToolTip(reason or COMPARE)
        self._show_agreement()

    def _missing(self) -> str:
        """Say why nothing can be compared now."""
        if self.session.run is None or self.session.results is None:
            return NO_SCORES
        return self._nothing_chosen() or self.session.busy

    def _nothing_chosen(self) -> str:
        if not self.by.count():
            return NO_COLUMN
        return NO_LABEL if self._by_intervals() and not self.labels.chosen else ""

    def _by_intervals(self) -> bool:
        """Whether intervals inside recordings are compared."""
        return self.by.currentText() == INTERVALS

    # actions --------------------------------------------------------------------------------------

    def compare(self) -> None:
        """Start the comparison as a job."""
        steps, folder = self._copied(), self.session.run_folder
        if isinstance(steps, str) or folder is None:
            self.say(str(steps))
            return
        self.say("")
        try:
            self.session.start(folder, *(list(step.arguments) for step in steps))
        except JobError as error:
            tell_error(error)

    def _copied(self) -> list[Step] | str:
        folder = self.session.run_folder
        if folder is None or self.session.run is None or self.session.results is None:
            return NO_SCORES
        if reason := self._nothing_chosen():
            return reason
        inside = self._by_intervals()
        choice = ComparisonChoice(
            self.by.currentText(),
            self.paired.isChecked(),
            self.all_measures.isChecked(),
            self.model.isChecked() and not inside,
            self.labels.chosen if inside else (),
        )
        return [compare_step(folder, choice)]

    def play_subject(self, number: int) -> None:
        """Play the strongest episode of a subject.

        Parameters
        ----------
        number : int
            Row of the table, from 0.
        """
        result = self._shown.result
        if result is None or not 0 <= number < len(self._shown.subjects):
            return
        subject, level = (str(text) for text in self._shown.subjects.iloc[number, :2])
        by = str(result.facts["by"])
        found = strongest_episode(self.session.run_study, self.session.results, subject, by, level)
        if found is None:
            self.say(f"{subject} has no recording with {by} = {level} any more; compare again.")
            return
        self.play_place(found)
        if found[1] == found[2]:
            self.say(f"{subject} has no episode; its recording {found[0]} is shown.")


def _paints(figure: GroupPlot | AnalysisFigure, viewer: Viewer) -> Callable[[], None]:
    return lambda: figure.set_colours(colours_of(viewer))


def _box(text: str, tip: str) -> QCheckBox:
    made = QCheckBox(text)
    made.setToolTip(tip)
    return made
