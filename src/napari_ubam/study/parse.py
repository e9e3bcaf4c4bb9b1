"""Convert the rows of a study table to recordings, and collect all faults."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from .faults import Fault, StudyError
from .geometry import Roi, Track
from .intervals import is_table, parse_intervals, read_intervals
from .recording import OPTIONAL, REQUIRED, ROI_COLUMNS, Recording
from .table import Row
from .values import folder_key, missing_file, resolve, safe_name

T = TypeVar("T")


def parse_rows(
    rows: Sequence[Row], folder: Path, check_files: bool
) -> tuple[list[Recording], list[int], list[Fault]]:
    """Convert the rows of a study table to recordings.

    Parameters
    ----------
    rows : sequence of Row
        Rows with the columns of a study.
    folder : Path
        Folder to which relative paths refer.
    check_files : bool
        Whether a missing video is a fault.

    Returns
    -------
    recordings : list of Recording
        Recordings of the valid rows.
    numbers : list of int
        Row number of each recording.
    faults : list of Fault
        Faults of all rows, including duplicate recordings, in the order of the rows.
    """
    recordings: list[Recording] = []
    numbers: list[int] = []
    faults: list[Fault] = []
    for row in rows:
        recording = _RowParser(row, folder, check_files, faults).recording()
        if recording is not None:
            recordings.append(recording)
            numbers.append(row.number)
    faults.extend(duplicate_faults(recordings, numbers))
    faults.sort(key=lambda fault: fault.row or 0)
    return recordings, numbers, faults


class _RowParser:
    """Parser of one row. It appends to the list of faults that all rows share."""

    def __init__(self, row: Row, folder: Path, check_files: bool, faults: list[Fault]) -> None:
        self.row, self.folder, self.check_files, self.faults = row, folder, check_files, faults

    def recording(self) -> Recording | None:
        before = len(self.faults)
        cells = self.row.cells
        fields: dict[str, Any] = {name: cells[name] for name in REQUIRED[1:]}
        fields |= {name: cells[name] for name in ("name", "start", "stop", "fps", "align") if cells.get(name)}
        known = {*REQUIRED, *OPTIONAL}
        fields["metadata"] = {name: cell for name, cell in cells.items() if name not in known}
        fields["roi"] = self._roi()
        fields["track"] = self._track()
        fields["intervals"], fields["intervals_path"] = self._intervals()
        fields["keypoints"] = self._keypoints()
        fields["video"] = self._video()
        try:
            recording = Recording(**fields)
        except StudyError as error:
            self._extend(error)
            return None
        return recording if len(self.faults) == before else None

    def _extend(self, error: StudyError) -> None:
        self.faults.extend(replace(fault, row=self.row.number) for fault in error.faults)

    def _fault(self, column: str, problem: str, remedy: str) -> None:
        self.faults.append(Fault(problem, remedy, self.row.number, column))

    def _video(self) -> Path:
        cell = self.row.cells["video"]
        if not cell:
            self._fault("video", "the cell is empty", "enter the path of the video, relative to the study")
            return self.folder / "unnamed"  # then the other columns of the row are still checked
        path = resolve(cell, self.folder)
        absent = missing_file(path, self.row.number, "video") if self.check_files else None
        if absent:
            self.faults.append(absent)
        return path

    def _roi(self) -> Roi | None:
        given = {name: self.row.cells[name] for name in ROI_COLUMNS if self.row.cells.get(name)}
        if not given:
            return None
        absent = [name for name in ROI_COLUMNS if name not in given]
        if absent:
            problem = f"the region has {' and '.join(given)} but not {' and '.join(absent)}"
            self._fault(absent[0], problem, "fill in all of x, y, width and height, or none")
            return None
        try:
            return Roi(**given)
        except StudyError as error:
            self._extend(error)
            return None

    def _track(self) -> Track | None:
        cell = self.row.cells.get("track", "")
        return self._table("track", cell, Track.from_csv) if cell else None

    def _intervals(self) -> tuple[tuple[Any, ...], Path | None]:
        cell = self.row.cells.get("intervals", "")
        if is_table(cell):
            found = self._table("intervals", cell, read_intervals)
            return (found or ()), resolve(cell, self.folder)
        try:
            return parse_intervals(cell), None
        except StudyError as error:
            for fault in error.faults:
                self._fault("intervals", fault.problem, fault.remedy)
            return (), None

    def _keypoints(self) -> Path | None:
        cell = self.row.cells.get("keypoints", "")
        if not cell:
            return None
        path = resolve(cell, self.folder)
        absent = missing_file(path, self.row.number, "keypoints") if self.check_files else None
        if absent:
            self.faults.append(absent)
        return path

    def _table(self, column: str, cell: str, read: Callable[[Path], T]) -> T | None:
        path = resolve(cell, self.folder)
        absent = missing_file(path, self.row.number, column)
        if absent:
            self.faults.append(absent)
            return None
        try:
            return read(path)
        except StudyError as error:
            for fault in error.faults:
                place = f"row {fault.row}" if fault.row else ""
                place += f"{', ' if place else ''}column {fault.column}" if fault.column else ""
                where = f"{path.name}{', ' if place else ''}{place}"
                self._fault(column, f"in {where}, {fault.problem}", fault.remedy)
            return None


def duplicate_faults(recordings: Sequence[Recording], rows: Sequence[int]) -> list[Fault]:
    """Find duplicates: equal names, or the same frames of the same region.

    Parameters
    ----------
    recordings : sequence of Recording
        Valid recordings.
    rows : sequence of int
        Row number of each recording.

    Returns
    -------
    list of Fault
        One for each duplicate. It is placed at the later row and names the earlier one.
    """
    faults: list[Fault] = []
    names: dict[str, int] = {}
    same: dict[tuple[Any, ...], list[int]] = {}
    for i, recording in enumerate(recordings):
        first = names.setdefault(folder_key(recording.name), i)
        place = os.path.normcase(os.path.realpath(recording.video))
        others = same.setdefault((place, recording.roi, recording.track), [])
        twice = next((j for j in others if _overlap(recordings[j], recording)), None)
        if twice is not None:
            problem = f"row {rows[twice]} has the same frames of {recording.video.name} and the same region"
            remedy = "remove one row, or enter x, y, width and height of each subject"
            faults.append(Fault(problem, remedy, rows[i], "video"))
        elif first != i:
            faults.append(_equal_names(recordings, rows, first, i))
        others.append(i)
    return faults


def _overlap(a: Recording, b: Recording) -> bool:
    ends = [float("inf") if r.stop is None else r.stop for r in (a, b)]
    return (a.start or 0) < ends[1] and (b.start or 0) < ends[0]


def _equal_names(recordings: Sequence[Recording], rows: Sequence[int], first: int, i: int) -> Fault:
    name, other = recordings[i].name, recordings[first].name
    spelling = "" if name == other else f" (written {other!r}, which is the same folder on Windows and macOS)"
    example = safe_name(f"{recordings[i].subject}_{name}")
    remedy = f"enter a unique name in the column name, such as {example!r}"
    return Fault(f"row {rows[first]} also has the name {name!r}{spelling}", remedy, rows[i], "name")
