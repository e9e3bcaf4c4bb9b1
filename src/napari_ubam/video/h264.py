"""Detect, without decoding, whether an H.264 stream can contain field pictures."""

from __future__ import annotations

_HIGH_PROFILES = frozenset({44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244})
_SPS = 7


def may_hold_fields(extradata: bytes | None) -> bool:
    """Check whether a stream can store a frame as two fields, that is, as two packets.

    Parameters
    ----------
    extradata : bytes or None
        Codec data of the stream, as an ``avcC`` box or an Annex B byte stream.

    Returns
    -------
    bool
        False only if a sequence parameter set has the ``frame_mbs_only_flag`` (ITU-T H.264, 7.3.2.1.1).
    """
    for unit in _units(extradata or b""):
        if unit and unit[0] & 31 == _SPS:
            try:
                return not _frames_only(_Bits(unit[1:].replace(b"\0\0\3", b"\0\0")))
            except IndexError:
                return True
    return True


def _units(data: bytes) -> list[bytes]:
    if data[:1] == b"\1" and len(data) > 8:
        length = int.from_bytes(data[6:8], "big")
        return [data[8 : 8 + length]]
    return data.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")[1:]


class _Bits:
    """Bit reader for a parameter set, with the variable-length numbers of the standard."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def take(self, count: int) -> int:
        value = 0
        for _ in range(count):
            byte = self._data[self._place >> 3]
            value = value << 1 | byte >> (7 - (self._place & 7)) & 1
            self._place += 1
        return value

    def number(self) -> int:
        """Read an unsigned Exp-Golomb number (9.1)."""
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        """Read a signed Exp-Golomb number (9.1.1)."""
        value = self.number()
        return (value + 1) // 2 if value % 2 else -(value // 2)


def _frames_only(bits: _Bits) -> bool:
    profile = bits.take(8)
    bits.take(16)
    bits.number()
    if profile in _HIGH_PROFILES:
        _skip_chroma(bits)
    bits.number()
    order = bits.number()
    if order == 0:
        bits.number()
    elif order == 1:
        bits.take(1)
        bits.signed()
        bits.signed()
        for _ in range(bits.number()):
            bits.signed()
    bits.number()
    bits.take(1)
    bits.number()
    bits.number()
    return bool(bits.take(1))


def _skip_chroma(bits: _Bits) -> None:
    chroma = bits.number()
    if chroma == 3:
        bits.take(1)
    bits.number()
    bits.number()
    bits.take(1)
    if bits.take(1):
        for matrix in range(12 if chroma == 3 else 8):
            if bits.take(1):
                _skip_scaling_list(bits, 16 if matrix < 6 else 64)


def _skip_scaling_list(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last
