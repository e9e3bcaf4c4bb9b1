"""The regions that were found for a run, kept in its folder so that later commands use the same ones."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from napari_ubam.files import write_atomic
from napari_ubam.progress import Cancel, Progress, ProgressCallback, silent
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.paths import REGIONS, TRAINING_REGIONS
from napari_ubam.study import Recording, Study
from napari_ubam.study.values import counted

from .regions import FoundRegions, find_regions, lacks_region

Recordings = TypeVar("Recordings", bound=Iterable[Recording])


def read_regions(folder: Path, name: str = REGIONS) -> FoundRegions | None:
    """Read the regions that were found for a run.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    name : str
        Name of the file.

    Returns
    -------
    FoundRegions or None
        None if the run was trained on whole pictures.

    Raises
    ------
    RunError
        If the file is damaged.
    """
    path = folder / name
    if not path.is_file():
        return None
    try:
        return FoundRegions.model_validate_json(path.read_bytes())
    except ValidationError:
        raise RunError(f"{path} is damaged; train again, or draw the regions in the study.") from None


def study_for_training(
    study: Study,
    folder: Path,
    *,
    whole_frame: bool,
    resume: bool,
    progress: ProgressCallback = silent,
    cancel: Cancel | None = None,
) -> Study:
    """Find the regions for a training, and give them to the recordings without one.

    Parameters
    ----------
    study : Study
    folder : Path
        Folder of the run. The regions count for the run when `keep_regions` is called.
    whole_frame : bool
        Find none.
    resume : bool
        Use the regions of the training that is resumed.
    progress : callable
        Called for each recording, with the stage ``"regions"``, and with a sentence about the result.
    cancel : Cancel, optional
        Stops the search.

    Returns
    -------
    Study

    Raises
    ------
    RunError
        If regions of an earlier start are damaged.
    Cancelled
        If ``cancel`` is set.
    """
    before = (read_regions(folder, TRAINING_REGIONS) or read_regions(folder)) if resume else None
    if whole_frame or (resume and before is None) or not any(lacks_region(one) for one in study):
        if not resume:
            (folder / TRAINING_REGIONS).unlink(missing_ok=True)
        return study
    found = find_regions(study, before, progress, cancel)
    write_atomic(folder / TRAINING_REGIONS, found.model_dump_json(indent=1).encode())
    lacking = [one for one in study if lacks_region(one)]
    count = sum(found.of(one) != one for one in lacking)
    if count:
        left = len(lacking) - count
        sentence = f"Found the region of {counted(count, 'recording')} from where the picture moves."
        if left:
            sentence += (
                f" {counted(left, 'recording')} moved in another way, so the whole frame is used there."
            )
    else:
        sentence = "The subjects move through most of the picture, so the whole frame is used."
    progress(Progress("regions", len(study), len(study), message=sentence))
    return _with(found, study)


def keep_regions(folder: Path) -> None:
    """Make the regions of the training those of the run.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    """
    fresh = folder / TRAINING_REGIONS
    if fresh.is_file():
        fresh.replace(folder / REGIONS)
    else:
        (folder / REGIONS).unlink(missing_ok=True)


def with_found_regions(
    folder: Path,
    recordings: Recordings,
    *,
    find: bool = False,
    progress: ProgressCallback = silent,
    cancel: Cancel | None = None,
) -> Recordings:
    """Give recordings without a region the one that was found for the run.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    recordings : Study or list of Recording
    find : bool
        Find the regions of recordings that are new to the run, and keep them.
    progress, cancel : optional
        As `find_regions` takes them.

    Returns
    -------
    Study or list of Recording
        As it was if the run was trained on whole pictures.

    Raises
    ------
    RunError
        If the regions of the run are damaged.
    Cancelled
        If ``cancel`` is set.
    """
    found = read_regions(folder)
    if found is None:
        return recordings
    if find and any(found.lacks(one) for one in recordings):
        found = find_regions(recordings, found, progress, cancel)
        with suppress(OSError):  # a folder that cannot be written is refused where codes are written
            write_atomic(folder / REGIONS, found.model_dump_json(indent=1).encode())
    return _with(found, recordings)


def _with(found: FoundRegions, recordings: Recordings) -> Recordings:
    changed = [found.of(one) for one in recordings]
    if isinstance(recordings, Study):
        return type(recordings)(changed, rows=recordings.rows, path=recordings.path)
    return type(recordings)(changed)  # type: ignore[call-arg]
