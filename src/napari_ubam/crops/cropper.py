"""Letterboxed crops: from a rectangle of a frame to a small image, without stretching."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any, cast

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from napari_ubam.study import PlacedRoi, Roi

from .errors import CropError
from .layout import layout
from .turned import Fit, sample

Image = NDArray[np.uint8]

MIN_SIDE, MAX_SIDE = 8, 4096  # height and width of a crop in pixels
_EXACT = Interpolation.ACCURATE_RND | Interpolation.BITEXACT  # no bias, and the same on every processor
MIN_INSIDE = 0.25  # fraction of a box inside the frame; with less, most pixels are repeated edge pixels


@dataclass(frozen=True)
class CropSpec:
    """Size and colour of crops.

    Parameters
    ----------
    height, width : int
        Size in pixels, 8 to 4096.
    colour : bool
        True for RGB, False for brightness.

    Raises
    ------
    CropError
        If the size is out of range.
    """

    height: int
    width: int
    colour: bool = False

    def __post_init__(self) -> None:
        for side in self.size:
            if not MIN_SIDE <= side <= MAX_SIDE:
                raise CropError(f"A crop of {side} pixels is not possible; choose {MIN_SIDE} to {MAX_SIDE}.")

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.height, self.width

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of a crop: ``(height, width)`` or ``(height, width, 3)``."""
        return (*self.size, 3) if self.colour else self.size

    @property
    def nbytes(self) -> int:
        """Size of a crop in bytes."""
        return self.height * self.width * (3 if self.colour else 1)


def letterbox(image: Image, size: tuple[int, int]) -> Image:
    """Scale an image to fit into a rectangle and keep its proportions.

    A smaller result averages pixels over areas (the ``area`` scaler of FFmpeg, exact up to rounding and
    without aliasing). A larger one uses linear interpolation. The image is centred. The bars repeat its edge
    pixels: a constant bar would add a strong edge that is not in the scene, and a mirrored bar would show
    limbs twice.

    Parameters
    ----------
    image : ndarray of uint8, shape (y, x) or (y, x, 3)
        Grey or RGB image with at least one pixel.
    size : tuple of int
        Height and width of the result in pixels.

    Returns
    -------
    ndarray of uint8, shape (height, width) or (height, width, 3)
        The letterboxed image.

    Raises
    ------
    CropError
        If the shape or data type is not that of an image.
    """
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)):
        raise CropError(
            f"An array of shape {image.shape} and type {image.dtype} cannot be cropped; give uint8 of "
            "shape (y, x) or (y, x, 3)."
        )
    if not image.size:
        raise CropError("An image without pixels cannot be cropped; give a region of at least one pixel.")
    if not hasattr(_shared, "cropper"):
        _shared.cropper = Cropper()
    whole = Roi(x=0, y=0, width=image.shape[1], height=image.shape[0])
    return cast(Cropper, _shared.cropper).crop(image, whole, size)


class Cropper:
    """Crop and letterbox images. It reuses its buffers, so threads must not share it."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()
        self._frame: av.VideoFrame | None = None

    def crop(self, image: Image, roi: Roi, size: tuple[int, int]) -> Image:
        """Cut a rectangle out of an image and letterbox it.

        Parameters
        ----------
        image : ndarray of uint8, shape (y, x) or (y, x, 3)
            The frame.
        roi : Roi
            Rectangle that overlaps the image. Outside the image, edge pixels are repeated. A `PlacedRoi` is
            cut out at its exact place, and turned back.
        size : tuple of int
            Height and width of the result in pixels.

        Returns
        -------
        ndarray of uint8, shape (height, width) or (height, width, 3)
            The crop.
        """
        if isinstance(roi, PlacedRoi):
            return _centred(sample(image, roi, Fit.of(roi, size)), size)
        height, width = image.shape[:2]
        inner, outer = layout((roi.height, roi.width), size)
        # Half of the padding is before the rectangle, half after it.
        top, left = roi.y - (outer[0] - roi.height) // 2, roi.x - (outer[1] - roi.width) // 2
        rows = max(roi.y, 0), min(roi.y + roi.height, height)
        columns = max(roi.x, 0), min(roi.x + roi.width, width)
        place = rows[0] - top, columns[0] - left
        frame = self._filled(image[slice(*rows), slice(*columns)], place, outer)
        return _centred(self._scaled(frame, inner), size)

    def _filled(self, pixels: Image, place: tuple[int, int], shape: tuple[int, int]) -> av.VideoFrame:
        """Create a frame with the image at a position, surrounded by its repeated edge pixels."""
        # Packed RGB would be converted to YUV for scaling. Three planes are scaled independently.
        name = "gray" if pixels.ndim == 2 else "yuv444p"
        frame = self._frame
        if frame is None or (frame.height, frame.width, frame.format.name) != (*shape, name):
            frame = self._frame = av.VideoFrame(shape[1], shape[0], name)
        planes = _planes(frame)
        for channel, plane in enumerate(planes):
            _paste(pixels if len(planes) == 1 else pixels[..., channel], plane, place)
        return frame

    def _scaled(self, frame: av.VideoFrame, shape: tuple[int, int]) -> Image:
        shrinks = frame.height * frame.width > shape[0] * shape[1]
        method = Interpolation.AREA if shrinks else Interpolation.BILINEAR
        # The reformatter caches its tables for the last sizes.
        scaled = self._reformatter.reformat(
            frame, width=shape[1], height=shape[0], interpolation=method | _EXACT, threads=1
        )
        planes = _planes(scaled)
        return planes[0] if len(planes) == 1 else np.stack(planes, axis=-1)


_shared = threading.local()


def is_visible(roi: Roi, height: int, width: int) -> bool:
    """Check that at least a quarter of the area of a rectangle is inside the frame.

    Parameters
    ----------
    roi : Roi
        Rectangle. It can exceed the frame.
    height, width : int
        Size of the frame in pixels.

    Returns
    -------
    bool
        True if enough of the rectangle is inside.
    """
    return roi.share_inside(height, width) >= MIN_INSIDE


def _planes(frame: av.VideoFrame) -> list[Image]:
    """Return the planes of a frame, each of shape (y, x), as views of its memory."""
    found = []
    for plane in frame.planes:
        samples: Image = np.frombuffer(cast(bytes, plane), np.uint8)
        rows = samples[: frame.height * plane.line_size].reshape(frame.height, plane.line_size)
        found.append(rows[:, : frame.width])
    return found


def _centred(image: Image, size: tuple[int, int]) -> Image:
    whole = np.empty((*size, *image.shape[2:]), np.uint8)
    _paste(image, whole, ((size[0] - image.shape[0]) // 2, (size[1] - image.shape[1]) // 2))
    return whole


def _paste(image: Image, target: NDArray[Any], place: tuple[int, int]) -> None:
    """Copy an image into a larger one and fill the rest with its edge pixels."""
    (top, left), (height, width) = place, image.shape[:2]
    target[top : top + height, left : left + width] = image
    band = target[top : top + height]
    band[:, :left] = image[:, :1]
    band[:, left + width :] = image[:, -1:]
    target[:top] = target[top]
    target[top + height :] = target[top + height - 1]
