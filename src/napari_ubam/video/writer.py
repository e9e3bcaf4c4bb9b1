"""Write video files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import cast

import av
import av.error
import numpy as np
import numpy.typing as npt

from .errors import VideoError

_CODECS = {".mp4": "libx264", ".mov": "libx264", ".mkv": "libx264", ".avi": "mpeg4", ".webm": "libvpx-vp9"}


class VideoWriter:
    """Write a video file frame by frame. Use it as a context manager.

    The file gets its final name when it is complete. Until then its name contains ``.part``.

    Parameters
    ----------
    path : str or path-like
        File to write. The extension selects the container: .mp4, .mov, .mkv (H.264), .avi (MPEG-4) or
        .webm (VP9).
    fps : float
        Frames per second.
    codec : str, optional
        FFmpeg name of another encoder, such as ``ffv1``.
    pixel_format : str
        FFmpeg name of the stored pixel format.
    options : dict of str to str, optional
        Options of the encoder, such as ``{"crf": "18"}``.

    Raises
    ------
    VideoError
        If the extension is not one of these.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        fps: float = 25.0,
        *,
        codec: str | None = None,
        pixel_format: str = "yuv420p",
        options: dict[str, str] | None = None,
    ) -> None:
        self.path = Path(path)
        suffix = self.path.suffix.lower()
        if suffix not in _CODECS:
            known = ", ".join(_CODECS)
            raise VideoError(f"{path}: a video cannot be written as '{suffix}'; use one of {known}.")
        self._partial = self.path.with_name(f"{self.path.stem}.part{suffix}")
        self._container = av.open(str(self._partial), "w")
        rate = Fraction(fps).limit_denominator(60000)
        stream = self._container.add_stream(codec or _CODECS[suffix], rate=rate, options=options or {})
        self._stream = cast(av.VideoStream, stream)
        self._stream.pix_fmt = pixel_format
        self._time_base = 1 / rate
        self._shape: tuple[int, ...] | None = None
        self._count = 0

    def write(self, frame: npt.NDArray[np.uint8]) -> None:
        """Append a frame.

        Parameters
        ----------
        frame : ndarray of uint8, shape (y, x, 3), (y, x, 1) or (y, x)
            RGB or grey image. If the pixel format needs an even height and width, edge pixels are repeated.

        Raises
        ------
        VideoError
            If the frame differs from the first one in size, or is not uint8.
        """
        pixels = frame[..., 0] if frame.ndim == 3 and frame.shape[2] == 1 else frame
        if self._shape is None:
            self._shape = pixels.shape
        if pixels.shape != self._shape or pixels.dtype != np.uint8:
            raise VideoError(
                f"{self.path}: frame {self._count} is {pixels.shape} {pixels.dtype}, but the first is "
                f"{self._shape} uint8; give frames of the same size and type."
            )
        pixels = self._padded_to_even(pixels)
        if self._count == 0:
            self._stream.height, self._stream.width = pixels.shape[:2]
        layout = "rgb24" if pixels.ndim == 3 else "gray"
        encoded = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format=layout)
        encoded.pts = self._count
        encoded.time_base = self._time_base
        self._container.mux(self._stream.encode(encoded))
        self._count += 1

    def _padded_to_even(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        if "420" not in str(self._stream.pix_fmt):
            return pixels
        odd = [(0, length % 2) for length in pixels.shape[:2]] + [(0, 0)] * (pixels.ndim - 2)
        return np.pad(pixels, odd, mode="edge") if any(after for _, after in odd) else pixels

    def close(self) -> None:
        """Finish the file and give it its final name.

        Raises
        ------
        VideoError
            If no frame was written.
        """
        if self._count == 0:
            self.abort()
            raise VideoError(f"{self.path}: a video needs at least one frame; write a frame before closing.")
        self._container.mux(self._stream.encode(None))
        self._container.close()
        self._partial.replace(self.path)

    def abort(self) -> None:
        """Delete the unfinished file."""
        self._container.close()
        self._partial.unlink(missing_ok=True)

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()


def write_video(
    path: str | os.PathLike[str],
    frames: Iterable[npt.NDArray[np.uint8]],
    fps: float = 25.0,
    *,
    codec: str | None = None,
    pixel_format: str = "yuv420p",
    options: dict[str, str] | None = None,
) -> Path:
    """Write frames to a video file.

    Parameters
    ----------
    path : str or path-like
        File to write.
    frames : iterable of ndarray of uint8, shape (y, x, 3), (y, x, 1) or (y, x)
        Frames. They are read one at a time.
    fps : float
        Frames per second.
    codec, pixel_format : str, optional
        As in `VideoWriter`.
    options : dict of str to str, optional
        As in `VideoWriter`.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    VideoError
        If the extension is not supported, there is no frame, or the frames differ in size.
    """
    with VideoWriter(path, fps, codec=codec, pixel_format=pixel_format, options=options) as writer:
        for frame in frames:
            writer.write(frame)
    return writer.path
