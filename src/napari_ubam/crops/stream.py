"""Crops of a recording, decoded once from its first frame to its last."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from napari_ubam.progress import Cancel
from napari_ubam.study import Recording, Roi
from napari_ubam.video import FrameError, VideoArray, open_video

from .background import ahead
from .cropper import Cropper, CropSpec, is_shown
from .errors import CropError
from .levels import Levels, levels_of

BLOCK = 64  # frames a block, and a chunk of the cache
_GROUP_BYTES, _GROUP_FRAMES = 16 * 2**20, 8  # decoded frames that are handed over at once
_WAITING = 2  # groups of decoded frames that wait

Block = tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.bool_]]


class _Picture(NamedTuple):
    """A frame on its way from the decoder: None for the image where there is none to crop."""

    number: int
    image: NDArray[Any] | None
    roi: Roi


class CropStream(Iterator[Block]):
    """Iterator over blocks of crops; see `iter_crops`.

    Close it, or use it as a context manager, where it is not read to its end.

    Attributes
    ----------
    unreadable : int
        Frames so far that do not decode.
    """

    def __init__(
        self,
        recording: Recording,
        spec: CropSpec,
        frames: Sequence[int] | NDArray[np.int64] | None,
        block: int,
        waiting: int,
        video: VideoArray | None,
        cancel: Cancel | None,
    ) -> None:
        self._failed: list[int] = []
        self._own = video is None
        self._video = recording.open_with(open_video, warn=False) if video is None else video
        numbers = _ascending(recording, len(self._video), frames)
        failed, source = self._failed, _Frames(recording, self._video, spec)

        def decoded() -> Generator[list[_Picture], None, None]:
            return source.groups(numbers, failed)

        def cropped() -> Generator[Block, None, None]:
            return _blocks(ahead(decoded, _WAITING), source, spec, block)

        self._blocks = ahead(cropped, waiting, cancel)

    @property
    def unreadable(self) -> int:
        """Frames so far that do not decode."""
        return len(self._failed)

    def __next__(self) -> Block:
        try:
            return next(self._blocks)
        except BaseException:  # the end, too
            self.close()
            raise

    def close(self) -> None:
        """End the threads, and close the video where it was opened here."""
        self._blocks.close()
        if self._own:
            self._video.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def iter_crops(
    recording: Recording,
    spec: CropSpec,
    frames: Sequence[int] | NDArray[np.int64] | None = None,
    *,
    block: int = BLOCK,
    waiting: int = 2,
    video: VideoArray | None = None,
    cancel: Cancel | None = None,
) -> CropStream:
    """Crop frames of a recording, each decoded once, in their order.

    One thread decodes and another crops, ahead of what was asked for. Brightness
    is the Y plane of the video. Samples of other types than uint8 are scaled to 8 bits by limits that hold
    for the whole recording.

    Parameters
    ----------
    recording : Recording
        Its video is opened, and closed at the end.
    spec : CropSpec
        What the crops look like.
    frames : sequence of int, optional
        Frame numbers, ascending; all of the recording unless given.
    block : int
        Frames a block.
    waiting : int
        Blocks that are made ahead.
    video : VideoArray, optional
        The recording's video where it is open already; it stays open.
    cancel : Cancel, optional
        Looked at while a block is waited for.

    Returns
    -------
    CropStream
        Iterator over frame numbers (n,), crops (n, y, x[, 3]) uint8 and valid (n,) bool, n being
        ``block`` but for the last one. A frame without a crop is black and not valid: in a gap of the track,
        with less than a quarter of its box in the frame, or where it does not decode.

    Raises
    ------
    VideoError
        If the video cannot be used.
    CropError
        If the frames do not ascend or are not in the video.
    Cancelled
        While iterating, when ``cancel`` is set.
    """
    return CropStream(recording, spec, frames, block, waiting, video, cancel)


def _ascending(
    recording: Recording, count: int, frames: Sequence[int] | NDArray[np.int64] | None
) -> NDArray[np.int64]:
    numbers = np.asarray(recording.frames(count) if frames is None else frames, np.int64)
    if len(numbers) and (numbers[0] < 0 or numbers[-1] >= count or (np.diff(numbers) <= 0).any()):
        raise CropError(
            f"{recording.name}: frames are cropped in ascending order, and this video has 0 to {count - 1}; "
            "give such frame numbers."
        )
    return numbers


class _Frames:
    """Frames of a recording and their rectangles; one thread decodes them, another crops."""

    def __init__(self, recording: Recording, video: VideoArray, spec: CropSpec) -> None:
        self._recording = recording
        self._video = video if spec.colour else video.luma()
        self._read = video.source.read if spec.colour else video.source.read_luma
        self._repeat = spec.colour and video.shape[-1] == 1
        self._size = video.shape[1], video.shape[2]
        self._whole = Roi(x=0, y=0, width=self._size[1], height=self._size[0])
        self._group = min(max(_GROUP_BYTES * len(self._video) // self._video.nbytes, 1), _GROUP_FRAMES)
        self._levels: Levels | None = None
        self._cropper = Cropper()

    def groups(self, numbers: NDArray[np.int64], failed: list[int]) -> Generator[list[_Picture], None, None]:
        """Decode frames, a few at a time; those that do not decode are added to ``failed``."""
        self._levels = levels_of(self._recording, self._video)
        for start in range(0, len(numbers), self._group):
            group = numbers[start : start + self._group].tolist()
            boxes = self._recording.crops(group) or [self._whole] * len(group)
            with self._video.source.exclusive_access():
                pictures = [
                    self._picture(number, roi, failed) for number, roi in zip(group, boxes, strict=True)
                ]
            yield pictures

    def _picture(self, number: int, roi: Roi | None, failed: list[int]) -> _Picture:
        if roi is None or not is_shown(roi, *self._size):
            return _Picture(number, None, self._whole)
        try:
            return _Picture(number, self._read(number, False), roi)
        except FrameError:
            failed.append(number)
            return _Picture(number, None, self._whole)

    def crop(self, image: NDArray[Any], roi: Roi, size: tuple[int, int]) -> NDArray[np.uint8]:
        """Crop a frame, with as many bits and channels as crops have."""
        seen = roi.clipped(*self._size)
        assert seen is not None  # else the frame was not read
        image = image[seen.slices]
        if self._levels is not None:
            image = self._levels.apply(image)
        if self._repeat:
            image = np.repeat(image, 3, axis=-1)
        roi = roi.model_copy(update={"x": roi.x - seen.x, "y": roi.y - seen.y})
        return self._cropper.crop(image, roi, size)


def _blocks(
    groups: Generator[list[_Picture], None, None], source: _Frames, spec: CropSpec, block: int
) -> Generator[Block, None, None]:
    numbers: list[int] = []
    crops, valid = _empty(spec, block)
    try:
        for group in groups:
            for number, image, roi in group:
                if image is not None:
                    crops[len(numbers)] = source.crop(image, roi, spec.size)
                    valid[len(numbers)] = True
                numbers.append(number)
                if len(numbers) == block:
                    yield np.array(numbers), crops, valid
                    numbers = []
                    crops, valid = _empty(spec, block)
        if numbers:
            yield np.array(numbers), crops[: len(numbers)], valid[: len(numbers)]
    finally:
        groups.close()


def _empty(spec: CropSpec, block: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    return np.zeros((block, *spec.shape), np.uint8), np.zeros(block, bool)
