"""The frame index: which packet shows as which frame, and from which keyframe it decodes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

NO_TIME = np.iinfo(np.int64).min
"""Stands for a timestamp that the file does not hold."""

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Picture:
    """What the decoded pictures of a video stream look like.

    Attributes
    ----------
    height, width : int
        Size as shown, that is after the rotation tag, in pixels.
    channels : {1, 3}
        1 for grey streams, else 3 (RGB).
    depth : int
        Bits of the luma samples (8, 10, 12, ...).
    pixel_format : str
        FFmpeg's name of the stored pixel format.
    display_matrix : tuple of int
        ``(a, b, c, d)`` with values in -1, 0, 1: stored ``(x, y)`` shows at ``(ax + cy, bx + dy)``.
    """

    height: int
    width: int
    channels: Literal[1, 3]
    depth: int
    pixel_format: str
    display_matrix: tuple[int, int, int, int] = (1, 0, 0, 1)


@dataclass(frozen=True, eq=False)
class FrameIndex:
    """Frames of one video stream, found by demuxing.

    Packets are numbered in the order of the file (decode order), frames in the order of showing.

    Attributes
    ----------
    pts, dts : ndarray of int64, shape (packets,)
        Timestamps in stream ticks, `NO_TIME` where the file has none.
    pos, size : ndarray of int64, shape (packets,)
        Byte offset (-1 if unknown) and length in the file.
    key : ndarray of bool, shape (packets,)
        Whether decoding can start there.
    packet_of_frame : ndarray of int64, shape (frames,)
        Number of the packet that holds each frame.
    times : ndarray of float64, shape (frames,)
        Seconds since the first frame.
    fps : float
        Mean frames per second.
    picture : Picture
        Size and pixel format.
    raw : bool
        True for an elementary stream, whose packets are byte ranges without a container.
    notes : tuple of str
        What the user should know about the file, one sentence each.
    rate_notes : tuple of str
        The same where the frame rate had to be assumed: they no longer hold once it is given.
    """

    pts: IntArray
    dts: IntArray
    pos: IntArray
    size: IntArray
    key: npt.NDArray[np.bool_]
    packet_of_frame: IntArray
    times: npt.NDArray[np.float64]
    fps: float
    picture: Picture
    raw: bool = False
    notes: tuple[str, ...] = ()
    rate_notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.packet_of_frame)

    @cached_property
    def frame_of_packet(self) -> IntArray:
        """Frame that each packet shows as, -1 for none; ndarray of int64, shape (packets,)."""
        frames = np.full(len(self.pts), -1, np.int64)
        frames[self.packet_of_frame] = np.arange(len(self))
        return frames

    @cached_property
    def packet_a_frame(self) -> bool:
        """Whether each packet shows as a frame; others may be the second fields of frames."""
        return len(self) == len(self.pts)

    @cached_property
    def keys(self) -> IntArray:
        """Packets at which decoding can start, ascending; packet 0 always is one."""
        return np.union1d([0], np.flatnonzero(self.key)).astype(np.int64)

    @cached_property
    def _start_rank(self) -> IntArray:
        """Rank in `keys` from which each frame decodes."""
        rank = np.searchsorted(self.keys, self.packet_of_frame, side="right") - 1
        # Leading pictures of an open group follow their keyframe in the file but show before it:
        # they need the group before.
        leading = self.frame_of_packet[self.keys[rank]] > np.arange(len(self))
        return np.maximum(rank - leading, 0).astype(np.int64)

    def start(self, frame: int, groups_back: int = 0) -> int:
        """Packet at which decoding must start to show a frame.

        Parameters
        ----------
        frame : int
            Frame number.
        groups_back : int
            How many keyframes earlier than necessary.

        Returns
        -------
        int
            Packet number of a keyframe.
        """
        return int(self.keys[max(int(self._start_rank[frame]) - groups_back, 0)])

    def seek_time(self, packet: int) -> int:
        """Timestamp in stream ticks to seek to for a packet, `NO_TIME` where it has none."""
        pts, dts = int(self.pts[packet]), int(self.dts[packet])
        return pts if pts != NO_TIME else dts
