"""Find packets whose pictures are never shown, from the first bits of their headers.

VP8, VP9 and AV1 contain pictures that only serve as references. Some files store them as packets of their
own, with a time that belongs to the next frame. Dirac marks the end of a sequence by a packet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .units import UnitReader

HiddenTest = Callable[[memoryview], bool]

_SEQUENCE, _FRAME_HEADER, _FRAME = 1, 3, 6
_SKIPPED_LEADING, _KEYFRAMES = (8, 9), range(16, 24)  # of HEVC


def hidden_test(codec: str, extradata: bytes | None = None) -> HiddenTest | None:
    """Return the test that tells whether a packet shows no picture.

    Parameters
    ----------
    codec : str
        FFmpeg name of the codec or of its decoder.
    extradata : bytes, optional
        Codec data of the stream.

    Returns
    -------
    callable or None
        Function of the bytes of a packet, called for each packet in turn. True if the decoder shows nothing
        for it; False also for damaged packets. None if the codec has no hidden pictures.
    """
    if "av1" in codec or "dav1d" in codec:
        return _hidden_av1
    if "vp8" in codec or "vpx" in codec:
        return _hidden_vp8
    if "vp9" in codec:
        return _hidden_vp9
    if codec == "hevc":
        return LeadingPictures(UnitReader(codec, extradata))
    return _hidden_dirac if codec == "dirac" else None


def _hidden_vp8(packet: memoryview) -> bool:
    return not packet[0] >> 4 & 1  # show_frame (RFC 6386, 9.1)


class LeadingPictures:
    """Find HEVC pictures at the start of a file that refer to pictures before it, as decoders skip them.

    They follow the first keyframe, are displayed before it, and say so in their type (ITU-T H.265, 7.4.2.2).
    Files that were cut without encoding begin like this.

    Parameters
    ----------
    units : UnitReader
        Reader of the stream.
    """

    def __init__(self, units: UnitReader) -> None:
        self._units = units
        self._keyframes = 0

    def __call__(self, packet: memoryview) -> bool:
        """Whether a packet is such a picture. The packets are given in the order of the file."""
        if self._keyframes > 1:
            return False
        kind = self._units.picture(packet)
        if kind in _KEYFRAMES:
            self._keyframes += 1
        return kind in _SKIPPED_LEADING and self._keyframes == 1


def _hidden_dirac(packet: memoryview) -> bool:
    """Whether a packet has no picture, such as the end of the sequence (Dirac specification, 9.6)."""
    place = 0
    while bytes(packet[place : place + 4]) == b"BBCD" and place + 9 <= len(packet):
        following = int.from_bytes(packet[place + 5 : place + 9], "big")
        if packet[place + 4] & 8 or not following:
            return not packet[place + 4] & 8
        place += following
    return place == len(packet)


def _hidden_vp9(packet: memoryview) -> bool:
    return not any(_shows_vp9(part) for part in _vp9_parts(packet))


def _vp9_parts(packet: memoryview) -> Iterator[memoryview]:
    """Split a superframe into its frames (VP9 bitstream specification, annex B)."""
    marker = packet[-1]
    count, width = (marker & 7) + 1, (marker >> 3 & 3) + 1
    index = 2 + count * width
    if marker >> 5 != 6 or len(packet) < index or packet[-index] != marker:
        yield packet
        return
    place = 0
    for part in range(count):
        begin = len(packet) - index + 1 + part * width
        size = int.from_bytes(packet[begin : begin + width], "little")
        if size:
            yield packet[place : place + size]
        place += size


def _shows_vp9(frame: memoryview) -> bool:
    """Read show_existing_frame and show_frame (6.2). What is no VP9 counts as shown."""
    if not len(frame) or frame[0] >> 6 != 2:
        return True
    profile = frame[0] >> 5 & 1 | (frame[0] >> 4 & 1) << 1
    rest = frame[0] << (5 if profile == 3 else 4) & 0xFF
    return bool(rest & 0x80 or rest & 0x20)  # show_existing_frame, frame_type, show_frame


def _hidden_av1(packet: memoryview) -> bool:
    """Whether a temporal unit has frame headers, and none of them shows a frame (AV1, 5.9.2)."""
    headers = 0
    try:
        for kind, payload in _units(packet):
            if kind == _SEQUENCE and payload[0] >> 3 & 1:
                return False  # still pictures have no such bits
            if kind in (_FRAME_HEADER, _FRAME):
                headers += 1
                if payload[0] & 0x90:  # show_existing_frame, frame_type (2 bits), show_frame
                    return False
    except IndexError:
        return False
    return headers > 0


def _units(packet: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Iterate over the open bitstream units: their types and payloads (5.3)."""
    place = 0
    while place < len(packet):
        header = packet[place]
        place += 2 if header & 4 else 1
        size, shift = len(packet) - place, 0
        if header & 2:
            size = 0
            while True:
                byte = packet[place]
                size |= (byte & 0x7F) << shift
                place, shift = place + 1, shift + 7
                if not byte & 0x80:
                    break
        yield header >> 3 & 15, packet[place : place + size]
        place += size
