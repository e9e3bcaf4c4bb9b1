"""Propose a preset and a behaviour window for a study."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from math import ceil
from typing import Literal

import numpy as np

from napari_ubam.study.values import counted

from .facts import Proposal, RecordingFacts

SMALL_FRAMES, BASE_FRAMES = 20_000, 200_000
SMALL_CROP, BASE_CROP = 96, 128  # resolution of the networks: longer side of the crop in pixels
DEFAULT_MS = 500
WINDOW_MS = (100, 2000)
MIXED_RATES = 4  # highest through lowest frame rate, above which a window is not extended for the lowest
MIN_WINDOW_FRAMES = 5  # with fewer, a window shows a posture but no movement

_Preset = Literal["tiny", "small", "base"]


def propose(recordings: Sequence[RecordingFacts]) -> Proposal | None:
    """Propose a preset and a behaviour window.

    Parameters
    ----------
    recordings : sequence of RecordingFacts
        All readable recordings.

    Returns
    -------
    Proposal or None
        None if there are no frames.
    """
    used = [facts for facts in recordings if facts.frames]
    if not used:
        return None
    preset, preset_reason = _preset(used)
    window_ms, window_reason = _window(used)
    rates = [facts.fps for facts in used]
    return Proposal(
        preset=preset,
        preset_reason=preset_reason,
        window_ms=window_ms,
        window_frames=(odd_frames(window_ms, min(rates)), odd_frames(window_ms, max(rates))),
        window_reason=window_reason,
    )


def odd_frames(milliseconds: float, fps: float) -> int:
    """Convert a duration to an odd number of frames, so that a window has a central frame.

    Parameters
    ----------
    milliseconds : float
        Duration in milliseconds.
    fps : float
        Frames per second.

    Returns
    -------
    int
        Nearest odd number of frames.
    """
    return 2 * int(milliseconds * fps / 2000) + 1


def _preset(recordings: Sequence[RecordingFacts]) -> tuple[_Preset, str]:
    frames = sum(facts.frames for facts in recordings)
    side = int(np.median([max(facts.crop_width, facts.crop_height) for facts in recordings]))
    order: tuple[_Preset, ...] = ("tiny", "small", "base")
    by_frames = int(frames >= SMALL_FRAMES) + int(frames >= BASE_FRAMES)
    by_crop = int(side >= SMALL_CROP) + int(side >= BASE_CROP)
    preset = order[min(by_frames, by_crop)]
    if by_crop < by_frames:
        limit = SMALL_CROP if by_crop == 0 else BASE_CROP
        reason = f"regions of {side} pixels have no more detail; a larger network needs {limit} pixels"
    elif by_frames == 0:
        reason = (
            f"the study has only {counted(frames, 'frame')}; a larger network needs at least {SMALL_FRAMES}"
        )
    elif by_frames == 1:
        reason = f"the study has {frames} frames; a larger network needs at least {BASE_FRAMES}"
    else:
        reason = f"{frames} frames with regions of {side} pixels are enough for a large network"
    return preset, reason


def _window(recordings: Sequence[RecordingFacts]) -> tuple[int, str]:
    subjects: dict[str, list[float]] = defaultdict(list)
    for facts in recordings:
        if facts.period is not None:
            subjects[facts.subject].append(facts.period)
    found, total = sum(map(len, subjects.values())), len(recordings)
    if found * 2 < total:
        what = f"a period was found in only {found} of {counted(total, 'recording')}"
        reason = f"{what if found else 'no period was found in the movement'}, so this is the default"
        return _limited(DEFAULT_MS, recordings, reason)
    # Every subject counts once, independent of its amount of video.
    period = 1000 * float(np.median([np.median(periods) for periods in subjects.values()]))
    reason = (
        f"one period of the movement, which repeats every {period:.0f} ms in {found} of {total} recordings"
    )
    return _limited(period, recordings, reason if total > 1 else reason.partition(" in ")[0])


def _limited(milliseconds: float, recordings: Sequence[RecordingFacts], reason: str) -> tuple[int, str]:
    clipped = float(np.clip(milliseconds, *WINDOW_MS))
    if clipped != milliseconds:
        reason += f", limited to {clipped:.0f} ms"
    clipped = 10 * round(clipped / 10)
    rates = [facts.fps for facts in recordings]
    least = MIN_WINDOW_FRAMES * 1000 / min(rates)
    if least > max(clipped, WINDOW_MS[1]) and max(rates) > MIXED_RATES * min(rates):
        # Otherwise one slow recording, or one wrong frame rate, would make the windows of all others huge.
        slow = f"{min(rates):g} frames per second"
        clipped, least = max(clipped, _typical_least(rates)), 0
        reason += f"; recordings with {slow} are too slow for it: correct their fps, or leave them out"
    if least > clipped:
        clipped = 10 * ceil(least / 10)
        reason += f", extended to {MIN_WINDOW_FRAMES} frames at the lowest frame rate"
    return int(clipped), reason


def _typical_least(rates: Sequence[float]) -> int:
    """Shortest window in milliseconds at the median frame rate, at most the longest one that is proposed."""
    return min(10 * ceil(MIN_WINDOW_FRAMES * 100 / float(np.median(rates))), WINDOW_MS[1])
