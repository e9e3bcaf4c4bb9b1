"""From decoded frames to arrays: RGB, grey, and the Y plane as it is stored."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, cast

import av
import av.filter
import numpy as np
import numpy.typing as npt

from .index import Picture

Matrix = tuple[int, int, int, int]
IDENTITY: Matrix = (1, 0, 0, 1)


def display_matrix(frame: av.VideoFrame) -> Matrix:
    """Rotation and mirroring that the file asks a player for.

    Parameters
    ----------
    frame : av.VideoFrame
        A decoded frame with its side data.

    Returns
    -------
    tuple of int
        ``(a, b, c, d)``: stored ``(x, y)`` shows at ``(ax + cy, bx + dy)``, up to a shift. Rotations other
        than by quarter turns are not followed: the identity is returned.
    """
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return IDENTITY
    values = np.frombuffer(cast(bytes, data), np.int32)[[0, 1, 3, 4]] / 65536
    a, b, c, d = (round(value) for value in values)
    quarter_turn = sorted(map(abs, (a, b))) == [0, 1] and abs(a) == abs(d) and abs(b) == abs(c)
    return (a, b, c, d) if quarter_turn else IDENTITY


def orient(pixels: npt.NDArray[Any], matrix: Matrix) -> npt.NDArray[Any]:
    """Turn and mirror an image as its display matrix says.

    Parameters
    ----------
    pixels : ndarray, shape (y, x) or (y, x, c)
        Image as stored.
    matrix : tuple of int
        See `display_matrix`.

    Returns
    -------
    ndarray
        Image as shown, contiguous.
    """
    if matrix == IDENTITY:
        return pixels
    a, b, c, d = matrix
    if a == 0:
        pixels = pixels.swapaxes(0, 1)
    if a + c < 0:
        pixels = pixels[:, ::-1]
    if b + d < 0:
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


class Converter:
    """Converts the frames of one stream; not to be shared by threads.

    Parameters
    ----------
    picture : Picture
        What the frames of the stream look like.
    """

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._graphs: dict[tuple[str, str], _Graph] = {}

    @property
    def luma_dtype(self) -> np.dtype:
        """Type of the luma samples: uint8, uint16 above 8 bits."""
        stored = _has_luma_plane(av.VideoFormat(self._picture.pixel_format))
        return np.dtype(np.uint16 if stored and self._picture.depth > 8 else np.uint8)

    def pixels(self, frame: av.VideoFrame) -> npt.NDArray[Any]:
        """Image of a frame as shown.

        Parameters
        ----------
        frame : av.VideoFrame
            Decoded frame.

        Returns
        -------
        ndarray, shape (y, x, c)
            RGB uint8 (c = 3), or the grey samples as stored (c = 1).
        """
        if self._picture.channels == 1:
            return self.luma(frame)[..., np.newaxis]
        return orient(self._as(frame, "rgb24").to_ndarray(), self._picture.display_matrix)

    def luma(self, frame: av.VideoFrame) -> npt.NDArray[Any]:
        """Y plane of a frame as shown, without conversion of its values.

        Parameters
        ----------
        frame : av.VideoFrame
            Decoded frame.

        Returns
        -------
        ndarray, shape (y, x)
            Samples in the range and depth of the file. Streams without a Y plane (RGB, palettes) and packed
            ones are converted to 8-bit grey first.
        """
        if not _has_luma_plane(frame.format):
            frame = self._as(frame, "gray")
        return orient(_plane(frame), self._picture.display_matrix)

    def _as(self, frame: av.VideoFrame, pixel_format: str) -> av.VideoFrame:
        """Convert with a filter graph: its buffers are used again, which halves the cost of conversion."""
        key = (frame.format.name, pixel_format)
        if key not in self._graphs:
            self._graphs[key] = _Graph(frame, pixel_format)
        return self._graphs[key].convert(frame)


class _Graph:
    """FFmpeg's own conversion of pixel formats, as its command line does it."""

    def __init__(self, frame: av.VideoFrame, pixel_format: str) -> None:
        graph = av.filter.Graph()
        # A forked process that frees a graph would wait for ever for threads that it does not have.
        graph.threads = 1
        source = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1)
        )
        converter, sink = graph.add("format", pixel_format), graph.add("buffersink")
        source.link_to(converter)
        converter.link_to(sink)
        graph.configure()
        # Filters do not keep their graph alive.
        self._graph, self._source, self._sink = graph, source, sink

    def convert(self, frame: av.VideoFrame) -> av.VideoFrame:
        self._source.push(frame)
        return cast(av.VideoFrame, self._sink.pull())


def _has_luma_plane(form: av.VideoFormat) -> bool:
    first_plane = [component for component in form.components if component.plane == 0]
    return not form.is_rgb and not form.has_palette and not form.is_bit_stream and len(first_plane) == 1


def _plane(frame: av.VideoFrame) -> npt.NDArray[Any]:
    """Copy the first plane: the decoder's buffer may be reused when the frame leaves the cache."""
    wide = frame.format.components[0].bits > 8
    dtype = np.dtype(np.uint16 if wide else np.uint8)
    if wide and frame.format.is_big_endian:
        dtype = dtype.newbyteorder(">")
    plane = frame.planes[0]
    samples: npt.NDArray[Any] = np.frombuffer(cast(bytes, plane), dtype)
    rows = samples.reshape(plane.height, plane.line_size // dtype.itemsize)
    return rows[:, : plane.width].astype(dtype.newbyteorder("="), order="C", copy=True)
