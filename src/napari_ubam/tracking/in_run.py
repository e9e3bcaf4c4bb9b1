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
from napari_ubam.study.values import counted, listed

from .regions import FoundRegions, find_regions, key_of, lacks_region

ALL_DRAWN = (
    "The model was trained on regions that were drawn, so none is looked for: the whole frame is used of {}; "
    "draw the region, around as much of the body as in the others."
)
MIXED = (
    " {} a region that was drawn, and the regions that were found are not placed like it, so subjects can "
    "appear at another size; draw the regions of all recordings, or of none."
)

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
        None if the run has none: an older version trained it, on the regions of the study or whole pictures.

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


def regions_for_training(
    study: Study,
    folder: Path,
    *,
    whole_frame: bool,
    resume: bool,
    progress: ProgressCallback = silent,
    cancel: Cancel | None = None,
) -> FoundRegions:
    """Find the regions for a training. Nothing is written.

    Parameters
    ----------
    study : Study
    folder : Path
        Folder of the run.
    whole_frame : bool
        Find none: the whole picture of recordings without a region is used, also of later ones.
    resume : bool
        Use the regions of the training that is resumed.
    progress : callable
        Called for each recording, with the stage ``"regions"``, and with a sentence about the result.
    cancel : Cancel, optional
        Stops the search.

    Returns
    -------
    FoundRegions
        For `start_regions`, and with `FoundRegions.of` for each recording.

    Raises
    ------
    RunError
        If regions of an earlier training are damaged.
    Cancelled
        If ``cancel`` is set.
    """
    lacking = [one for one in study if lacks_region(one)]
    whole = FoundRegions(regions={key_of(one): None for one in lacking})
    before = read_regions(folder, TRAINING_REGIONS) if resume else None
    before = before or read_regions(folder)
    if resume:
        if before is None:  # started by an older version, which used whole pictures
            return whole
    elif whole_frame:
        return whole
    elif before is not None and not _are_drawn_from(before, study):
        before = None
    if not lacking:
        return before or whole
    drawn = sum(one.roi is not None for one in study) if before is None else 0
    found = find_regions(study, before, progress, cancel)
    progress(Progress("regions", len(study), len(study), message=_sentence(found, lacking, drawn)))
    return found


def _are_drawn_from(found: FoundRegions, study: Study) -> bool:
    """Whether rows have the regions that an earlier training found, as the Study panel takes them."""
    regions = [found.regions.get(key_of(one)) for one in study if one.roi is not None]
    drawn = [one.roi for one in study if one.roi is not None]
    return bool(drawn) and regions == drawn


def _sentence(found: FoundRegions, lacking: list[Recording], drawn: int) -> str:
    count = sum(found.of(one) != one for one in lacking)
    if not count:
        return "No region was found, so the whole frame is used."
    left = len(lacking) - count
    sentence = f"Found the region of {counted(count, 'recording')} from where the picture moves."
    if left:
        sentence += f" {counted(left, 'recording')} moved in another way, so the whole frame is used there."
    if drawn:
        sentence += MIXED.format(f"{counted(drawn, 'recording')} {'has' if drawn == 1 else 'have'}")
    return sentence


def start_regions(folder: Path, found: FoundRegions) -> None:
    """Note the regions of a training that begins, so that it can be resumed.

    Parameters
    ----------
    folder : Path
        Folder of the run. The regions count for the run when `keep_regions` is called.
    found : FoundRegions
    """
    write_atomic(folder / TRAINING_REGIONS, found.model_dump_json(indent=1).encode())


def keep_regions(folder: Path) -> None:
    """Make the regions of the training those of the run.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    """
    fresh = folder / TRAINING_REGIONS
    if not fresh.is_file():  # its checks are repeated; the regions are there already
        return
    found, before = read_regions(folder, TRAINING_REGIONS), read_regions(folder)
    if found is not None and before is not None:  # recordings can have been embedded since the start
        start_regions(folder, found.joined(before))
    fresh.replace(folder / REGIONS)


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
        if not (found.template or found.regions):  # there is no common map to place them on
            names = [one.name for one in recordings if found.lacks(one)]
            progress(Progress("regions", 0, 0, message=ALL_DRAWN.format(listed(names, 6))))
            return recordings
        found = find_regions(recordings, found, progress, cancel)
        now = read_regions(folder)  # another command may have found some meanwhile
        if now is not None and now.template == found.template:
            found = now.without(one for one in recordings if now.lacks(one)).joined(found)
            with suppress(OSError):  # a folder that cannot be written is refused where codes are written
                write_atomic(folder / REGIONS, found.model_dump_json(indent=1).encode())
    return _with(found, recordings)


def _with(found: FoundRegions, recordings: Recordings) -> Recordings:
    changed = [found.of(one) for one in recordings]
    if isinstance(recordings, Study):
        return type(recordings)(changed, rows=recordings.rows, path=recordings.path)
    return type(recordings)(changed)  # type: ignore[call-arg]
