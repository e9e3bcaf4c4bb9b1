"""Values by which stored results are compared with the current recording."""

from __future__ import annotations

import hashlib
import json

import numpy as np
from numpy.typing import NDArray

from napari_ubam.study import Recording


def region_hash(recording: Recording, frames: range) -> str:
    """Hash the region or track of a recording, and its frame range.

    Parameters
    ----------
    recording : Recording
        Recording with a region, a track or neither.
    frames : range
        Frames of the recording.

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
        digest.update(alignment(recording))
    digest.update(exclusions(recording))
    return digest.hexdigest()


def exclusions(recording: Recording) -> bytes:
    """Identify the frames of a recording that are left out.

    Parameters
    ----------
    recording : Recording

    Returns
    -------
    bytes
        Empty if nothing is left out, so that hashes of earlier versions stay valid.
    """
    times = sorted((one.start, one.stop) for one in recording.intervals if one.leaves_out)
    return json.dumps([times, recording.fps]).encode() if times else b""


def alignment(recording: Recording) -> bytes:
    """Identify how the crops of a recording follow its track.

    Parameters
    ----------
    recording : Recording
        Recording with a track.

    Returns
    -------
    bytes
        Empty for boxes as they are, so that hashes of earlier versions stay valid.
    """
    if recording.align == "none" or recording.track is None:
        return b""
    headings = recording.track.headings if recording.align == "heading" else None
    return recording.align.encode() + (b"" if headings is None else headings.tobytes())


def to_ranges(flags: NDArray[np.bool_]) -> list[list[int]]:
    """Find the runs of True. This is the inverse of `from_ranges`.

    Parameters
    ----------
    flags : ndarray of bool, shape (n,)
        Flags.

    Returns
    -------
    list of [int, int]
        Start, and index after the end, of each run, ascending.
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    pairs: list[list[int]] = edges.reshape(-1, 2).tolist()
    return pairs


def from_ranges(ranges: list[list[int]], length: int) -> NDArray[np.bool_]:
    """Create an array of flags from ranges. This is the inverse of `to_ranges`.

    Parameters
    ----------
    ranges : list of [int, int]
        Start, and index after the end, of each range.
    length : int
        Length of the array.

    Returns
    -------
    ndarray of bool, shape (length,)
        True in the ranges.
    """
    flags = np.zeros(length, bool)
    for start, stop in ranges:
        flags[start:stop] = True
    return flags
