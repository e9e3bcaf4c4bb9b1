"""Types of the units in packets of H.264 and HEVC: which keyframes end all references to earlier pictures."""

from __future__ import annotations

from collections.abc import Iterator

_PICTURES = {"h264": range(1, 6), "hevc": range(32)}
_IDR = {"h264": (5,), "hevc": (19, 20)}


class UnitReader:
    """Reader of the unit types of a stream (ITU-T H.264, table 7-1; H.265, table 7-1).

    Parameters
    ----------
    codec : {"h264", "hevc"}
        FFmpeg name of the codec.
    extradata : bytes or None
        Codec data of the stream. It tells whether lengths or start codes stand before the units.
    """

    def __init__(self, codec: str, extradata: bytes | None) -> None:
        self._codec = codec
        self._lengths = (extradata or b"")[:1] == b"\1"

    def types(self, packet: memoryview) -> Iterator[int]:
        """Iterate over the types of the units of a packet.

        Parameters
        ----------
        packet : memoryview
            Bytes of the packet.

        Yields
        ------
        int
            Type.
        """
        if self._lengths:
            place = 0
            while place + 5 <= len(packet):
                yield self._type(packet[place + 4])
                place += 4 + int.from_bytes(packet[place : place + 4], "big")
        else:
            yield from (self._type(unit[0]) for unit in bytes(packet).split(b"\0\0\1")[1:] if unit)

    def picture(self, packet: memoryview) -> int:
        """Return the type of the first unit that is part of a picture.

        Parameters
        ----------
        packet : memoryview
            Bytes of the packet.

        Returns
        -------
        int
            Type, -1 if there is none.
        """
        return next((kind for kind in self.types(packet) if kind in _PICTURES[self._codec]), -1)

    def is_idr(self, packet: memoryview) -> bool:
        """Check whether no later picture can refer to one before this packet.

        Parameters
        ----------
        packet : memoryview
            Bytes of the packet.

        Returns
        -------
        bool
            True for an instantaneous decoding refresh (IDR).
        """
        return self.picture(packet) in _IDR[self._codec]

    def _type(self, first: int) -> int:
        return first & 31 if self._codec == "h264" else first >> 1 & 63
