"""The region of a recording: drawn on its video, copied to other rows, or removed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QGroupBox, QLabel, QVBoxLayout

from napari_ubam.plugin.state.found_regions import whole_pictures
from napari_ubam.plugin.viewer.region_drawing import RegionDrawing
from napari_ubam.plugin.widgets import button, row
from napari_ubam.plugin.widgets.study_table import StudyTable
from napari_ubam.study import Recording, Roi

from .panel import Panel

if TYPE_CHECKING:
    from napari.viewer import Viewer

WHOLE = "Use the whole picture for the selected rows. It is kept: no training looks for another region."
NONE = "Remove the region of the selected rows. A training then looks for one where the picture moves."
NO_REGION = "no region; a training looks for one where the picture moves"
REPLACED = "A recording has one region: the new rectangle has replaced the old one."


class StudyRegion(QGroupBox):
    """Buttons for the regions of the study, and the region of the current row in words.

    Parameters
    ----------
    panel : Panel
        The panel that shows these buttons.
    viewer : napari.Viewer
    table : StudyTable
        Its current row is the one whose region is drawn.
    find : callable
        Gives the recording of a row, or shows what is missing.
    """

    def __init__(
        self, panel: Panel, viewer: Viewer, table: StudyTable, find: Callable[[int], Recording | None]
    ) -> None:
        super().__init__("Region of the selected rows")
        self._panel, self._table, self._find, self._session = panel, table, find, panel.session
        self._reading = panel.worker()
        self.drawing = RegionDrawing(viewer, self._take, lambda: panel.say(REPLACED))
        self.text = QLabel()
        self.text.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 10, 6, 6)
        draw = button("Draw", "Draw the region of the current row on its video.", self.draw)
        copy = button("Copy to all", "Copy the region of the current row to all rows.", self.copy)
        whole = button("Whole picture", WHOLE, self.use_whole)
        clear = button("No region", NONE, self.clear)
        column.addLayout(row(draw, copy))
        column.addLayout(row(whole, clear))
        column.addWidget(self.text)
        selection = table.selectionModel()
        if selection is not None:
            selection.currentChanged.connect(self._tell)

    def draw(self) -> None:
        """Let the user draw the region of the current row."""
        number = self._table.currentIndex().row()
        found = self._find(number)
        if found is None:
            return
        self._panel.say(
            f"Draw a rectangle around the subject in {found.name}. You can move and resize it later."
        )
        key = self._session.draft.key(number)
        self._panel.link.show(found.name, frame_of(self._panel, found), then=lambda: self._begin(key))

    def _begin(self, key: int) -> None:
        """Draw once the video is shown, if the row is still there."""
        number = self._session.draft.row_of(key)
        found = None if number is None else self._session.draft.recording(number)
        if found is not None:
            self.drawing.begin(key, found)

    def _take(self, key: int, roi: Roi | None) -> None:
        """Write the drawn region to its row, wherever the row is now."""
        number = self._session.draft.row_of(key)
        if number is not None:
            self._session.draft.set_roi([number], roi)
            self._session.draft_edited()

    def refresh(self) -> None:
        """Let the drawn region follow its row; it goes with the row."""
        self._tell()
        key = self.drawing.key
        if key is None:
            return
        number = self._session.draft.row_of(key)
        if number is None:
            self.drawing.end()
            return
        found = self._session.draft.recording(number)
        if found is not None:  # else the user is still typing
            self.drawing.follow(found)

    def copy(self) -> None:
        """Copy the region of the current row to all rows."""
        found = self._find(self._table.currentIndex().row())
        if found is None:
            return
        self._session.draft.set_roi(range(len(self._session.draft)), found.roi)
        self._session.draft_edited()

    def use_whole(self) -> None:
        """Make the whole picture the region of the selected rows. It is saved as any other region."""
        draft = self._session.draft
        chosen = {number: draft.recording(number) for number in self._table.chosen_rows()}
        found = {draft.key(number): one for number, one in chosen.items() if one is not None}
        if not found:
            self._panel.say("Select rows without problems first.")
            return
        self._panel.say("Reading the size of the pictures …")
        self._reading.run(lambda: whole_pictures(found), self._take_whole)

    def _take_whole(self, found: tuple[dict[int, Roi], str]) -> None:
        """Write the regions to their rows, wherever the rows are now."""
        regions, problem = found
        rows: dict[Roi | None, list[int]] = {}
        for key, roi in regions.items():
            number = self._session.draft.row_of(key)
            if number is not None:
                rows.setdefault(roi, []).append(number)
        self._session.draft.set_rois(rows)
        self._panel.say(problem)
        self._session.draft_edited()

    def clear(self) -> None:
        """Remove the region of the selected rows, so that a training looks for one."""
        self._session.draft.set_roi(self._table.chosen_rows(), None)
        self.drawing.end()
        self._session.draft_edited()

    def _tell(self, *_: object) -> None:
        """Say which part of the picture the current row uses."""
        number = self._table.currentIndex().row()
        if not 0 <= number < len(self._session.draft):
            self.text.setText("Select a row to see and change its region.")
            return
        roi = self._session.draft.roi(number)
        where = f"{roi.width} × {roi.height} pixels from x = {roi.x}, y = {roi.y}" if roi else NO_REGION
        self.text.setText(f"Row {number + 1}: {where}.")


def frame_of(panel: Panel, recording: Recording) -> int | None:
    """Give the frame that is shown of a recording, so that it stays.

    Parameters
    ----------
    panel : Panel
    recording : Recording

    Returns
    -------
    int or None
        None if another recording is shown.
    """
    here = panel.link.here()
    return here[1] if here is not None and here[0] == recording.name else None
