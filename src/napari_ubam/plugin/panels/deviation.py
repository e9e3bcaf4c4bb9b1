"""Deviation: the distance of frames, episodes and subjects from the reference."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from qtpy.QtWidgets import QCheckBox, QLabel

from napari_ubam.jobs import JobError
from napari_ubam.plugin.io.settings import remember, remembered
from napari_ubam.plugin.state.left_out import leave_out
from napari_ubam.plugin.state.references import preset_reference, selects
from napari_ubam.plugin.state.steps import Step, embed_step, score_step
from napari_ubam.plugin.state.subject_texts import part_text, subject_tip, subjects_note
from napari_ubam.plugin.viewer.overlay import Overlay
from napari_ubam.plugin.viewer.worker import tell_error
from napari_ubam.plugin.widgets import Empty, JobBox, ReferenceBox, button, row, section
from napari_ubam.plugin.widgets.copy_box import CopyBox
from napari_ubam.plugin.widgets.names import NameColumn
from napari_ubam.plugin.widgets.outdated import OutdatedNote, fade
from napari_ubam.plugin.widgets.score_table import fill_row, read_only_table

from .export_part import add_export
from .panel import Panel
from .timeline import open_timeline

if TYPE_CHECKING:
    from napari.viewer import Viewer

NO_RUN = "Train a model or open a run in the Train panel first."
MOST_EPISODES = 200  # in the list
NO_STUDY = "The study has problems; see the Study panel."
NO_REFERENCE = "Choose the reference first."
SCORE = "Score every frame against the reference."
WITHIN = (
    "The reference recordings of each subject are its own baseline, such as session=0 before a lesion. "
    "Otherwise subjects are compared with other subjects."
)
EPISODES = ("recording", "from (s)", "to (s)", "pctl.")
SUBJECTS = ("subject", "group", "session", "episodic\n(p)", "constant\n(p)")
LEAVE_OUT = (
    "Not behaviour, such as a hand in the picture: take the chosen episodes out of training, reference and "
    "scores (Shift+X for the one at the current frame)."
)
PARTS = (
    "Constant: what a subject always has, the median distance of its windows to the reference. Episodic: "
    "what rises above that, as mean excess over the 95th percentile of the reference. In brackets: p. "
    "*: the subject belongs to the reference."
)


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
        self.reference.set_text(self.session.reference)
        self.reference.chosen.connect(self.session.set_reference)
        self.reference.edited.connect(self._enable)
        self.job_box = JobBox(self.session, ("embed", "score"))
        self._build()
        self.observe(self.session.study_changed, self.refresh)
        self.observe(self.session.run_changed, self.refresh)
        self.observe(self.session.results_changed, self.show_results)
        self.observe(self.session.reference_changed, self._reference_changed)
        self.observe(self.session.recording_changed, self._recording_changed)
        self.observe(self.session.job_changed, self._job_changed)
        self.observe(self.session.agreement_changed, self._show_agreement)
        self.overlay.toggled.connect(self._overlay_toggled)
        self.refresh()
        self.show_results()

    def _build(self) -> None:
        self.column.addWidget(self.empty)
        box, column = section("Reference")
        column.addWidget(self.reference)
        self.within = QCheckBox("Compare each subject with itself")
        self.within.setToolTip(WITHIN)
        self.within.toggled.connect(lambda on: self.session.set_within("subject" if on else ""))
        self.scores_note = OutdatedNote()
        column.addWidget(self.within)
        column.addWidget(self.scores_note)
        self.score_button = button("Score", SCORE, self.score)
        timeline = button("Timeline", "Show the scores over time below the video.", self.open_timeline)
        column.addLayout(row(self.score_button, timeline))
        self.on_picture = QCheckBox("Show on the video")
        self.on_picture.setToolTip("Outline the region: blue is usual, red above the 95th percentile.")
        self.on_picture.setChecked(True)
        self.on_picture.toggled.connect(lambda _: self._show_overlay())
        column.addLayout(row(self.on_picture, CopyBox(self._script_steps, self.say), stretch=0))
        self.column.addWidget(box)
        self.column.addWidget(self.job_box)
        self.model_note = OutdatedNote()
        self.column.addWidget(self.model_note)
        box, column = section("Episodes, strongest first")
        self.episodes = read_only_table(
            EPISODES, "Double-click an episode to play it. pctl.: percentile of the deviation at its peak."
        )
        self.episodes.setObjectName("episodes")
        self.episodes.itemDoubleClicked.connect(lambda item: self.play_episode(item.row()))
        self.only_here = QCheckBox("Only the current recording")
        self.only_here.setToolTip("List only episodes of the recording that the viewer shows.")
        self.only_here.toggled.connect(lambda _: self._fill_episodes())
        leave = button("Leave this out", LEAVE_OUT, self.leave_out)
        column.addLayout(row(self.only_here, leave, stretch=0))
        column.addWidget(self.episodes)
        self.column.addWidget(box, 2)
        box, column = section("Subjects")
        self.subjects = read_only_table(SUBJECTS, PARTS)
        self.subjects.setObjectName("subjects")
        self._names = [NameColumn(table) for table in (self.episodes, self.subjects)]
        self.note = QLabel()
        self.note.setWordWrap(True)
        column.addWidget(self.subjects)
        column.addWidget(self.note)
        self.column.addWidget(box, 2)
        self.exporting = add_export(self)

    # display --------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the study and the run of the session."""
        self._preset_reference()
        self.reference.set_study(self.session.study)
        contents = self.session.contents
        self.empty.setVisible(self.session.run is None)
        note = contents.next_step if contents is not None else ""
        self.model_note.show_note(note)
        self.job_box.leave_to_panel(note)
        self._enable()
        self._show_agreement()

    def _preset_reference(self) -> None:
        """Choose the reference if there is no doubt; a choice that selects recordings is kept."""
        study, chosen = self.session.study, self.session.reference
        typed = self.reference.text != chosen
        if study is not None and not typed and not (chosen and selects(study, chosen)):
            self.session.set_reference(preset_reference(study, str(remembered("reference"))))

    def _reference_changed(self, text: str) -> None:
        self.reference.set_text(text)

    def _show_agreement(self) -> None:
        """Fade the results that do not belong to the study and the reference that are chosen now."""
        note = self.session.outdated
        self.scores_note.show_note(note)
        fade(bool(note), self.episodes, self.subjects, self.note)
        self.job_box.update_job(note)
        self._show_overlay()

    def _enable(self) -> None:
        reason = self._missing()
        self.score_button.setEnabled(not reason)
        self.score_button.setToolTip(reason or SCORE)

    def _missing(self) -> str:
        """Say why the study cannot be scored now."""
        if self.session.run is None:
            return NO_RUN
        if self.session.study is None:
            return NO_STUDY
        if not self.reference.is_valid:
            return NO_REFERENCE
        return self.session.busy

    def _job_changed(self) -> None:
        self.job_box.update_job(self.session.outdated)
        self._enable()

    def show_results(self) -> None:
        """Fill the tables with the scores."""
        results = self.session.results
        self.within.setChecked(self.session.within == "subject")
        self._fill_episodes()
        nothing = pd.DataFrame(columns=["session", "subject", "episodic"])
        table = results.subjects if results is not None else nothing
        shown = table.sort_values("episodic", ascending=False)
        self.subjects.setRowCount(len(shown))
        self.subjects.setColumnHidden(SUBJECTS.index("session"), table["session"].nunique() < 2)
        for number, one in enumerate(shown.itertuples()):
            texts = (one.subject, f"{one.group} *" if one.reference else one.group, one.session)
            parts = (part_text(one, "episodic"), part_text(one, "constant"))
            fill_row(self.subjects, number, [str(text) for text in (*texts, *parts)], subject_tip(one))
        self._names[1].set_names([str(name) for name in shown["subject"]])
        self.note.setText(subjects_note(results) if results is not None and len(table) else "")
        self._show_agreement()

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
            times = (f"{one.start_time:.2f}", f"{one.stop_time:.2f}")
            texts = [str(one.recording), *times, f"{one.peak_percentile:.1f}"]
            fill_row(self.episodes, number, texts, f"{one.recording}, peak at {one.peak_time:.2f} s")
        self._names[0].set_names([str(name) for name in self._listed["recording"].unique()])

    def _recording_changed(self, _: str) -> None:
        if self.only_here.isChecked():
            self._fill_episodes()
        self._show_overlay()

    def _show_overlay(self) -> None:
        outdated, wanted = bool(self.session.outdated), self.on_picture.isChecked()
        self.overlay.show_for(self.session.recording, outdated, wanted)

    def _overlay_toggled(self, on: bool) -> None:
        """Follow the user who has shown, hidden or deleted the layer in the layer list."""
        self.on_picture.setChecked(on)

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
            return NO_REFERENCE
        study = self.session.study_path if saved else self._study_file(folder)
        if study is None:
            return "Save the study first." if saved else NO_STUDY
        within = self.session.within
        return [embed_step(study, folder), score_step(study, folder, reference, within=within)]

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

    def leave_out(self) -> None:
        """Leave the chosen episodes out of the study."""
        rows = sorted({item.row() for item in self.episodes.selectedItems()})
        self.session.say(leave_out(self.session, self._listed.iloc[rows]))
