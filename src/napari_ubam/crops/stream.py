"""Stream of the crops of a recording. Each frame is decoded once, in order."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from napari_ubam.progress import Cancel
from napari_ubam.study import Recording, Roi
from napari_ubam.video import FrameError, VideoArray, open_video

from .cropper import Cropper, CropSpec, is_visible
from .errors import CropError
from .levels import Levels, levels_of
from .prefetch import prefetch

BLOCK = 64  # frames per block, and per chunk of the cache
_GROUP_BYTES, _GROUP_FRAMES = 16 * 2**20, 8  # maximum size of a group of decoded frames
_WAITING = 2  # groups of decoded frames in the buffer

Block = tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.bool_]]


class _Picture(NamedTuple):
    """A decoded frame with its crop rectangle. The image is None if there is nothing to crop."""

    number: int
    image: NDArray[Any] | None
    roi: Roi


class CropStream(Iterator[Block]):
    """Iterator over blocks of crops. See `iter_crops`.

    If it is not read to the end, close it or use it as a context manager.

    Attributes
    ----------
    unreadable : int
        Number of frames so far that could not be decoded.
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
            return _blocks(prefetch(decoded, _WAITING), source, spec, block)

        self._blocks = prefetch(cropped, waiting, cancel)

    @property
    def unreadable(self) -> int:
        """Number of frames so far that could not be decoded."""
        return len(self._failed)

    def __next__(self) -> Block:
        try:
            return next(self._blocks)
        except BaseException:  # also at the end of the stream
            self.close()
            raise

    def close(self) -> None:
        """Stop the threads. Close the video if it was opened here."""
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
    """Crop the frames of a recording in order. Each frame is decoded once.

    One thread decodes and another one crops; both prefetch. Brightness is the Y plane of the video. Images of
    other types than uint8 are scaled to 8 bits, with the same limits for the whole recording.

    Parameters
    ----------
    recording : Recording
        The recording. Its video is opened here and closed at the end.
    spec : CropSpec
        Size and colour of the crops.
    frames : sequence of int, optional
        Frame numbers, ascending. Default: all frames of the recording.
    block : int
        Frames per block.
    waiting : int
        Number of prefetched blocks.
    video : VideoArray, optional
        Video of the recording, if it is already open. It stays open.
    cancel : Cancel, optional
        Checked while this waits for a block.

    Returns
    -------
    CropStream
        Iterator over tuples: frame numbers (int64, shape (n,)), crops (uint8, shape (n, y, x[, 3])) and valid
        (bool, shape (n,)). All blocks but the last one have n = ``block``. A frame is black and not valid if
        it is left out of the study or in a gap of the track, cannot be decoded, or shows less than a quarter
        of its box.

    Raises
    ------
    VideoError
        If the video cannot be read.
    CropError
        If the frames are not ascending or not in the video.
    Cancelled
        During iteration, if ``cancel`` is set.
    """
    return CropStream(recording, spec, frames, block, waiting, video, cancel)


def _ascending(
    recording: Recording, count: int, frames: Sequence[int] | NDArray[np.int64] | None
) -> NDArray[np.int64]:
    numbers = np.asarray(recording.frames(count) if frames is None else frames, np.int64)
    if len(numbers) and (numbers[0] < 0 or numbers[-1] >= count or (np.diff(numbers) <= 0).any()):
        raise CropError(
            f"{recording.name}: the frames to crop must be ascending numbers from 0 to {count - 1}; sort "
            "them, or remove the others."
        )
    return numbers


class _Frames:
    """Frames of a recording and their crop rectangles. One thread decodes them, another one crops."""

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
        self._out = recording.left_out(video.times)

    def groups(self, numbers: NDArray[np.int64], failed: list[int]) -> Generator[list[_Picture], None, None]:
        """Decode frames in small groups. Frames that cannot be decoded are appended to ``failed``."""
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
        if roi is None or self._out[number] or not is_visible(roi, *self._size):
            return _Picture(number, None, self._whole)
        try:
            return _Picture(number, self._read(number, False), roi)
        except FrameError:
            failed.append(number)
            return _Picture(number, None, self._whole)

    def crop(self, image: NDArray[Any], roi: Roi, size: tuple[int, int]) -> NDArray[np.uint8]:
        """Crop a frame, and convert it to the bit depth and channels of the crops."""
        seen = roi.clipped(*self._size)
        assert seen is not None  # otherwise the frame was not read
        image = image[seen.slices]
        if self._levels is not None:
            image = self._levels.apply(image)
        if self._repeat:
            image = np.repeat(image, 3, axis=-1)
        return self._cropper.crop(image, roi.moved(-seen.x, -seen.y), size)


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
