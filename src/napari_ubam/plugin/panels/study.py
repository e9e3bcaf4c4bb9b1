"""Study: the recordings, their subjects and groups, and the regions of the picture to use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtGui import QKeyEvent, QKeySequence
from qtpy.QtWidgets import QCheckBox, QFileDialog, QLabel

from napari_ubam.plugin.viewer.worker import tell_error
from napari_ubam.plugin.widgets import button, row
from napari_ubam.plugin.widgets.check_list import CheckList
from napari_ubam.plugin.widgets.study_table import StudyTable
from napari_ubam.study import Recording, Study
from napari_ubam.study.values import counted
from napari_ubam.video import TIFF_SUFFIXES, VIDEO_SUFFIXES

from .panel import Panel
from .study_region import StudyRegion, frame_of
from .study_tracks import StudyTracks

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_ubam.check import CheckReport

EMPTY = "Add videos, or open the CSV file of a study. Each row is one subject in one video."


class StudyPanel(Panel):
    """Table of the recordings.

    Parameters
    ----------
    napari_viewer : napari.Viewer
    """

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__(napari_viewer)
        self.table = StudyTable(self.session)
        self.table.setToolTip("Double-click the number of a row to show its recording. Ctrl+V pastes cells.")
        header = self.table.verticalHeader()
        if header is not None:
            header.sectionDoubleClicked.connect(self.show_row)
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.region = StudyRegion(self, napari_viewer, self.table, self._recording)
        self.tracks = StudyTracks(self, napari_viewer, self.table, self._recording)
        self._checking = self.worker()
        self._build()
        self.observe(self.session.study_changed, self.refresh)
        self.observe(self.session.agreement_changed, self._offer_run_study)
        self.refresh()

    def _build(self) -> None:
        add = button("Add videos …", "Choose videos, and add a row for each.", self.add_videos)
        remove = button("Remove", "Remove the selected rows. The video files stay.", self.remove_rows)
        show = button("Show", "Show the selected recording in the viewer.", self.show_selected)
        self.undo_button = button("Undo", "Undo the last change of the study (Ctrl+Z).", self.undo)
        self.column.addLayout(row(add, remove, show, self.undo_button))
        self.column.addWidget(self.summary)
        tip = "Replace this table by the study that the open run was scored with."
        self.take_run = button("Use the study of the run", tip, self.session.take_run_study)
        self.column.addWidget(self.take_run)
        self.column.addWidget(self.table, 1)
        self.all_columns = QCheckBox("All columns")
        self.all_columns.setToolTip("Show region, first and last frame, name and further columns, too.")
        self.all_columns.toggled.connect(self.table.show_all_columns)
        self.column.addWidget(self.all_columns)
        self.column.addWidget(self.region)
        self.column.addWidget(self.tracks)
        self.check = button(
            "Check videos", "Open every video, and list problems of the study.", self.check_videos
        )
        load = button("Open CSV …", "Open the CSV file of a study.", self.open_csv)
        save = button("Save CSV …", "Save the study as a CSV file.", self.save_csv)
        self.column.addLayout(row(load, save, self.check))
        self.found = CheckList()
        self.column.addWidget(self.found)

    def refresh(self) -> None:
        """Show the study of the session."""
        self.table.refresh()
        self.region.refresh()
        self.tracks.refresh()
        self.undo_button.setEnabled(self.session.draft.can_undo)
        self._offer_run_study()
        if self.found.compare(self.session.study):
            self.say("")  # the sentence about an earlier check
        study, faults = self.session.study, self.session.faults
        if not len(self.session.draft):
            self.summary.setText(EMPTY)
        elif study is None:
            whole = faults.get(-1, [])
            many = sum(map(len, faults.values()))
            first = whole[0] if whole else f"point at ⚠ to read {'it' if many == 1 else 'them'}."
            self.summary.setText(f"{counted(many, 'problem')}: {first}")
        else:
            groups = f", groups {', '.join(study.groups)}" if any(study.groups) else ""
            saved = "" if self.session.study_is_saved else "; not saved yet"
            who = f"{counted(len(study), 'recording')}, {counted(len(study.subjects), 'subject')}"
            self.summary.setText(f"{who}{groups}{saved}.")

    def _offer_run_study(self) -> None:
        self.take_run.setVisible(self.session.study_differs)

    # rows -------------------------------------------------------------------------------------------

    def add_videos(self, paths: list[Path] | None = None) -> None:
        """Add a row for each video.

        Parameters
        ----------
        paths : list of Path, optional
            Video files; by default a dialog asks for them.
        """
        if paths is None:
            kinds = " ".join(f"*{suffix}" for suffix in sorted(VIDEO_SUFFIXES | TIFF_SUFFIXES))
            names, _ = QFileDialog.getOpenFileNames(
                self, "Add videos", "", f"Videos and stacks ({kinds});;All files (*)"
            )
            paths = [Path(name) for name in names]
        added = self.session.draft.add_videos(paths)
        self.session.draft_edited()
        if len(added) < len(paths):
            self.say(f"Already in the study: {len(paths) - len(added)} of {counted(len(paths), 'video')}.")

    def remove_rows(self) -> None:
        """Remove the selected rows."""
        rows = self.table.chosen_rows()
        if not rows:
            self.say("Select the rows to remove first.")
            return
        self.session.draft.remove(rows)
        self.session.draft_edited()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Undo with Ctrl+Z, wherever the focus is in the panel; a field of text has its own undo."""
        if event is not None and event.matches(QKeySequence.StandardKey.Undo):
            self.undo()
        else:
            super().keyPressEvent(event)

    def undo(self) -> None:
        """Undo the last change of the rows, and select those that came back."""
        if not self.session.draft.can_undo:
            return
        changed = self.session.draft.undo()
        self.session.draft_edited()
        self.table.choose_rows(changed)

    def show_selected(self) -> None:
        """Show the recording of the current row."""
        self.show_row(self.table.currentIndex().row())

    def show_row(self, number: int) -> None:
        """Show the recording of a row in the viewer.

        Parameters
        ----------
        number : int
            Number of the row, from 0.
        """
        recording = self._recording(number)
        if recording is not None:
            self.link.show(recording.name, frame_of(self, recording))

    def _recording(self, number: int) -> Recording | None:
        """Give the recording of a row, or show what is missing."""
        if not 0 <= number < len(self.session.draft):
            self.say("Select a row first." if len(self.session.draft) else EMPTY)
            return None
        found = self.session.draft.recording(number)
        if found is None:
            self.say(" ".join(self.session.faults.get(number, ["Correct the row first."])))
        return found

    # files ------------------------------------------------------------------------------------------

    def open_csv(self, path: Path | None = None) -> None:
        """Open a study.

        Parameters
        ----------
        path : Path, optional
            CSV file; by default a dialog asks for it.
        """
        if path is None:
            name, _ = QFileDialog.getOpenFileName(self, "Open a study", "", "Tables (*.csv *.tsv *.txt)")
            path = Path(name) if name else None
        if path is None:
            return
        try:
            self.session.set_study(Study.from_csv(path))
        except (ValueError, OSError) as error:
            tell_error(error)

    def save_csv(self, path: Path | None = None) -> None:
        """Save the study.

        Parameters
        ----------
        path : Path, optional
            CSV file; by default a dialog asks for it.
        """
        study = self._valid_study()
        if study is None:
            return
        if path is None:
            name, _ = QFileDialog.getSaveFileName(
                self, "Save the study", self._usual_file(), "Tables (*.csv)"
            )
            path = Path(name) if name else None
        if path is None:
            return
        try:
            study.to_csv(path)
        except (ValueError, OSError) as error:
            tell_error(error)
            return
        self.session.saved_to(path)
        self.say(f"Saved to {path}.")

    def _usual_file(self) -> str:
        """Give the file to save to; never the run's own study, which tells what was scored."""
        path, run = self.session.study_path or Path("study.csv"), self.session.run_folder
        return str(run.parent / path.name if run is not None and path.parent == run else path)

    def _valid_study(self) -> Study | None:
        """Give the study if it has no faults, or show what is missing."""
        if self.session.study is None:
            self.say("Correct the rows marked with ⚠ first." if len(self.session.draft) else EMPTY)
        return self.session.study

    def check_videos(self) -> None:
        """Open every video in a thread, and list the problems."""
        study = self._valid_study()
        if study is None:
            return
        self.check.setEnabled(False)
        self.say("Checking the videos …")

        def work() -> CheckReport:
            from napari_ubam.check import check_study

            return check_study(study)

        self._checking.run(work, lambda report: self._show_report(report, study), self._show_failure)

    def _show_failure(self, error: BaseException) -> None:
        self.check.setEnabled(True)
        tell_error(error)

    def _show_report(self, report: CheckReport, study: Study) -> None:
        self.check.setEnabled(True)
        said = self.found.show_report(report, study)
        self.say("" if self.found.compare(self.session.study) else said)
