"""What tells whether stored results belong to a recording as it is now."""

from __future__ import annotations

import hashlib
import json

import numpy as np
from numpy.typing import NDArray

from napari_ubam.study import Recording


def region_hash(recording: Recording, frames: range) -> str:
    """Hash of what is cut out of a video: the region or track, and the range of frames.

    Parameters
    ----------
    recording : Recording
        Its region or track.
    frames : range
        Its frames.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    roi = recording.roi.model_dump() if recording.roi else None
    text = json.dumps([roi, frames.start, frames.stop], sort_keys=True)
    digest = hashlib.blake2b(text.encode(), digest_size=8)
    if recording.track is not None:
        digest.update(recording.track.frames.tobytes() + recording.track.boxes.tobytes())
    return digest.hexdigest()


def to_ranges(flags: NDArray[np.bool_]) -> list[list[int]]:
    """Find the runs of True as ``[start, stop]``, ascending; the inverse of `from_ranges`."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    pairs: list[list[int]] = edges.reshape(-1, 2).tolist()
    return pairs


def from_ranges(ranges: list[list[int]], length: int) -> NDArray[np.bool_]:
    """Array of bool that is True in some ranges."""
    flags = np.zeros(length, bool)
    for start, stop in ranges:
        flags[start:stop] = True
    return flags
