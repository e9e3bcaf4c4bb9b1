"""Find the videos of a run again after they were moved or renamed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from napari_ubam.embedding.codes import store_of
from napari_ubam.files import write_atomic
from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled, silent
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.paths import STUDY
from napari_ubam.study import Study
from napari_ubam.study.intervals import is_table
from napari_ubam.study.values import counted
from napari_ubam.video import VideoError, open_video

COLUMNS = ("video", "track", "keypoints", "intervals")


@dataclass
class Relocation:
    """What was found.

    Parameters
    ----------
    found : dict of str to Path
        New path of each file, by its old path as it stood in the study of the run.
    problems : list of str
        A sentence for each file that is still missing.
    kept : int
        Number of files that are where they were.
    """

    found: dict[str, Path] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    kept: int = 0


def relocate(
    folder: Path, place: Path, *, progress: ProgressCallback | None = None, cancel: Cancel | None = None
) -> Relocation:
    """Search a folder for the files that the study of a run misses, and write their new paths into it.

    A video is recognised by its content, if its recording was embedded: first among files of its name, then
    among all of its kind. Otherwise, and for tracks, key points and intervals, the name must occur once.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    place : Path
        Folder in which the files are now, with its folders.
    progress : callable, optional
        Called with the progress of the stage ``"relocate"``.
    cancel : object with ``is_set()``, optional
        Stops the work when set. Nothing is written then.

    Returns
    -------
    Relocation

    Raises
    ------
    RunError
        If the run has no study, or there is no such folder.
    StudyError
        If the study of the run has other faults.
    Cancelled
        When ``cancel`` is set.
    """
    path, tell = folder / STUDY, progress or silent
    if not path.is_file():
        raise RunError(f"{folder} does not know its recordings; embed the study with this run once more.")
    if not place.is_dir():
        raise RunError(f"{place} is no folder; name the folder in which the videos are now.")
    table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    search, done = _Search(place.resolve(), cancel), Relocation()
    cells = [(row, column) for row in range(len(table)) for column in COLUMNS if _is_path(table, row, column)]
    for number, (row, column) in enumerate(cells):
        old = str(table.at[row, column])
        tell(Progress("relocate", number, len(cells), detail=_name_in(old)))
        if (path.parent / old).exists():
            done.kept += 1
            continue
        name = _recording(table, row)
        fingerprint = store_of(folder).fingerprint(name) if column == "video" else ""
        new, problem = search.find(old, fingerprint)
        if new is None:
            done.problems.append(f"{name}: {problem}")
            continue
        done.found[old] = new
        table.at[row, column] = str(new)
        if column == "video" and name != new.stem:
            table = table if "name" in table else table.assign(name="")
            table.at[row, "name"] = name  # codes and scores are kept under it
    tell(Progress("relocate", len(cells), len(cells)))
    if done.found and not done.problems:
        Study.from_dataframe(table, folder=path.parent, check_files=False).to_csv(path)
    elif done.found:  # what is still missing stays as it was written, for the next search
        write_atomic(path, table.to_csv(index=False).encode())
    return done


def _is_path(table: pd.DataFrame, row: int, column: str) -> bool:
    cell = str(table.at[row, column]) if column in table else ""
    return bool(cell) and (column != "intervals" or is_table(cell))


def _recording(table: pd.DataFrame, row: int) -> str:
    named = str(table.at[row, "name"]) if "name" in table else ""
    return named or Path(_name_in(str(table.at[row, "video"]))).stem


def _name_in(path: str) -> str:
    """Name of the file in a path of this or another system."""
    return re.split(r"[\\/]", path.rstrip("\\/"))[-1]


class _Search:
    """Searches the files of a folder; its tree is read once."""

    def __init__(self, place: Path, cancel: Cancel | None) -> None:
        self._place, self._cancel = place, cancel
        self._paths = sorted(path for path in place.rglob("*") if not path.name.startswith("."))
        self._fingerprints: dict[Path, str] = {}

    def find(self, old: str, fingerprint: str) -> tuple[Path | None, str]:
        """Find a file by its content and name; otherwise say why it is not found."""
        name = _name_in(old)
        named = [path for path in self._paths if path.name.casefold() == name.casefold()]
        if fingerprint:
            match = next(self._alike([*named, *self._of_kind(name, named)], fingerprint), None)
            if match is not None:
                return match, ""
            if named:
                other = "has another content" if len(named) == 1 else "have another content"
                where = f"{counted(len(named), 'file')} of this name in {self._place} {other}"
                return None, f"{name} is not found: {where} than the video that was embedded."
        elif len(named) == 1:
            return named[0], ""
        elif named:
            return None, (
                f"there are {len(named)} files {name} in {self._place}; name the folder of the right one."
            )
        return (
            None,
            f"{name} is not in {self._place}; search another folder, or correct the study of the run.",
        )

    def _of_kind(self, name: str, tried: list[Path]) -> Iterator[Path]:
        ending = Path(name).suffix.casefold()
        return (path for path in self._paths if path.suffix.casefold() == ending and path not in tried)

    def _alike(self, paths: list[Path], fingerprint: str) -> Iterator[Path]:
        for path in paths:
            check_cancelled(self._cancel)
            if path not in self._fingerprints:
                try:
                    with open_video(path, warn=False) as video:
                        self._fingerprints[path] = video.fingerprint
                except (VideoError, OSError):
                    self._fingerprints[path] = ""
            if self._fingerprints[path] == fingerprint:
                yield path
