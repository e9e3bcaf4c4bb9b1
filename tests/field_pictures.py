"""H.264 whose frames are stored as two fields, two packets each, which no encoder at hand writes.

Uncompressed macroblocks (I_PCM) keep the stream simple: ITU-T H.264, 7.3.2.1 (parameter sets), 7.3.3 (slice
header) and 7.3.5 (macroblocks). Every second frame is one that no other refers to.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from numbered_videos import HEIGHT, WIDTH, picture

GROUP = 10
BLOCK = 16


class _Bits:
    def __init__(self) -> None:
        self._bits: list[int] = []

    def put(self, count: int, value: int) -> _Bits:
        self._bits += [value >> place & 1 for place in reversed(range(count))]
        return self

    def number(self, *values: int) -> _Bits:
        """Append unsigned Exp-Golomb numbers."""
        for value in values:
            self.put((value + 1).bit_length() - 1, 0).put((value + 1).bit_length(), value + 1)
        return self

    def align(self) -> _Bits:
        return self.put(-len(self._bits) % 8, 0)

    def samples(self, values: np.ndarray) -> _Bits:
        self.align()._bits += np.unpackbits(values).tolist()
        return self

    def unit(self, kind: int, importance: int) -> bytes:
        """Close the unit, and keep start codes out of it."""
        payload = np.packbits(np.array(self.put(1, 1).align()._bits, np.uint8)).tobytes()
        out, zeros = bytearray(), 0
        for byte in payload:
            if zeros >= 2 and byte <= 3:
                out.append(3)
                zeros = 0
            out.append(byte)
            zeros = zeros + 1 if byte == 0 else 0
        return b"\0\0\0\1" + bytes([importance << 5 | kind]) + bytes(out)


def _parameter_sets() -> bytes:
    sequence = _Bits().put(8, 77).put(8, 0).put(8, 30).number(0, 4, 0, 4, 2).put(1, 0)
    sequence.number(WIDTH // BLOCK - 1, HEIGHT // BLOCK // 2 - 1).put(5, 0b00100)
    picture_set = _Bits().number(0, 0).put(2, 0b01).number(0, 0, 0).put(3, 0).number(0, 0, 0).put(3, 0)
    return sequence.unit(7, 3) + picture_set.unit(8, 3)


def _slice(image: np.ndarray, number: int, field: int | None, count: int, first: bool) -> bytes:
    """Write a frame, or its top (0) or bottom (1) field."""
    place = number % GROUP
    referred = place == 0 or number % 2 == 0
    starts = first and place == 0
    bits = _Bits().number(0, 7, 0).put(8, count)
    bits.put(1, 0) if field is None else bits.put(2, 0b10 | field)
    if starts:
        bits.number(number // GROUP % 2)
    bits.put(8, 2 * place + (field or 0))
    if field is None:
        bits.number(0)
    if referred:
        bits.put(2 if starts else 1, 0)
    bits.number(0)
    rows = image if field is None else image[field::2]
    grey = np.full(128, 128, np.uint8)
    for top in range(0, rows.shape[0], BLOCK):
        for left in range(0, WIDTH, BLOCK):
            block = rows[top : top + BLOCK, left : left + BLOCK]
            bits.number(25).samples(np.concatenate([block.ravel(), grey]))
    return bits.unit(5 if starts else 1, int(referred))


def encode_fields(path: Path, container: str, in_fields: Callable[[int], bool], frames: int) -> Path:
    """Write a numbered video in which some frames are stored as two fields.

    Parameters
    ----------
    path : Path
        File.
    container : str
        FFmpeg's name of the container.
    in_fields : callable
        Tells whether a frame, by number, is stored as two fields.
    frames : int
        How many frames.

    Returns
    -------
    Path
        The file.
    """
    pictures: list[list[bytes]] = []
    count = 0
    for number in range(frames):
        image = np.clip(picture(number), 5, 250)
        count = 0 if number % GROUP == 0 else count
        fields = (0, 1) if in_fields(number) else (None,)
        parts = [_slice(image, number, field, count, first=not field) for field in fields]
        if number % GROUP == 0:
            parts[0] = _parameter_sets() + parts[0]
        pictures.append(parts)
        count += number % GROUP == 0 or number % 2 == 0
    raw = path.with_suffix(".h264")
    raw.write_bytes(b"".join(part for parts in pictures for part in parts))
    with av.open(str(raw)) as template, av.open(str(path), "w", format=container) as target:
        stream = target.add_stream_from_template(template.streams.video[0])
        for number, parts in enumerate(pictures):
            for field, part in enumerate(parts):
                packet = av.Packet(part)
                packet.stream, packet.time_base = stream, Fraction(1, 50)
                packet.pts = packet.dts = 2 * number + field + 50
                packet.is_keyframe = number % GROUP == 0 and field == 0
                target.mux(packet)
    return path
