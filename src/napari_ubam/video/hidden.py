"""Find packets whose pictures are never shown, from the first bits of their headers.

VP8, VP9 and AV1 contain pictures that only serve as references. Some files store them as packets of their
own, with a time that belongs to the next frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

HiddenTest = Callable[[memoryview], bool]

_SEQUENCE, _FRAME_HEADER, _FRAME = 1, 3, 6


def hidden_test(codec: str) -> HiddenTest | None:
    """Return the test that tells whether a packet shows no picture.

    Parameters
    ----------
    codec : str
        FFmpeg name of the codec or of its decoder.

    Returns
    -------
    callable or None
        Function of the bytes of a packet. True if the decoder shows nothing for it; False also for damaged
        packets. None if the codec has no hidden pictures.
    """
    if "av1" in codec or "dav1d" in codec:
        return _hidden_av1
    if "vp8" in codec or "vpx" in codec:
        return _hidden_vp8
    return _hidden_vp9 if "vp9" in codec else None


def _hidden_vp8(packet: memoryview) -> bool:
    return not packet[0] >> 4 & 1  # show_frame (RFC 6386, 9.1)


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
