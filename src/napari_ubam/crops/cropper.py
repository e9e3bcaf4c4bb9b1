"""From a rectangle of a frame to a small image of the model's shape, without stretching it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from math import ceil
from typing import Any, cast

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from napari_ubam.study import Roi

from .errors import CropError

Image = NDArray[np.uint8]

SMALLEST, LARGEST = 8, 4096  # pixels of a crop's side
_EXACT = Interpolation.ACCURATE_RND | Interpolation.BITEXACT  # no bias, and the same on every processor
LEAST_INSIDE = 0.25  # of a box's area: one that shows less of the frame shows mostly repeated pixels


@dataclass(frozen=True)
class CropSpec:
    """What the crops of a model look like.

    Parameters
    ----------
    height, width : int
        In pixels, 8 to 4096.
    colour : bool
        RGB; otherwise brightness.

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
            if not SMALLEST <= side <= LARGEST:
                raise CropError(f"Crops of {side} pixels make no sense; choose {SMALLEST} to {LARGEST}.")

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.height, self.width

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of a crop: ``(height, width)`` or ``(height, width, 3)``."""
        return (*self.size, 3) if self.colour else self.size

    @property
    def nbytes(self) -> int:
        """Bytes of a crop."""
        return self.height * self.width * (3 if self.colour else 1)


def letterbox(image: Image, size: tuple[int, int]) -> Image:
    """Scale an image to fit into a rectangle, its proportions kept.

    Pixels are averaged over areas where the image shrinks (FFmpeg's ``area`` scaler, which is exact to
    rounding and so free of aliasing) and interpolated linearly where it grows. The image is centred; what
    the rectangle has beside it repeats the image's edge pixels, since a bar of a constant grey would draw a
    strong edge that is not in the scene, and a mirrored bar would show limbs twice.

    Parameters
    ----------
    image : ndarray of uint8, shape (y, x) or (y, x, 3)
        Any size of at least one pixel.
    size : tuple of int
        Height and width of the result.

    Returns
    -------
    ndarray of uint8, shape (height, width) or (height, width, 3)
        The letterboxed image.

    Raises
    ------
    CropError
        If it is no such image.
    """
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)):
        raise CropError(
            f"An array of shape {image.shape} and type {image.dtype} is no image to crop; give uint8 of "
            "shape (y, x) or (y, x, 3)."
        )
    if not image.size:
        raise CropError("An image without pixels cannot be cropped; give a region of at least one pixel.")
    if not hasattr(_shared, "cropper"):
        _shared.cropper = Cropper()
    whole = Roi(x=0, y=0, width=image.shape[1], height=image.shape[0])
    return cast(Cropper, _shared.cropper).crop(image, whole, size)


class Cropper:
    """Cuts and letterboxes images, and keeps its buffers for the next one; not to be shared by threads."""

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
            Rectangle that shares pixels with the image; where it reaches over it, edge pixels are repeated.
        size : tuple of int
            Height and width of the result.

        Returns
        -------
        ndarray of uint8, shape (height, width) or (height, width, 3)
            The crop.
        """
        height, width = image.shape[:2]
        inner, outer = layout((roi.height, roi.width), size)
        # Half of what is added to keep the proportions lies before the rectangle, half behind it.
        top, left = roi.y - (outer[0] - roi.height) // 2, roi.x - (outer[1] - roi.width) // 2
        rows = max(roi.y, 0), min(roi.y + roi.height, height)
        columns = max(roi.x, 0), min(roi.x + roi.width, width)
        place = rows[0] - top, columns[0] - left
        frame = self._filled(image[slice(*rows), slice(*columns)], place, outer)
        return _centred(self._scaled(frame, inner), size)

    def _filled(self, pixels: Image, place: tuple[int, int], shape: tuple[int, int]) -> av.VideoFrame:
        """Frame that holds an image at a place, and around it repeats its edge pixels."""
        # Scaled as packed RGB, colours would pass through YUV; as three planes each is scaled by itself.
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
        # A reformatter keeps what it worked out for the sizes that it had last.
        scaled = self._reformatter.reformat(
            frame, width=shape[1], height=shape[0], interpolation=method | _EXACT, threads=1
        )
        planes = _planes(scaled)
        return planes[0] if len(planes) == 1 else np.stack(planes, axis=-1)


_shared = threading.local()


def is_shown(roi: Roi, height: int, width: int) -> bool:
    """Whether enough of a rectangle lies in the frame: at least a quarter of its area.

    Parameters
    ----------
    roi : Roi
        Rectangle, which may reach over the frame.
    height, width : int
        Size of the frame.
    """
    seen = roi.clipped(height, width)
    return seen is not None and seen.width * seen.height >= LEAST_INSIDE * roi.width * roi.height


def layout(shape: tuple[int, int], size: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Find the sizes that keep an image's proportions.

    Parameters
    ----------
    shape : tuple of int
        Height and width of the image.
    size : tuple of int
        Height and width that it has to fit into.

    Returns
    -------
    inner : tuple of int
        Height and width that the image has in there; one of them is all that there is.
    outer : tuple of int
        Height and width to which the image has to be extended to have exactly these proportions, up to half
        a pixel; the longer side stays, and where the image grows both do.
    """
    # As a fraction of whole numbers, so that nothing is rounded twice.
    new, old = min(zip(size, shape, strict=True), key=lambda pair: pair[0] / pair[1])
    if new >= old:
        height, width = (max(round(side * new / old), 1) for side in shape)
        return (height, width), shape
    height, width = (ceil(side * new / old) for side in shape)
    return (height, width), (round(height * old / new), round(width * old / new))


def _planes(frame: av.VideoFrame) -> list[Image]:
    """Give the samples of a frame's planes, each of shape (y, x), in the frame's own memory."""
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
    """Put an image into a larger one, whose other pixels repeat its edges."""
    (top, left), (height, width) = place, image.shape[:2]
    target[top : top + height, left : left + width] = image
    band = target[top : top + height]
    band[:, :left] = image[:, :1]
    band[:, left + width :] = image[:, -1:]
    target[:top] = target[top]
    target[top + height :] = target[top + height - 1]
