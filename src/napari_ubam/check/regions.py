"""Propose a region where a recording has none, and only a small part of the picture moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from napari_ubam.progress import Progress
from napari_ubam.study import Recording, Roi
from napari_ubam.study.values import counted
from napari_ubam.tracking import find_regions
from napari_ubam.tracking.regions import key_of, lacks_region

from .facts import Problem, RecordingFacts, Severity

LARGEST = 0.5  # share of the picture; a larger region gains little


def without_region(recordings: Sequence[Recording], facts: Sequence[RecordingFacts]) -> list[Recording]:
    """List the recordings that can be read and have neither region nor track.

    Parameters
    ----------
    recordings : sequence of Recording
    facts : sequence of RecordingFacts
        Properties of all readable recordings.

    Returns
    -------
    list of Recording
    """
    readable = {one.name for one in facts if one.frames}
    return [one for one in recordings if one.name in readable and lacks_region(one)]


def region_notes(
    recordings: Sequence[Recording], facts: Sequence[RecordingFacts], tell: Callable[[float], None]
) -> list[Problem]:
    """Propose regions, as a training finds them.

    Parameters
    ----------
    recordings : sequence of Recording
        Result of `without_region`.
    facts : sequence of RecordingFacts
        Properties of all readable recordings.
    tell : callable
        Called with the finished fraction, 0 to 1.

    Returns
    -------
    list of Problem
        One note, or none if the moving part covers at least half of each picture.
    """
    if not recordings:
        return []

    def progress(event: Progress) -> None:
        tell(event.share)

    regions = find_regions(recordings, progress=progress).regions
    tell(1.0)
    known = {one.name: one for one in facts}
    found: list[tuple[float, RecordingFacts, Roi]] = []
    for one in recordings:
        roi, own = regions.get(key_of(one)), known[one.name]
        share = 1.0 if roi is None else roi.width * roi.height / (own.width * own.height)
        if roi is not None and share < LARGEST:
            found.append((share, own, roi))
    return [_note(found)] if found else []


def _note(found: Sequence[tuple[float, RecordingFacts, Roi]]) -> Problem:
    share, own, roi = found[0]
    numbers = f"x={roi.x}, y={roi.y}, width={roi.width}, height={roi.height}"
    todo = "train finds it by itself, or enter your own; train --whole-frame uses the whole picture."
    if len(found) == 1:
        text = f"no region is given, and what moves covers {share:.0%} of the picture ({numbers}); {todo}"
        return Problem(severity=Severity.NOTE, text=text, row=own.row, recording=own.name)
    shares = [one for one, _, _ in found]
    text = (
        f"{counted(len(found), 'recording')} have no region, and what moves covers {min(shares):.0%} to "
        f"{max(shares):.0%} of the picture (in {own.name} {numbers}); {todo}"
    )
    return Problem(severity=Severity.NOTE, text=text)
