"""The recordings that a run knows, so that later a name is enough."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from napari_ubam.runfolder.paths import STUDY
from napari_ubam.study import Recording, Study, StudyError

from .errors import RunError


def add_recordings(folder: Path, recordings: Iterable[Recording]) -> None:
    """Note recordings in the run's ``study.csv``; those of the same name are replaced.

    Parameters
    ----------
    folder : Path
        Of the run.
    recordings : iterable of Recording
    """
    new = {one.name: one for one in recordings}
    try:
        before = {one.name: one for one in read_recordings(folder)}
    except (RunError, StudyError, OSError):  # none yet, or its tracks are gone: what is asked for now counts
        before = {}
    known = before | new
    if not new or known == before:
        return
    folder.mkdir(parents=True, exist_ok=True)
    try:
        whole = Study(known.values())
    except StudyError:  # a recording was given another name
        whole = Study(new.values())
    whole.to_csv(folder / STUDY)


def read_recording(folder: Path, name: str) -> Recording:
    """Give a recording that a run knows.

    Raises
    ------
    RunError
        If it knows none of that name.
    """
    study = read_recordings(folder)
    if name not in study.names:
        raise RunError(
            f"The run {folder} does not know the recording {name!r}; choose one of {', '.join(study.names)}."
        )
    return study[name]


def read_recordings(folder: Path) -> Study:
    """Give the recordings that a run was trained on or has embedded.

    Raises
    ------
    RunError
        If it knows none.
    StudyError
        If its table cannot be read.
    """
    path = folder / STUDY
    if not path.is_file():
        raise RunError(f"{folder} does not know its recordings; embed the study with this run once more.")
    return Study.from_csv(path, check_files=False)
