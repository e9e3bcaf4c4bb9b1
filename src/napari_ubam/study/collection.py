"""The study: a checked table of recordings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Self, overload

from pydantic import ConfigDict, PrivateAttr, RootModel

from napari_ubam.files import existing_form

from .export import cells, write_tracks
from .faults import Fault, StudyError, UnknownRecordingError
from .filters import select
from .numbers import clear_text, text_of
from .parse import duplicate_faults, parse_rows
from .recording import OPTIONAL, REQUIRED, Recording
from .table import Row, check_header, known_column, read_table, write_table
from .values import absolute, counted, listed, nearest

if TYPE_CHECKING:
    import pandas as pd  # slow to import, and only data frames need it


class Study(RootModel[tuple[Recording, ...]]):
    """Recordings of a study. Each has a unique name.

    A study is a sequence: ``len(study)``, ``for recording in study``, ``study[0]``. A recording can also be
    found by name: ``study["rat1_day3"]``.

    Parameters
    ----------
    recordings : iterable of Recording
        At least one. Names must be unique. All recordings get the same metadata columns; missing values are
        empty.
    rows : sequence of int, optional
        Table row of each recording. Default: 0, 1, 2, ...
    path : Path, optional
        Table from which the study was read.

    Raises
    ------
    StudyError
        If the recordings are not valid. The error lists all faults.
    """

    model_config = ConfigDict(frozen=True)

    _rows: tuple[int, ...] = PrivateAttr(default=())
    _path: Path | None = PrivateAttr(default=None)

    def __init__(
        self,
        recordings: Iterable[Recording],
        *,
        rows: Sequence[int] | None = None,
        path: Path | None = None,
    ) -> None:
        given = list(recordings)
        rows = tuple(range(len(given)) if rows is None else rows)
        faults: list[Fault] = []
        items = [item for i, one in enumerate(given) if (item := _recording(one, rows[i], faults))]
        if not faults:
            faults = duplicate_faults(items, rows) if items else [_EMPTY]
        if faults:
            raise StudyError(faults, path)
        super().__init__(_with_same_metadata(items))
        self._rows = rows
        self._path = path

    @classmethod
    def from_csv(cls, path: str | Path, *, check_files: bool = True) -> Self:
        """Read a study from a CSV file.

        Parameters
        ----------
        path : str or Path
            Table with the columns ``video, subject, group, session``. Optional columns are ``name, x, y,
            width, height, start, stop, fps, track, intervals, keypoints``. All other columns become metadata.
            Paths in the table are relative to its folder.
        check_files : bool
            Whether a missing video is a fault. Tracks and interval tables are always read.

        Returns
        -------
        Study
            One recording for each row, in the order of the table.

        Raises
        ------
        StudyError
            If the table is not valid. The error lists the faults of all rows.
        """
        path = existing_form(absolute(path))
        table = read_table(path, REQUIRED, OPTIONAL)
        return cls._parse(table.rows, path.parent, check_files, list(table.faults), path)

    @classmethod
    def from_dataframe(
        cls, frame: pd.DataFrame, folder: str | Path = ".", *, check_files: bool = True
    ) -> Self:
        """Create a study from a data frame with the columns of a study table.

        Parameters
        ----------
        frame : pandas.DataFrame
            Columns as in `from_csv`. Missing values count as empty cells. Faults number the rows from 0.
        folder : str or Path
            Folder to which relative paths refer.
        check_files : bool
            Whether a missing video is a fault.

        Returns
        -------
        Study
            One recording for each row.

        Raises
        ------
        StudyError
            If the table is not valid. The error lists the faults of all rows.
        """
        columns = [known_column(str(name).strip(), (*REQUIRED, *OPTIONAL)) for name in frame.columns]
        check_header(columns, REQUIRED)
        rows = [
            Row(i, dict(zip(columns, map(_cell, columns, values), strict=True)))
            for i, values in enumerate(frame.astype(object).itertuples(index=False, name=None))
        ]
        return cls._parse(rows, absolute(folder), check_files, [], None)

    @classmethod
    def _parse(
        cls, rows: Sequence[Row], folder: Path, check_files: bool, faults: list[Fault], path: Path | None
    ) -> Self:
        recordings, numbers, found = parse_rows(rows, folder, check_files)
        faults = sorted([*faults, *found], key=lambda fault: fault.row or 0) if rows else [_EMPTY]
        if faults:
            raise StudyError(faults, path)
        return cls(recordings, rows=numbers, path=path)

    def to_csv(self, path: str | Path, *, relative: bool = True) -> Path:
        """Write the study as a CSV file. :meth:`from_csv` reads back the same study.

        Parameters
        ----------
        path : str or Path
            Table to write. Tracks and interval tables stay in their own files. A track without a file is
            written to the folder ``<stem>_tracks`` next to the table.
        relative : bool
            Write paths relative to the table, with forward slashes, if both are on the same drive.

        Returns
        -------
        Path
            The table, as an absolute path.
        """
        path = absolute(path)
        tracks = write_tracks(self.root, path.with_name(f"{path.stem}_tracks"))
        table = self._table(path.parent if relative else None, tracks)
        write_table(path, list(table), zip(*table.values(), strict=True))
        return path

    def to_dataframe(self) -> pd.DataFrame:
        """Convert the study to a table of strings with absolute paths.

        Returns
        -------
        pandas.DataFrame
            One row for each recording. A track without a file is omitted.
        """
        import pandas as pd

        return pd.DataFrame(self._table(None, {}), dtype=object)

    def _table(self, folder: Path | None, tracks: dict[str, Path]) -> dict[str, list[str]]:
        rows = [cells(recording, folder, tracks.get(recording.name)) for recording in self.root]
        optional = [name for name in OPTIONAL if any(row[name] for row in rows)]
        return {name: [row[name] for row in rows] for name in (*REQUIRED, *optional, *self.metadata_columns)}

    def select(self, expression: str) -> Self:
        """Select the recordings that meet all conditions, such as ``"group=healthy, session=0"``.

        Parameters
        ----------
        expression : str
            Conditions ``column=value``, separated by commas. Columns are ``name``, ``subject``, ``group``,
            ``session`` and the metadata.

        Returns
        -------
        Study
            At least one recording.

        Raises
        ------
        StudyError
            If a column or value is unknown, or no recording meets all conditions.
        """
        chosen = select(self.recordings, expression)
        rows = [self._rows[i] for i in chosen]
        return type(self)([self.root[i] for i in chosen], rows=rows, path=self._path)

    def without(self, names: str | Iterable[str]) -> Self:
        """Return the study without some recordings.

        Parameters
        ----------
        names : str or iterable of str
            Names of the recordings to remove.

        Returns
        -------
        Study
            The other recordings, at least one, in the same order.

        Raises
        ------
        UnknownRecordingError
            If the study has no recording of such a name.
        StudyError
            If no recording is left.
        """
        removed = {self[name].name for name in ([names] if isinstance(names, str) else names)}
        kept = [i for i, recording in enumerate(self.root) if recording.name not in removed]
        if not kept:
            raise StudyError([Fault("no recording is left", "keep at least one recording of the study")])
        return type(self)([self.root[i] for i in kept], rows=[self._rows[i] for i in kept], path=self._path)

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """All recordings, in the order of the table."""
        return self.root

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the recordings."""
        return tuple(recording.name for recording in self.root)

    @property
    def subjects(self) -> tuple[str, ...]:
        """Unique subjects, in the order of the table."""
        return tuple(dict.fromkeys(recording.subject for recording in self.root))

    @property
    def groups(self) -> tuple[str, ...]:
        """Unique groups, in the order of the table."""
        return tuple(dict.fromkeys(recording.group for recording in self.root))

    @property
    def sessions(self) -> tuple[str, ...]:
        """Unique sessions, in the order of the table."""
        return tuple(dict.fromkeys(recording.session for recording in self.root))

    @property
    def metadata_columns(self) -> tuple[str, ...]:
        """Names of the metadata columns."""
        return tuple(self.root[0].metadata)

    @property
    def path(self) -> Path | None:
        """Table from which the study was read, None if there is none."""
        return self._path

    @property
    def rows(self) -> tuple[int, ...]:
        """Row number of each recording: as in a spreadsheet, or from 0 if the study has no file."""
        return self._rows

    def __len__(self) -> int:
        """Return the number of recordings."""
        return len(self.root)

    def __iter__(self) -> Iterator[Recording]:  # type: ignore[override]
        """Iterate over the recordings, in the order of the table."""
        return iter(self.root)

    def __contains__(self, item: object) -> bool:
        """Whether the study has this recording, or a recording with this name."""
        return text_of(item) in self.names if isinstance(item, str) else item in self.root

    @overload
    def __getitem__(self, key: str | int) -> Recording: ...
    @overload
    def __getitem__(self, key: slice) -> tuple[Recording, ...]: ...
    def __getitem__(self, key: str | int | slice) -> Recording | tuple[Recording, ...]:
        """Return a recording by name or position."""
        if not isinstance(key, str):
            return self.root[key]
        name = text_of(key)
        for recording in self.root:
            if recording.name == name:
                return recording
        near = nearest(key, self.names)
        remedy = f"did you mean {near[0]!r}?" if near else f"it has {listed(self.names)}"
        raise UnknownRecordingError([Fault(f"the study has no recording {key!r}", remedy)])

    def __eq__(self, other: object) -> bool:
        """Whether the recordings and their order are equal. Rows and path do not count."""
        return self.root == other.root if isinstance(other, Study) else NotImplemented

    def __repr__(self) -> str:
        """Summarise the study."""
        amounts = f"{counted(len(self), 'recording')}, {counted(len(self.subjects), 'subject')}"
        return f"Study({amounts}, groups {listed(self.groups)})"

    __str__ = __repr__


def _cell(column: str, value: object) -> str:
    if column == "fps" and isinstance(value, float) and isfinite(value):
        return clear_text(value)  # a float has one reading, but its text 1.024 has two
    return text_of(value)


def _recording(item: object, row: int, faults: list[Fault]) -> Recording | None:
    """Convert a recording or its fields to a recording. On failure, append to ``faults`` and return None."""
    if isinstance(item, Recording):
        return item
    if not isinstance(item, Mapping):
        faults.append(Fault(f"{item!r} is not a recording", "use Recording objects or their fields", row))
        return None
    try:
        return Recording(**item)
    except StudyError as error:
        faults.extend(replace(fault, row=row) for fault in error.faults)
        return None


_EMPTY = Fault("the study has no recordings", "add one row for each recording below the header")


def _with_same_metadata(recordings: Sequence[Recording]) -> tuple[Recording, ...]:
    """Give all recordings the same metadata columns in the same order."""
    names = list(dict.fromkeys(name for recording in recordings for name in recording.metadata))
    empty = dict.fromkeys(names, "")
    return tuple(
        r if list(r.metadata) == names else r.model_copy(update={"metadata": empty | r.metadata})
        for r in recordings
    )
