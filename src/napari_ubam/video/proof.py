"""Prove by trial where decoding can start: the keyframes of a file are marked, and the marks can be wrong.

A jump to a keyframe must give the pictures that decoding from further back gives. Some jumps are tried when a
file is indexed. If one fails, the whole file is decoded once, and only those keyframes stay that give the
same pictures. Decoders that do not tell which pictures refer to others have all their keyframes tried.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice, takewhile
from pathlib import Path

import av
import numpy as np

from .convert import Converter
from .decoder import SELF_CONTAINED, FrameDecoder
from .index import FrameIndex
from .whole_decoding import Progress

COMPARED_FRAMES = 16
"""Number of frames that are compared after a jump."""

NEAR_PACKETS = 32
"""Up to three keyframes within this distance of the start are tried."""

TRIAL_PIXELS = 640 * 2**20
"""Bound of the trial, in pixels to decode: 700 frames of 1280x720, or a second or two of one core."""

MOST_TRIED = 1000
"""Number of keyframes that are tried if the whole file must be decoded, the largest first."""

Checksums = dict[int, int]


def prove_starts(
    path: Path,
    index: FrameIndex,
    types: bool,
    intra_only: bool,
    closed: bool = False,
    progress: Progress | None = None,
) -> FrameIndex:
    """Keep only the keyframes from which decoding gives the right pictures.

    Parameters
    ----------
    path : Path
        Video file.
    index : FrameIndex
        Its index, with the keyframes as the container marks them.
    types : bool
        Whether the decoder tells which pictures refer to others. If not, all keyframes are tried.
    intra_only : bool
        Whether no picture of the codec refers to others.
    closed : bool
        Whether the bitstream tells that no picture refers to one before the last keyframe. Then one jump is
        tried, the cheapest in the second half, since only what the decoder has learned could be missing.
    progress : callable, optional
        Called with ``(finished packets, total packets)`` while the whole file is decoded.

    Returns
    -------
    FrameIndex
        The same index, or one with fewer keyframes and a note.
    """
    if len(index.keys) < 2 or (intra_only and not index.key.all()):
        return index
    if types or intra_only:
        return index if _Trial(path, index, closed).passes() else _tried(path, index, progress)
    return _tried(path, replace(index, fresh_decoder=True), progress)


def _tried(path: Path, index: FrameIndex, progress: Progress | None) -> FrameIndex:
    """Decode the whole file, and compare each keyframe with it."""
    sums, inter = _whole(path, index, progress)
    frames = index.frame_of_packet
    keys = [key for key in index.keys[1:].tolist() if frames[key] in sums and frames[key] not in inter]
    if len(keys) > MOST_TRIED:
        keys = sorted(sorted(keys, key=lambda key: -index.size[key])[:MOST_TRIED])
    decoder = FrameDecoder(path, index)
    compared = _Compared(decoder, index)
    right = [key for key in keys if compared.agrees(key, sums)]
    decoder.close()
    marked = np.zeros(len(index.key), bool)
    marked[[0, *right]] = True
    proven = replace(index, key=marked)
    lost = int((frames[index.keys] >= 0).sum()) - len(proven.keys)
    if lost < 1 or _longest_group(proven) == _longest_group(index):
        return proven
    return replace(proven, notes=(*index.notes, _note(lost, proven)))


def _longest_group(index: FrameIndex) -> int:
    """Greatest number of packets from one keyframe to the next."""
    return int(np.diff(np.append(index.keys, len(index.pts))).max())


def _note(lost: int, index: FrameIndex) -> str:
    """Tell what the missing keyframes cost."""
    marked = "1 frame is marked as a keyframe" if lost == 1 else f"{lost} frames are marked as keyframes"
    return (
        f"{marked} without being one: pictures are decoded from further back, so a jump decodes up to "
        f"{_longest_group(index)} frames; a copy made with "
        "'ffmpeg -i FILE -c:v libx264 -crf 15 -g 30 OUT.mp4' jumps faster."
    )


def _whole(path: Path, index: FrameIndex, progress: Progress | None) -> tuple[Checksums, set[int]]:
    """Checksums of all frames, decoded from the start, and the frames that refer to others."""
    decoder = FrameDecoder(path, index)
    compared = _Compared(decoder, index)
    sums, inter = {}, set()
    for number, frame in decoder.frames_from(0):
        sums[number] = compared.checksum(frame)
        if frame.pict_type not in SELF_CONTAINED:
            inter.add(number)
        if progress is not None and number % 64 == 0:
            progress(number, len(index))
    decoder.close()
    return sums, inter


class _Compared:
    """Comparison of a decoder's pictures after a jump."""

    def __init__(self, decoder: FrameDecoder, index: FrameIndex) -> None:
        self.decoder, self.index = decoder, index
        self._converter = Converter(index.picture)

    def checksum(self, frame: av.VideoFrame) -> int:
        return zlib.crc32(self._converter.luma(frame).data)

    def sums(self, frames: Iterable[tuple[int, av.VideoFrame]]) -> Checksums:
        return {number: self.checksum(frame) for number, frame in frames}

    def agrees(self, key: int, truth: Checksums) -> bool:
        """Whether a jump to a keyframe gives the true pictures."""
        jumped = self.sums(islice(self.decoder.frames_from(key), COMPARED_FRAMES))
        if not jumped:
            return int(self.index.frame_of_packet[key]) not in truth  # a damaged keyframe is no wrong one
        return all(truth.get(number, found) == found for number, found in jumped.items())


class _Trial:
    """Jumps that are tried when a file is indexed."""

    def __init__(self, path: Path, index: FrameIndex, closed: bool) -> None:
        self._index = index
        self._keys = index.keys[1:]
        self._closed = closed
        self._decoder = FrameDecoder(path, index)
        self._compared = _Compared(self._decoder, index)
        self._budget = TRIAL_PIXELS // (index.picture.width * index.picture.height)

    def passes(self) -> bool:
        """Whether all jumps give the true pictures."""
        try:
            return all(self._agrees(key, back) for back, key in self._jumps())
        finally:
            self._decoder.close()

    def _jumps(self) -> list[tuple[int, int]]:
        """Keyframes to try near the start, middle and end, each after the one where its truth begins."""
        if self._closed:
            groups = np.diff(self._index.keys)
            last = len(groups) // 2 + int(np.argmin(groups[len(groups) // 2 :]))
            return [(int(self._index.keys[last]), int(self._index.keys[last + 1]))]
        near = self._keys[self._keys <= NEAR_PACKETS]
        chosen = near[[0, len(near) // 2, -1]] if len(near) else self._keys[:1]
        jumps = [(0, int(key)) for key in dict.fromkeys(chosen.tolist())]
        for key in (self._keys[len(self._keys) // 2], self._keys[-1]):
            back = int(self._index.keys[self._index.keys <= max(key - COMPARED_FRAMES, 0)][-1])
            jumps.append((back, int(key)))
        return list(dict.fromkeys(jumps))

    def _agrees(self, key: int, back: int) -> bool:
        self._budget -= key - back + 2 * COMPARED_FRAMES
        if self._budget < 0:
            return True
        last = int(self._index.frame_of_packet[key]) + COMPARED_FRAMES
        frames = takewhile(lambda found: found[0] <= last, self._decoder.frames_from(back))
        wanted = range(last - COMPARED_FRAMES, last + 1)
        truth = self._compared.sums((number, frame) for number, frame in frames if number in wanted)
        return self._compared.agrees(key, truth)
