"""Convert decoded frames to arrays: RGB, grey, or the stored Y plane."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, cast

import av
import av.filter
import numpy as np
import numpy.typing as npt
from av.sidedata.sidedata import Type

from .index import Picture

Matrix = tuple[int, int, int, int]
IDENTITY: Matrix = (1, 0, 0, 1)
_NEWER_KINDS = 32


def display_matrix(frame: av.VideoFrame) -> Matrix:
    """Read the rotation and mirroring with which the video must be displayed.

    Parameters
    ----------
    frame : av.VideoFrame
        A decoded frame with its side data.

    Returns
    -------
    tuple of int
        ``(a, b, c, d)``: the stored pixel ``(x, y)`` is displayed at ``(ax + cy, bx + dy)``, up to a shift.
        Rotations that are not multiples of 90 degrees are ignored: the result is the identity.
    """
    data = _side_data(frame).get("DISPLAYMATRIX")
    if data is None:
        return IDENTITY
    values = np.frombuffer(cast(bytes, data), np.int32)[[0, 1, 3, 4]] / 65536
    a, b, c, d = (round(value) for value in values)
    quarter_turn = sorted(map(abs, (a, b))) == [0, 1] and abs(a) == abs(d) and abs(b) == abs(c)
    return (a, b, c, d) if quarter_turn else IDENTITY


def _side_data(frame: av.VideoFrame) -> Any:
    """Read the side data of a frame, also if FFmpeg is newer than PyAV and has kinds that it does not know.

    Such as the Exif block of a JPEG image, for which PyAV 18 raises an error.
    """
    try:
        return frame.side_data
    except ValueError:
        newest = max(cast(int, kind.value) for kind in Type)
    graph = av.filter.Graph()
    last = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1)
    )
    source = last
    for kind in range(newest + 1, newest + _NEWER_KINDS):
        following = graph.add("sidedata", f"mode=delete:type={kind}")
        last.link_to(following)
        last = following
    sink = graph.add("buffersink")
    last.link_to(sink)
    graph.configure()
    source.push(frame)
    return cast(av.VideoFrame, sink.pull()).side_data


def orient(pixels: npt.NDArray[Any], matrix: Matrix) -> npt.NDArray[Any]:
    """Rotate and mirror an image by its display matrix.

    Parameters
    ----------
    pixels : ndarray, shape (y, x) or (y, x, c)
        Image as stored.
    matrix : tuple of int
        See `display_matrix`.

    Returns
    -------
    ndarray, shape (y, x) or (y, x, c)
        Image as displayed, contiguous.
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
    """Converter for the frames of one stream. Threads must not share it.

    Parameters
    ----------
    picture : Picture
        Format of the frames.
    """

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._graphs: dict[tuple[str, str], _Graph] = {}

    @property
    def luma_dtype(self) -> np.dtype:
        """Data type of the luma samples: uint8, or uint16 above 8 bits."""
        stored = _has_luma_plane(av.VideoFormat(self._picture.pixel_format))
        return np.dtype(np.uint16 if stored and self._picture.depth > 8 else np.uint8)

    def pixels(self, frame: av.VideoFrame) -> npt.NDArray[Any]:
        """Convert a frame to an image as displayed.

        Parameters
        ----------
        frame : av.VideoFrame
            Decoded frame.

        Returns
        -------
        ndarray, shape (y, x, c)
            RGB uint8 (c = 3), or grey samples as stored (c = 1).
        """
        if self._picture.channels == 1:
            return self.luma(frame)[..., np.newaxis]
        return orient(self._converted(frame, "rgb24").to_ndarray(), self._picture.display_matrix)

    def luma(self, frame: av.VideoFrame) -> npt.NDArray[Any]:
        """Return the Y plane of a frame as displayed. Its values are not converted.

        Parameters
        ----------
        frame : av.VideoFrame
            Decoded frame.

        Returns
        -------
        ndarray, shape (y, x)
            Samples with the range and bit depth of the file. Frames without a separate Y plane (RGB,
            palettes, packed formats) are converted to 8-bit grey.
        """
        if not _has_luma_plane(frame.format):
            frame = self._converted(frame, "gray")
        return orient(_plane(frame), self._picture.display_matrix)

    def _converted(self, frame: av.VideoFrame, pixel_format: str) -> av.VideoFrame:
        """Convert with a filter graph. It reuses its buffers, which halves the cost."""
        key = (frame.format.name, pixel_format)
        if key not in self._graphs:
            self._graphs[key] = _Graph(frame, pixel_format)
        return self._graphs[key].convert(frame)


class _Graph:
    """Pixel format conversion of FFmpeg, as on its command line."""

    def __init__(self, frame: av.VideoFrame, pixel_format: str) -> None:
        graph = av.filter.Graph()
        # With threads, a forked process that frees the graph would wait forever for them.
        graph.threads = 1
        source = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1)
        )
        converter, sink = graph.add("format", pixel_format), graph.add("buffersink")
        source.link_to(converter)
        converter.link_to(sink)
        graph.configure()
        # The filters do not hold a reference to their graph.
        self._graph, self._source, self._sink = graph, source, sink

    def convert(self, frame: av.VideoFrame) -> av.VideoFrame:
        self._source.push(frame)
        return cast(av.VideoFrame, self._sink.pull())


def _has_luma_plane(form: av.VideoFormat) -> bool:
    first_plane = [component for component in form.components if component.plane == 0]
    return not form.is_rgb and not form.has_palette and not form.is_bit_stream and len(first_plane) == 1


def _plane(frame: av.VideoFrame) -> npt.NDArray[Any]:
    """Copy the first plane, because the decoder can reuse its buffer."""
    wide = frame.format.components[0].bits > 8
    dtype = np.dtype(np.uint16 if wide else np.uint8)
    if wide and frame.format.is_big_endian:
        dtype = dtype.newbyteorder(">")
    plane = frame.planes[0]
    samples: npt.NDArray[Any] = np.frombuffer(cast(bytes, plane), dtype)
    rows = samples.reshape(plane.height, plane.line_size // dtype.itemsize)
    return rows[:, : plane.width].astype(dtype.newbyteorder("="), order="C", copy=True)
