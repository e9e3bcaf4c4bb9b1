"""The frame index: which packet contains which frame, and from which keyframe it is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

NO_TIME = np.iinfo(np.int64).min
"""Value of a missing timestamp."""

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Picture:
    """Format of the decoded frames of a video stream.

    Attributes
    ----------
    height, width : int
        Size in pixels as displayed, after the rotation tag.
    channels : {1, 3}
        1 for grey streams, 3 for RGB.
    depth : int
        Bits per luma sample (8, 10, 12, ...).
    pixel_format : str
        FFmpeg name of the stored pixel format.
    display_matrix : tuple of int
        ``(a, b, c, d)`` with values in -1, 0, 1: the stored pixel ``(x, y)`` is displayed at
        ``(ax + cy, bx + dy)``.
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

    Packets are numbered in file order (decode order), frames in display order.

    Attributes
    ----------
    pts, dts : ndarray of int64, shape (packets,)
        Presentation and decoding timestamps in stream ticks, `NO_TIME` if missing.
    pos, size : ndarray of int64, shape (packets,)
        Byte offset in the file (-1 if unknown), and length in bytes.
    key : ndarray of bool, shape (packets,)
        Whether the packet is a keyframe.
    packet_of_frame : ndarray of int64, shape (frames,)
        Packet number of each frame.
    times : ndarray of float64, shape (frames,)
        Seconds since the first frame.
    fps : float
        Mean frames per second.
    picture : Picture
        Size and pixel format.
    raw : bool
        True for an elementary stream: its packets are byte ranges without a container.
    notes : tuple of str
        Sentences for the user about the file.
    rate_notes : tuple of str
        Sentences about an assumed frame rate. They do not apply if the user gives the frame rate.
    forward_only : bool
        True for a stream that cannot be sought: a jump demuxes it from the start.
    fresh_decoder : bool
        True if each jump needs a new decoder, because the decoder keeps pictures when it is flushed.
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
    forward_only: bool = False
    fresh_decoder: bool = False

    def __len__(self) -> int:
        return len(self.packet_of_frame)

    @cached_property
    def frame_of_packet(self) -> IntArray:
        """Frame number of each packet, -1 for none; ndarray of int64, shape (packets,)."""
        frames = np.full(len(self.pts), -1, np.int64)
        frames[self.packet_of_frame] = np.arange(len(self))
        return frames

    @cached_property
    def one_packet_per_frame(self) -> bool:
        """Whether each packet is one frame. Otherwise some packets can be second fields."""
        return len(self) == len(self.pts)

    @cached_property
    def keys(self) -> IntArray:
        """Packets at which decoding can start, ascending. Packet 0 is always included."""
        return np.union1d([0], np.flatnonzero(self.key)).astype(np.int64)

    @cached_property
    def _start_rank(self) -> IntArray:
        """Position in `keys` from which each frame is decoded."""
        rank = np.searchsorted(self.keys, self.packet_of_frame, side="right") - 1
        # Leading frames of an open GOP follow their keyframe in the file but are displayed before it:
        # they need the previous GOP.
        leading = self.frame_of_packet[self.keys[rank]] > np.arange(len(self))
        return np.maximum(rank - leading, 0).astype(np.int64)

    def start(self, frame: int, groups_back: int = 0) -> int:
        """Find the keyframe from which a frame must be decoded.

        Parameters
        ----------
        frame : int
            Frame number.
        groups_back : int
            Number of additional keyframes to go back.

        Returns
        -------
        int
            Packet number of the keyframe.
        """
        return int(self.keys[max(int(self._start_rank[frame]) - groups_back, 0)])

    def seek_time(self, packet: int) -> int:
        """Return the timestamp with which to seek to a packet.

        Parameters
        ----------
        packet : int
            Packet number.

        Returns
        -------
        int
            Presentation timestamp in stream ticks, or else decoding timestamp, or else `NO_TIME`.
        """
        pts, dts = int(self.pts[packet]), int(self.dts[packet])
        return pts if pts != NO_TIME else dts
