"""Deviation: the distance of frames, episodes and subjects from the reference."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractItemView, QCheckBox, QHeaderView, QLabel, QTableWidget, QTableWidgetItem

from napari_ubam.jobs import JobError
from napari_ubam.plugin.io.settings import remember, remembered
from napari_ubam.plugin.state.contents import Results
from napari_ubam.plugin.state.steps import Step, embed_step, score_step
from napari_ubam.plugin.viewer.overlay import Overlay
from napari_ubam.plugin.viewer.worker import tell_error
from napari_ubam.plugin.widgets import Empty, JobBox, ReferenceBox, button, row, section
from napari_ubam.plugin.widgets.copy_box import CopyBox

from .panel import Panel
from .timeline import open_timeline

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_ubam.study import Study

NO_RUN = "Train a model or open a run in the Train panel first."
MOST_EPISODES = 200  # in the list
EPISODES = ("recording", "from (s)", "to (s)", "peak (s)", "pctl.")
SUBJECTS = ("subject", "group", "session", "deviation", "p", "q")

NARROW = "QTableWidget::item { padding: 0 2px; } QHeaderView::section { padding: 2px 4px; }"


class DeviationPanel(Panel):
    """Scoring against a reference, the list of episodes, and the table of subjects.

    Parameters
    ----------
    napari_viewer : napari.Viewer
    """

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__(napari_viewer)
        self._viewer = napari_viewer
        self.overlay = Overlay(napari_viewer, self.link)
        self.destroyed.connect(self.overlay.end)
        self.empty = Empty(NO_RUN)
        self.reference = ReferenceBox()
        self.reference.set_text(str(remembered("reference")))
        self.reference.chosen.connect(self.session.set_reference)
        self.job_box = JobBox(self.session, ("embed", "score"))
        self._build()
        self.observe(self.session.study_changed, self.refresh)
        self.observe(self.session.run_changed, self.refresh)
        self.observe(self.session.results_changed, self.show_results)
        self.observe(self.session.reference_changed, self._reference_changed)
        self.observe(self.session.recording_changed, self._show_overlay)
        self.observe(self.session.job_changed, self._job_changed)
        self.refresh()
        self.show_results()
        self._job_changed()

    def _build(self) -> None:
        self.column.addWidget(self.empty)
        box, column = section("Reference")
        column.addWidget(self.reference)
        self.scores_note = QLabel()
        self.scores_note.setWordWrap(True)
        column.addWidget(self.scores_note)
        self.score_button = button("Score", "Score every frame against the reference.", self.score)
        timeline = button("Timeline", "Show the scores over time below the video.", self.open_timeline)
        column.addLayout(row(self.score_button, timeline))
        self.on_picture = QCheckBox("Show on the video")
        self.on_picture.setToolTip("Outline the region on the video, from blue (usual) to red (deviating).")
        self.on_picture.setChecked(True)
        self.on_picture.toggled.connect(lambda _: self._show_overlay())
        column.addLayout(row(self.on_picture, CopyBox(self._script_steps, self.say), stretch=0))
        self.column.addWidget(box)
        self.column.addWidget(self.job_box)
        box, column = section("Episodes, strongest first")
        self.episodes = _table(
            EPISODES, "Double-click an episode to play it. The last column is the percentile at its peak."
        )
        self.episodes.setObjectName("episodes")
        self.episodes.itemDoubleClicked.connect(lambda item: self.play_episode(item.row()))
        self.only_here = QCheckBox("Only the current recording")
        self.only_here.setToolTip("List only episodes of the recording that the viewer shows.")
        self.only_here.toggled.connect(lambda _: self._fill_episodes())
        column.addWidget(self.only_here)
        column.addWidget(self.episodes)
        self.column.addWidget(box, 2)
        box, column = section("Subjects")
        self.subjects = _table(
            SUBJECTS, "Deviation of each subject and session. ref.: the subject belongs to the reference."
        )
        self.subjects.setObjectName("subjects")
        self.note = QLabel()
        self.note.setWordWrap(True)
        column.addWidget(self.subjects)
        column.addWidget(self.note)
        self.column.addWidget(box, 2)

    # display --------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the study and the run of the session."""
        self.reference.set_study(self._study)
        self.empty.setVisible(self.session.run is None)
        self._enable()
        self._show_scores_note()

    def _reference_changed(self, text: str) -> None:
        self.reference.set_text(text)
        self._show_scores_note()

    def _show_scores_note(self) -> None:
        """Say whether the scores below are of the study and the reference that are chosen now."""
        note = self.session.outdated
        self.scores_note.setText(note)
        self.scores_note.setVisible(bool(note))

    @property
    def _study(self) -> Study | None:
        return self.session.study or self.session.run_study

    def _enable(self) -> None:
        ready = self.session.run is not None and self._study is not None
        self.score_button.setEnabled(ready and not self.session.is_working)

    def _job_changed(self) -> None:
        self.job_box.update_job()
        self._enable()

    def show_results(self) -> None:
        """Fill the tables with the scores."""
        results = self.session.results
        self._fill_episodes()
        self._show_scores_note()
        table = results.subjects if results is not None else pd.DataFrame(columns=list(SUBJECTS))
        shown = table.sort_values("deviation", ascending=False)
        self.subjects.setRowCount(len(shown))
        self.subjects.setColumnHidden(SUBJECTS.index("session"), table["session"].nunique() < 2)
        for number, one in enumerate(shown.itertuples()):
            texts = (one.subject, one.group, one.session)
            values = (f"{one.deviation:.4f}", _p(one.p), "ref." if one.reference else _p(one.q))
            _fill(self.subjects, number, [str(text) for text in (*texts, *values)])
        self.note.setText(_subject_note(results) if results is not None and len(table) else "")
        self._show_overlay()

    def _fill_episodes(self) -> None:
        results, name = self.session.results, self.session.recording
        self._listed = pd.DataFrame(columns=["recording"])
        if results is not None:
            found = results.episodes_of(name) if self.only_here.isChecked() and name else results.episodes
            order = ["peak_percentile", "excess"]
            self._listed = (
                found.sort_values(order, ascending=False).head(MOST_EPISODES).reset_index(drop=True)
            )
        self.episodes.setRowCount(len(self._listed))
        for number, one in enumerate(self._listed.itertuples()):
            times = (f"{one.start_time:.2f}", f"{one.stop_time:.2f}", f"{one.peak_time:.2f}")
            _fill(self.episodes, number, [str(one.recording), *times, f"{one.peak_percentile:.1f}"])

    def _show_overlay(self, _: object = None) -> None:
        if self.only_here.isChecked():
            self._fill_episodes()
        self.overlay.show_for(self.session.recording if self.on_picture.isChecked() else "")

    # actions --------------------------------------------------------------------------------------

    def score(self) -> None:
        """Compute missing embeddings, then score."""
        steps = self._steps()
        folder = self.session.run_folder
        if isinstance(steps, str) or folder is None:
            self.say(str(steps))
            return
        remember(reference=self.reference.text)
        self.session.set_reference(self.reference.text)
        self.say("")
        try:
            self.session.start(folder, *(list(step.arguments) for step in steps))
        except JobError as error:
            tell_error(error)

    def _steps(self, saved: bool = False) -> list[Step] | str:
        folder, reference = self.session.run_folder, self.reference.text
        if folder is None or self.session.run is None:
            return NO_RUN
        if not reference:
            return "Choose the reference first."
        study = self.session.study_path if saved else self._study_file(folder)
        if study is None:
            return "Save the study first." if saved else "The study has problems; see the Study panel."
        return [embed_step(study, folder), score_step(study, folder, reference)]

    def _script_steps(self) -> list[Step] | str:
        return self._steps(saved=True)

    def _study_file(self, folder: Path) -> Path | None:
        if not len(self.session.draft):
            known = folder / "study.csv"
            return known if known.is_file() else None
        try:
            return self.session.study_file(folder)
        except (ValueError, OSError):
            return None

    def open_timeline(self) -> None:
        """Show the timeline below the canvas."""
        open_timeline(self._viewer)

    def play_episode(self, number: int) -> None:
        """Show an episode and play it.

        Parameters
        ----------
        number : int
            Row of the list of episodes, from 0.
        """
        if 0 <= number < len(self._listed):
            one = self._listed.iloc[number]
            self.link.play(str(one["recording"]), int(one["start"]), int(one["stop"]))


def _table(columns: tuple[str, ...], tip: str) -> QTableWidget:
    table = QTableWidget(0, len(columns))
    table.setHorizontalHeaderLabels(list(columns))
    table.setToolTip(tip)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setMinimumHeight(120)
    table.setStyleSheet(NARROW)
    table.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # the ends of names differ
    header, side = table.horizontalHeader(), table.verticalHeader()
    if header is not None:
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)  # shortens long names, but no numbers
        header.setMinimumSectionSize(20)
    if side is not None:
        side.setVisible(False)
    return table


def _fill(table: QTableWidget, number: int, texts: list[str]) -> None:
    for place, text in enumerate(texts):
        item = QTableWidgetItem(text)
        item.setToolTip(text)
        if place > 0:
            item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        table.setItem(number, place, item)


def _p(value: Any) -> str:
    return "" if pd.isna(value) else f"{value:.3f}"


def _subject_note(results: Results) -> str:
    """Summarise the groups, the numbers of subjects, and the smallest possible p."""
    from napari_ubam.analysis import SIGNIFICANT, group_table

    lines, table = [], results.subjects
    for one in group_table(table).to_dict("records"):
        role = ", reference" if one["reference"] else f", {one['significant']} with q < {SIGNIFICANT}"
        name = str(one["group"] or "no group")
        lines.append(f"{name}: {one['subjects']} subjects, median deviation {one['deviation']:.4f}{role}")
    reference = table.loc[table["reference"].astype(bool), "subject"].nunique()
    others = table.loc[~table["reference"].astype(bool), "subject"].nunique()
    smallest = table["smallest_p"].min()
    lines.append(
        f"{others} subjects, compared with {reference} reference subjects. The smallest possible p is "
        f"{smallest:.3f}; more reference subjects make it smaller. q is p corrected for multiple tests "
        f"(Benjamini-Hochberg)."
    )
    return "\n".join(lines)
