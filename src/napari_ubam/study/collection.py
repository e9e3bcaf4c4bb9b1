"""The study: a checked table of recordings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self, overload

from pydantic import ConfigDict, PrivateAttr, RootModel

from .export import cells, write_tracks
from .faults import Fault, StudyError, UnknownRecordingError
from .filters import select
from .parse import clashes, parse_rows
from .recording import OPTIONAL, REQUIRED, Recording
from .table import Row, check_header, known_column, read_table, write_table
from .values import absolute, listed, nearest, text_of

if TYPE_CHECKING:
    import pandas as pd  # takes as long to load as all the rest of this package


class Study(RootModel[tuple[Recording, ...]]):
    """Recordings of a study, each under its own name.

    A study is a sequence: ``len(study)``, ``for recording in study``, ``study[0]``; and
    ``study["rat1_day3"]`` is the recording of that name.

    Parameters
    ----------
    recordings : iterable of Recording
        At least one, no two of the same name. All get the same metadata names, empty where one
        had none.
    rows : sequence of int, optional
        Row that each recording came from; 0, 1, 2 where left out.
    path : Path, optional
        The table that the study came from.

    Raises
    ------
    StudyError
        With all faults.
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
            faults = clashes(items, rows) if items else [_EMPTY]
        if faults:
            raise StudyError(faults, path)
        super().__init__(_even(items))
        self._rows = rows
        self._path = path

    @classmethod
    def from_csv(cls, path: str | Path, *, check_files: bool = True) -> Self:
        """Read a study.

        Parameters
        ----------
        path : str or Path
            Table with the columns ``video, subject, group, session`` and, as needed, ``name, x, y,
            width, height, start, stop, fps, track, intervals``; others become metadata. Paths in it are
            relative to its folder.
        check_files : bool
            Whether a missing video is a fault. Tracks and interval tables are always read.

        Returns
        -------
        Study
            One recording a row, in the table's order.

        Raises
        ------
        StudyError
            With every fault of every row.
        """
        path = absolute(path)
        table = read_table(path, REQUIRED, OPTIONAL)
        return cls._parse(table.rows, path.parent, check_files, list(table.faults), path)

    @classmethod
    def from_dataframe(
        cls, frame: pd.DataFrame, folder: str | Path = ".", *, check_files: bool = True
    ) -> Self:
        """Make a study from a data frame with the columns of a study's table.

        Parameters
        ----------
        frame : pandas.DataFrame
            Missing values count as empty cells. Faults count its rows from 0.
        folder : str or Path
            Folder from which relative paths start.
        check_files : bool
            Whether a missing video is a fault.

        Returns
        -------
        Study
            One recording a row.

        Raises
        ------
        StudyError
            With every fault of every row.
        """
        columns = [known_column(str(name).strip(), (*REQUIRED, *OPTIONAL)) for name in frame.columns]
        check_header(columns, REQUIRED)
        rows = [
            Row(i, dict(zip(columns, map(text_of, values), strict=True)))
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
        """Write the study so that :meth:`from_csv` reads the same one.

        Parameters
        ----------
        path : str or Path
            Table to write. Tracks, and intervals read from a table, stay in their own files; a
            track that has none is written to the folder ``<stem>_tracks`` beside the table.
        relative : bool
            Write paths relative to the table where both lie on one drive, with forward slashes.

        Returns
        -------
        Path
            The table.
        """
        path = absolute(path)
        tracks = write_tracks(self.root, path.with_name(f"{path.stem}_tracks"))
        table = self._table(path.parent if relative else None, tracks)
        write_table(path, list(table), zip(*table.values(), strict=True))
        return path

    def to_dataframe(self) -> pd.DataFrame:
        """Table of the study as texts, paths absolute; a track that has no file is left out."""
        import pandas as pd

        return pd.DataFrame(self._table(None, {}), dtype=object)

    def _table(self, folder: Path | None, tracks: dict[str, Path]) -> dict[str, list[str]]:
        rows = [cells(recording, folder, tracks.get(recording.name)) for recording in self.root]
        optional = [name for name in OPTIONAL if any(row[name] for row in rows)]
        return {name: [row[name] for row in rows] for name in (*REQUIRED, *optional, *self.metadata_columns)}

    def select(self, expression: str) -> Self:
        """Choose the recordings that fulfil every condition, such as ``"group=healthy, session=0"``.

        Parameters
        ----------
        expression : str
            ``column=value`` over ``name``, ``subject``, ``group``, ``session`` and the metadata;
            several are parted by commas and must all hold.

        Returns
        -------
        Study
            At least one recording.

        Raises
        ------
        StudyError
            One sentence that lists what there is, where a column or value is unknown.
        """
        chosen = select(self.recordings, expression)
        rows = [self._rows[i] for i in chosen]
        return type(self)([self.root[i] for i in chosen], rows=rows, path=self._path)

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """All recordings, in the table's order."""
        return self.root

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the recordings."""
        return tuple(recording.name for recording in self.root)

    @property
    def subjects(self) -> tuple[str, ...]:
        """Subjects, each once, in the table's order."""
        return tuple(dict.fromkeys(recording.subject for recording in self.root))

    @property
    def groups(self) -> tuple[str, ...]:
        """Groups, each once, in the table's order."""
        return tuple(dict.fromkeys(recording.group for recording in self.root))

    @property
    def sessions(self) -> tuple[str, ...]:
        """Sessions, each once, in the table's order."""
        return tuple(dict.fromkeys(recording.session for recording in self.root))

    @property
    def metadata_columns(self) -> tuple[str, ...]:
        """Names of the further columns."""
        return tuple(self.root[0].metadata)

    @property
    def path(self) -> Path | None:
        """The table that the study came from, if any."""
        return self._path

    @property
    def rows(self) -> tuple[int, ...]:
        """Row of each recording: as a spreadsheet shows it, or from 0 where there is no file."""
        return self._rows

    def __len__(self) -> int:
        """Count the recordings."""
        return len(self.root)

    def __iter__(self) -> Iterator[Recording]:  # type: ignore[override]
        """Go through the recordings, in the table's order."""
        return iter(self.root)

    def __contains__(self, item: object) -> bool:
        """Whether there is a recording of that name, or this recording."""
        return item in self.names if isinstance(item, str) else item in self.root

    @overload
    def __getitem__(self, key: str | int) -> Recording: ...
    @overload
    def __getitem__(self, key: slice) -> tuple[Recording, ...]: ...
    def __getitem__(self, key: str | int | slice) -> Recording | tuple[Recording, ...]:
        """Get the recording of a name or place."""
        if not isinstance(key, str):
            return self.root[key]
        for recording in self.root:
            if recording.name == key:
                return recording
        near = nearest(key, self.names)
        remedy = f"did you mean {near[0]!r}?" if near else f"there are {listed(self.names)}"
        raise UnknownRecordingError([Fault(f"the study has no recording {key!r}", remedy)])

    def __eq__(self, other: object) -> bool:
        """Equal recordings in the same order, wherever they came from."""
        return self.root == other.root if isinstance(other, Study) else NotImplemented

    def __repr__(self) -> str:
        """Name the numbers rather than every recording."""
        return f"Study({len(self)} recordings, {len(self.subjects)} subjects, groups {listed(self.groups)})"

    __str__ = __repr__


def _recording(item: object, row: int, faults: list[Fault]) -> Recording | None:
    """Give the recording of an item, which may be its fields; None, and faults, where it is none."""
    if isinstance(item, Recording):
        return item
    if not isinstance(item, Mapping):
        faults.append(Fault(f"{item!r} is no recording", "give Recording objects or their fields", row))
        return None
    try:
        return Recording(**item)
    except StudyError as error:
        faults.extend(replace(fault, row=row) for fault in error.faults)
        return None


_EMPTY = Fault("the study has no recordings", "add one row for each recording below the header")


def _even(recordings: Sequence[Recording]) -> tuple[Recording, ...]:
    """Give all recordings the same metadata names in the same order."""
    names = list(dict.fromkeys(name for recording in recordings for name in recording.metadata))
    empty = dict.fromkeys(names, "")
    return tuple(
        r if list(r.metadata) == names else r.model_copy(update={"metadata": empty | r.metadata})
        for r in recordings
    )
