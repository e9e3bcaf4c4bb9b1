"""Check the region, frame range and intervals of a recording against its video."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from napari_ubam.study import Recording, Track
from napari_ubam.study.intervals import EXCLUDE
from napari_ubam.study.values import counted, listed

from .facts import Problem, RecordingFacts, Severity


def fit_problems(recording: Recording, facts: RecordingFacts) -> list[Problem]:
    """Check a recording against the properties of its video.

    Parameters
    ----------
    recording : Recording
        Recording of the study.
    facts : RecordingFacts
        Properties of its video.

    Returns
    -------
    list of Problem
        Errors if the recording uses frames or pixels that the video does not have. Also warnings and notes.
    """
    found = (
        *_range(recording, facts),
        *_region(recording, facts),
        *_intervals(recording, facts),
        *_left_out(recording, facts),
        *_unusual(facts),
        *_decoding(facts),
        *((Severity.NOTE, note) for note in facts.notes),
    )
    return [
        Problem(severity=severity, text=text, row=facts.row, recording=facts.name) for severity, text in found
    ]


_Found = Iterator[tuple[Severity, str]]


def _range(recording: Recording, facts: RecordingFacts) -> _Found:
    count, file = facts.video_frames, Path(facts.video).name
    length = f"{file} has {counted(count, 'frame')}"
    if recording.start is not None and recording.start >= count:
        last = f"at most {count - 1}"
        yield Severity.ERROR, f"start is {recording.start}, but {length}; enter {last}."
    if recording.stop is not None and recording.stop > count:
        remedy = f"enter {count}, or leave stop empty for the end of the video"
        yield Severity.ERROR, f"stop is {recording.stop}, but {length}; {remedy}."


def _region(recording: Recording, facts: RecordingFacts) -> _Found:
    if recording.roi is not None:
        fault = recording.roi.fault(facts.height, facts.width)
        if fault:
            yield Severity.ERROR, f"{fault.problem}; {fault.remedy}."
    if recording.track is not None:
        yield from _track(recording.track, facts)


def _track(track: Track, facts: RecordingFacts) -> _Found:
    file, last = Path(facts.video).name, int(track.frames[-1])
    if last >= facts.video_frames:
        one_off = last == facts.video_frames and track.frames[0] > 0
        remedy = (
            "subtract 1 from its frame numbers, because frames are counted from 0"
            if one_off
            else "check that the track belongs to this video"
        )
        text = f"the track ends at frame {last}, but the last frame of {file} is {facts.video_frames - 1}"
        yield Severity.ERROR, f"{text}; {remedy}."
    if not facts.frames:
        yield Severity.ERROR, "the track has no box between start and stop; correct the range or the track."
    left, top, right, bottom = (*track.boxes[:, :2].T, *(track.boxes[:, :2] + track.boxes[:, 2:]).T)
    outside = (right <= 0) | (bottom <= 0) | (left >= facts.width) | (top >= facts.height)
    size = f"the frame of {facts.width} x {facts.height} pixels"
    if outside.any():
        where = frame_list(track.frames[outside].tolist())
        yield Severity.ERROR, f"the track is outside {size} in {where}; use pixels of the full frame."
    over = (np.rint([left, top]) < 0).any(axis=0) | (np.rint(right) > facts.width)
    over = (over | (np.rint(bottom) > facts.height)) & ~outside
    if over.any():
        where = frame_list(track.frames[over].tolist())
        text = f"the track exceeds {size} in {where}"
        yield Severity.NOTE, f"{text}; move the boxes inside if possible, because nothing is visible there."


def _intervals(recording: Recording, facts: RecordingFacts) -> _Found:
    end = f"the end of the video at {facts.video_seconds:.2f} s"
    tolerance = 1 / facts.fps  # interval logs often end one frame later
    for interval in recording.intervals:
        if interval.start >= facts.video_seconds or interval.stop <= 0:
            where = "ends before the video starts" if interval.stop <= 0 else f"starts after {end}"
            remedy = "enter seconds from the first frame of the video"
            yield Severity.WARNING, f"the interval {interval} {where}; {remedy}."
        elif interval.stop > facts.video_seconds + tolerance:
            yield Severity.WARNING, f"the interval {interval} continues after {end}; check its times."


def _left_out(recording: Recording, facts: RecordingFacts) -> _Found:
    spans = [one for one in recording.intervals if one.leaves_out]
    seconds = sum(max(min(one.stop, facts.video_seconds) - max(one.start, 0.0), 0.0) for one in spans)
    if spans and not facts.frames:
        remedy = f"shorten the intervals with the label {EXCLUDE}, or remove the row"
        yield Severity.ERROR, f"every frame is left out; {remedy}."
    elif seconds:
        of = f"{seconds:.1f} of {facts.video_seconds:.1f} s"
        yield Severity.NOTE, f"{of} are left out, in {counted(len(spans), 'interval')} {EXCLUDE}."


def _unusual(facts: RecordingFacts) -> _Found:
    if facts.unusual:
        when = listed([f"{start:g} to {stop:g} s" for start, stop in facts.unusual], 6)
        cell = ";".join(f"{EXCLUDE}:{start:g}-{stop:g}" for start, stop in facts.unusual)
        yield (
            Severity.NOTE,
            f"{when}: most of the picture looks like at no other time (a hand, a cover?); look at it, and if "
            f"it is no behaviour, leave it out with {cell} in the column intervals.",
        )


def _decoding(facts: RecordingFacts) -> _Found:
    if facts.wrong_jumps and not facts.bad_frames:  # beside damage, pictures depend on the way to them
        where = f"{frame_list(facts.wrong_jumps)} of {Path(facts.video).name}"
        remedy = "convert the file with 'ffmpeg -i FILE -c:v libx264 -crf 15 OUT.mp4'"
        yield Severity.ERROR, f"{where} look different after a jump than in sequence; {remedy}."
    if not facts.bad_frames:
        return
    bad, tested = len(facts.bad_frames), f"{counted(facts.read, 'tested frame')} of {Path(facts.video).name}"
    remedy = "use an intact copy of the file, or exclude these frames with start and stop"
    if bad == facts.read:
        yield Severity.ERROR, f"none of {tested} can be decoded; {remedy}."
        return
    where = frame_list(facts.bad_frames)
    text = f"{bad} of {tested} cannot be decoded: {where}"
    yield Severity.WARNING, f"{text}; {remedy}."


def frame_list(frames: tuple[int, ...] | list[int], limit: int = 8) -> str:
    """Format frame numbers: ``frame 3``, ``frames 3 to 9 and 12``.

    Parameters
    ----------
    frames : sequence of int
        Frame numbers, ascending, at least one.
    limit : int
        Maximum number of ranges. The rest is only counted.

    Returns
    -------
    str
        Text with consecutive frames joined to ranges.
    """
    numbers = np.asarray(frames)
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
    texts = [f"{run[0]}" if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs]
    if len(texts) > limit:
        texts = [*texts[:limit], f"{len(texts) - limit} more places"]
    word = "frame" if len(numbers) == 1 else "frames"
    return f"{word} {', '.join(texts[:-1])} and {texts[-1]}" if len(texts) > 1 else f"{word} {texts[0]}"
