"""The recordings that a run knows, so that later a name is enough."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from napari_ubam.study import Recording, Study

from .errors import RunError

FILE = "study.csv"


def remember(folder: Path, recordings: Iterable[Recording]) -> None:
    """Note recordings in the run's ``study.csv``; those of the same name are replaced.

    Parameters
    ----------
    folder : Path
        Of the run.
    recordings : iterable of Recording
    """
    path = folder / FILE
    known = {one.name: one for one in (Study.from_csv(path, check_files=False) if path.is_file() else ())}
    before = dict(known)
    known |= {one.name: one for one in recordings}
    if known and known != before:
        folder.mkdir(parents=True, exist_ok=True)
        Study(known.values()).to_csv(path)


def known_study(folder: Path) -> Study:
    """Give the recordings that a run was trained on or has embedded.

    Raises
    ------
    RunError
        If it knows none.
    StudyError
        If its table cannot be read.
    """
    path = folder / FILE
    if not path.is_file():
        raise RunError(f"{folder} does not know its recordings; embed the study with this run once more.")
    return Study.from_csv(path, check_files=False)
