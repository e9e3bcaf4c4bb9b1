"""Find the region of each recording, so that crops show all subjects at the same place and size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from pydantic import BaseModel, ConfigDict

from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled, silent
from napari_ubam.study import Recording, Roi
from napari_ubam.video import VideoError, open_video

from .activity import Activity, activity_of
from .placement import Placement, common_box, place, register

WHOLE = 0.85  # share of the picture from which on a region is not worth it
ALIKE = 0.3  # correlation with the common map under which a recording shows something else

Box = tuple[float, float, float, float]


class FoundRegions(BaseModel):
    """Regions that were found, and what later recordings are placed on.

    Parameters
    ----------
    template : tuple of tuple of float
        Common map of activity, rows of cells. Empty if no region is worth it.
    box : tuple of float
        Left, top, right and bottom of the subject in cells of the common map.
    regions : dict of str to (Roi or None)
        Region of each recording that was looked at, by `key_of`. None if the whole picture is used.
    correlations : dict of str to float
        Likeness of each recording's map with the common one.
    fingerprints : dict of str to str
        Hash of each video that was looked at. Results of earlier versions have none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    template: tuple[tuple[float, ...], ...] = ()
    box: Box = (0.0, 0.0, 0.0, 0.0)
    regions: dict[str, Roi | None] = {}
    correlations: dict[str, float] = {}
    fingerprints: dict[str, str] = {}

    def of(self, recording: Recording) -> Recording:
        """Give a recording its region. One that has a region or track stays as it is."""
        found = self.regions.get(key_of(recording))
        if found is None or not lacks_region(recording) or self._is_of_another_video(recording):
            return recording
        return recording.model_copy(update={"roi": found})

    def joined(self, other: FoundRegions) -> FoundRegions:
        """Add the regions of another result on the same common map; its own ones win."""
        if other.template != self.template:
            return self
        names = ("regions", "correlations", "fingerprints")
        return self.model_copy(
            update={name: {**getattr(other, name), **getattr(self, name)} for name in names}
        )

    def lacks(self, recording: Recording) -> bool:
        """Whether a recording has no region and was not looked at, or its video was replaced since."""
        if not lacks_region(recording):
            return False
        return key_of(recording) not in self.regions or self._is_of_another_video(recording)

    def without(self, recordings: Iterable[Recording]) -> FoundRegions:
        """Forget recordings."""
        left = {key_of(one) for one in recordings}
        names = ("regions", "correlations", "fingerprints")
        return self.model_copy(
            update={
                name: {key: value for key, value in getattr(self, name).items() if key not in left}
                for name in names
            }
        )

    def _is_of_another_video(self, recording: Recording) -> bool:
        noted = self.fingerprints.get(key_of(recording), "")
        return bool(noted) and _fingerprint(recording) not in ("", noted)

    @property
    def count(self) -> int:
        """Number of recordings with a region that was found."""
        return sum(region is not None for region in self.regions.values())


def lacks_region(recording: Recording) -> bool:
    """Whether a recording has neither region nor track."""
    return recording.roi is None and recording.track is None


def key_of(recording: Recording) -> str:
    """Name what a region is found for: the recording, its video and its frames."""
    frames = f"{recording.start or 0}:{'' if recording.stop is None else recording.stop}"
    return f"{recording.name} {recording.video.name} {frames}"


def _fingerprint(recording: Recording) -> str:
    """Hash of the video; empty if it cannot be read."""
    try:
        with recording.open_with(open_video, warn=False) as video:
            return str(video.fingerprint)
    except (VideoError, OSError):
        return ""


def find_regions(
    recordings: Iterable[Recording],
    known: FoundRegions | None = None,
    progress: ProgressCallback = silent,
    cancel: Cancel | None = None,
) -> FoundRegions:
    """Find the regions of recordings that have neither region nor track.

    It is measured where each picture moves. These maps are placed on each other by shift and size, and one
    rectangle around the movement of all is placed back in each picture. So crops show the bodies at the same
    place and size, without which codes of different subjects can hardly be compared. A subject must stay in
    the same part of the picture; if it moves through most of it, the whole picture is used.

    Parameters
    ----------
    recordings : iterable of Recording
    known : FoundRegions, optional
        Result for other recordings. The new ones are placed on the same common map.
    progress : callable
        Called for each recording, with the stage ``"regions"``.
    cancel : Cancel, optional
        Checked before each frame that is read.

    Returns
    -------
    FoundRegions
        With the regions that were known. A video that cannot be read is left out.

    Raises
    ------
    Cancelled
        If ``cancel`` is set.
    """
    known = known or FoundRegions()
    todo = [one for one in recordings if known.lacks(one)]
    maps: dict[str, Activity] = {}
    nothing: dict[str, Roi | None] = {}
    seen: dict[str, str] = {}
    for number, recording in enumerate(todo):
        check_cancelled(cancel)
        progress(Progress("regions", number, len(todo), detail=recording.name))
        try:
            found = activity_of(recording, cancel)
        except (VideoError, OSError):  # said where the video is needed; next time it may be there
            continue
        nothing[key_of(recording)], seen[key_of(recording)] = None, _fingerprint(recording)
        if found is not None:
            maps[key_of(recording)] = found
    if not known.regions:
        known = _first(maps) if maps else known
        return known.model_copy(update={"regions": {**nothing, **known.regions}, "fingerprints": seen})
    placed = _placed_later(maps, known)
    return known.model_copy(
        update={
            "regions": {**known.regions, **nothing, **_regions(maps, placed, known)},
            "correlations": {**known.correlations, **_correlations(placed)},
            "fingerprints": {**known.fingerprints, **seen},
        }
    )


def _first(maps: Mapping[str, Activity]) -> FoundRegions:
    """Find the common map and the regions of the first recordings."""
    placed, template = register({key: one.values for key, one in maps.items()})
    alike = [key for key in maps if len(maps) == 1 or placed[key].correlation >= ALIKE]
    if not alike:
        return FoundRegions(correlations=_correlations(placed))
    box = common_box(template, [(placed[key], _shape(maps[key])) for key in alike])
    rows = tuple(tuple(round(float(value), 4) for value in row) for row in template)
    found = FoundRegions(template=rows, box=box, correlations=_correlations(placed))
    regions = _regions(maps, placed, found)
    areas = [_share(regions[key], maps[key]) for key in alike]
    if np.median(areas) > WHOLE:
        return FoundRegions(correlations=found.correlations)
    return found.model_copy(update={"regions": regions})


def _placed_later(maps: Mapping[str, Activity], known: FoundRegions) -> dict[str, Placement]:
    if not known.template:
        return {}
    template = np.array(known.template)
    return {key: place(one.values, template, Placement()) for key, one in maps.items()}


def _regions(
    maps: Mapping[str, Activity], placed: Mapping[str, Placement], found: FoundRegions
) -> dict[str, Roi | None]:
    """Place the common rectangle in each picture."""
    shape = (len(found.template), len(found.template[0])) if found.template else (0, 0)
    few = len(maps) == 1 and not found.regions  # nothing to be like
    return {
        key: _region(maps[key], one.box(found.box, shape, _shape(maps[key])))
        if few or one.correlation >= ALIKE
        else None
        for key, one in placed.items()
    }


def _region(activity: Activity, box: Box) -> Roi | None:
    """Turn a rectangle in cells into one in pixels, cut at the edges of the picture."""
    height, width = activity.frame
    left, top, right, bottom = (round(edge * activity.cell) for edge in box)
    left, top, right, bottom = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
    return (
        Roi(x=left, y=top, width=right - left, height=bottom - top) if right > left and bottom > top else None
    )


def _share(region: Roi | None, activity: Activity) -> float:
    """Share of the picture that a region covers."""
    return 1.0 if region is None else region.width * region.height / (activity.frame[0] * activity.frame[1])


def _shape(activity: Activity) -> tuple[int, int]:
    return activity.values.shape[0], activity.values.shape[1]


def _correlations(placed: Mapping[str, Placement]) -> dict[str, float]:
    return {key: round(one.correlation, 4) for key, one in placed.items()}
