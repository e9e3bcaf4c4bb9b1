"""Subjects that move: find them, look at their tracks, correct these, and use them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QComboBox, QGroupBox, QLabel, QVBoxLayout

from napari_ubam.jobs import JobError
from napari_ubam.plugin.viewer.track_drawing import TrackDrawing
from napari_ubam.plugin.viewer.worker import tell_error
from napari_ubam.plugin.widgets import JobBox, button, row
from napari_ubam.plugin.widgets.study_table import StudyTable
from napari_ubam.study import Recording
from napari_ubam.study.values import counted

from .panel import Panel
from .study_region import frame_of

if TYPE_CHECKING:
    from napari.viewer import Viewer

POLL_MS = 200
FIND = "Find the subject in each frame of the selected rows, or of all rows if at most one is selected."
SHOW = (
    "Show the box of each frame over the video. Drag or turn it to correct this frame; nearby frames follow."
)
NEXT = "Go to the next frame in which the box is unsure, or that follows a gap."
TURN = "Exchange head and tail here, as far as they seem to be wrong."
UNDO = "Take back the last correction of this track."
USE = "Write the tracks into the rows. Crops then follow the subjects, and regions are removed."
EXPLAIN = "For an animal that moves through the picture before a still camera."
ALIGN = {"heading": "Crops turn with it", "position": "Crops stay upright"}


class StudyTracks(QGroupBox):
    """Buttons for subjects that move, and in words what was found.

    Parameters
    ----------
    panel : Panel
        The panel that shows these buttons.
    viewer : napari.Viewer
    table : StudyTable
        Its selected rows are those whose subjects are looked for.
    find : callable
        Gives the recording of a row, or shows what is missing.
    """

    def __init__(
        self, panel: Panel, viewer: Viewer, table: StudyTable, find: Callable[[int], Recording | None]
    ) -> None:
        super().__init__("Subjects that move")
        self._panel, self._table, self._find, self._session = panel, table, find, panel.session
        self._tracks = panel.session.tracks
        self.drawing = TrackDrawing(viewer, self._correct)
        self._build()
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._tracks.poll)
        panel.observe(self._tracks.job_changed, self._job_changed)
        panel.observe(self._tracks.job_ended, self._job_ended)
        panel.observe(self._tracks.changed, self._track_changed)
        self._job_changed()
        self.refresh()

    def _build(self) -> None:
        self.find_button = button("Find subject", FIND, self.find_subjects)
        self.align = QComboBox()
        self.align.setToolTip("Whether the subject always faces right in its crops.")
        for value, text in ALIGN.items():
            self.align.addItem(text, value)
        self.job_box = JobBox(self._tracks, ("track",))
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.show_button = button("Show track", SHOW, self.show_track)
        self.next_button = button("Next uncertain place", NEXT, self.go_to_next)
        self.turn_button = button("Turn around", TURN, self.turn_around)
        self.undo_button = button("Undo correction", UNDO, self.undo)
        self.use_button = button("Use these tracks", USE, self.use)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 10, 6, 6)
        column.addLayout(row(self.find_button, self.align))
        column.addWidget(self.job_box)
        column.addWidget(self.text)
        column.addLayout(row(self.show_button, self.next_button))
        column.addLayout(row(self.turn_button, self.undo_button))
        column.addWidget(self.use_button)

    # finding ----------------------------------------------------------------------------------------

    def find_subjects(self) -> None:
        """Look for the subjects in a process of its own."""
        draft, chosen = self._session.draft, self._table.chosen_rows()
        rows = chosen if len(chosen) > 1 else range(len(draft))
        found = [draft.recording(number) for number in rows]
        given = [one for one in found if one is not None]
        if not given:
            self._panel.say(
                "Add videos first." if not len(draft) else "Correct the rows marked with ⚠ first."
            )
            return
        try:
            left_out = self._tracks.find(given, self._session.study_path, str(self.align.currentData()))
        except (JobError, ValueError, OSError) as error:
            tell_error(error)
            return
        faulty = len(found) - len(given)
        said = f"{counted(faulty, 'row')} with problems left out. " if faulty else ""
        said += f"{counted(left_out, 'recording')} with a track of your own left out." if left_out else ""
        self._panel.say(said.strip())

    def _job_changed(self) -> None:
        self.job_box.update_job()
        self.find_button.setEnabled(not self._tracks.is_working)
        if self._tracks.is_working != self._timer.isActive():
            (self._timer.start if self._tracks.is_working else self._timer.stop)()

    def _job_ended(self, _: str, status: str) -> None:
        if status != "done":
            return
        try:
            self._tracks.read()
        except (ValueError, OSError) as error:
            tell_error(error)

    # looking and correcting -------------------------------------------------------------------------

    def show_track(self) -> None:
        """Show the track of the current row over its video."""
        found = self._with_track(self._table.currentIndex().row())
        if found is not None:
            frame = frame_of(self._panel, found)
            self._panel.link.show(found.name, frame, then=lambda: self._begin(found))

    def _begin(self, recording: Recording) -> None:
        known, image = self._tracks.of(recording), self._panel.link.layer_of(recording)
        if known is not None and image is not None:
            self.drawing.begin(recording, known.stored, image, turned=known.align == "heading")
            self.refresh()

    def _with_track(self, number: int) -> Recording | None:
        """Give the recording of a row that has a track, or say that there is none."""
        found = self._find(max(number, 0))
        if found is None:
            return None
        try:
            known = self._tracks.of(found)
        except (ValueError, OSError) as error:
            tell_error(error)
            return None
        if known is None:
            self._panel.say(f"{found.name} has no track yet; press Find subject first.")
            return None
        return found

    def _shown(self) -> Recording | None:
        """Give the recording whose track is shown, or say that none is."""
        found = self._session.find_recording(self.drawing.name) if self.drawing.is_shown else None
        if found is None:
            self._panel.say("Show a track first.")
        return found

    def _track_changed(self, name: str) -> None:
        """Show the box as it is now; a track that a row uses is read again."""
        shown = self._session.find_recording(self.drawing.name)
        known = self._tracks.of(shown) if shown is not None and name in ("", shown.name) else None
        if known is not None:
            self.drawing.show(known.stored)
        if name:
            self._session.draft_edited()
        self.refresh()

    def _correct(self, frame: int, centre: tuple[float, float], heading: float | None) -> None:
        recording = self._session.find_recording(self.drawing.name)
        if recording is not None:
            self._change(lambda: self._tracks.correct(recording, frame, centre, heading))

    def turn_around(self) -> None:
        """Exchange head and tail around the frame that is shown."""
        recording = self._shown()
        if recording is not None:
            self._change(lambda: self._tracks.turn_around(recording, self.drawing.frame))

    def undo(self) -> None:
        """Take back the last correction of the track that is shown."""
        recording = self._shown()
        if recording is not None:
            self._change(lambda: self._tracks.undo(recording))

    def _change(self, change: Callable[[], object]) -> None:
        try:
            change()
        except OSError as error:
            tell_error(error)

    def go_to_next(self) -> None:
        """Go to the next frame of the shown track that is worth a look."""
        recording = self._shown()
        if recording is None:
            return
        place = self._tracks.next_doubtful(recording, self.drawing.frame)
        if place is None:
            self._panel.say(f"The track of {recording.name} has no uncertain place.")
            return
        self._panel.link.show(recording.name, place[0])
        self._panel.say(f"Uncertain place {place[1]} of {place[2]} in {recording.name}.")

    # using ------------------------------------------------------------------------------------------

    def use(self) -> None:
        """Write the tracks into the rows of the study."""
        said = self._tracks.take(self._session.draft)
        self._session.draft_edited()
        self._panel.say(said)

    def refresh(self) -> None:
        """Say what was found, and whether the rows use it."""
        waiting = len(self._tracks.proposed(self._session.draft))
        self.use_button.setEnabled(waiting > 0)
        for one in (self.next_button, self.turn_button, self.undo_button):
            one.setEnabled(self.drawing.is_shown)
        many = counted(waiting, "recording")
        self.text.setText(f"Found and not used yet: tracks of {many}. Look first." if waiting else EXPLAIN)
