"""Embedding one recording: decode, crop and encode at the same time."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator

import numpy as np
from numpy.typing import NDArray

from napari_ubam.crops import CropCache, iter_crops
from napari_ubam.crops.prefetch import prefetch
from napari_ubam.crops.stream import Block
from napari_ubam.progress import Cancel, check_cancelled
from napari_ubam.study import Recording
from napari_ubam.video import VideoArray, open_video

from .behaviour_stage import Behaving
from .encoder import Encoder
from .errors import EmbeddingError
from .store import EmbeddingStore

BATCH = 256
"""Frames that are encoded at once, at most, by default."""

SECONDS = 0.4  # of one call of the encoder: between two calls it is looked whether to stop
_BLOCK = 32  # frames that the encoder waits for at first
_WAITING_BYTES = 2**26  # of crops
_FIRST = 16  # frames of the first call, which tells how long one takes

Tick = Callable[[int], None]


def embed_recording(
    recording: Recording,
    encoder: Encoder,
    store: EmbeddingStore,
    *,
    cache: CropCache | None = None,
    batch: int = BATCH,
    tick: Tick = lambda frames: None,
    cancel: Cancel | None = None,
) -> int:
    """Embed a recording, whether or not that was done before.

    Its video is decoded once, ahead of the encoder, in threads of their own; or its crops are read where the
    cache holds all of them. The crops never are in memory all at once, the codes are.

    Parameters
    ----------
    recording : Recording
        The recording.
    encoder : Encoder
        Which model.
    store : EmbeddingStore
        Where the codes go.
    cache : CropCache, optional
        Where crops may lie ready.
    batch : int
        Frames to encode at once, at most.
    tick : callable
        Called with the number of frames that were passed since the last call.
    cancel : Cancel, optional
        Looked at twice a second.

    Returns
    -------
    int
        Frames that did not decode or lie in gaps of the track, which have no codes.

    Raises
    ------
    VideoError, EmbeddingError
        If the video cannot be read, or no code comes out.
    Cancelled
        When ``cancel`` is set.
    """
    with recording.open_with(open_video, warn=False) as video:
        blocks = _blocks(recording, encoder, cache, video, batch, cancel)
        try:
            with store.write(recording, encoder, video) as out:
                rates, behaving = _Pace(batch), Behaving(encoder, out.times, cancel)
                for _, crops, valid in _gathered(blocks, rates):
                    check_cancelled(cancel)
                    out.add(_encoded(recording, encoder, crops[valid], rates), valid)
                    behaving.follow(out.posture, out.valid, out.added)
                    tick(len(valid))
                if not out.valid.any():
                    raise EmbeddingError(
                        f"{recording.name}: none of its frames can be cropped; check the video."
                    )
                out.finish(*behaving.finish(out.posture, out.valid))
                return int((~out.valid).sum())
        finally:
            blocks.close()


def _blocks(
    recording: Recording,
    encoder: Encoder,
    cache: CropCache | None,
    video: VideoArray,
    batch: int,
    cancel: Cancel | None,
) -> Generator[Block, None, None]:
    if cache is not None and cache.spec == encoder.spec and cache.matches(recording, video):
        cached = cache.open(recording)
        if cached.complete:
            return prefetch(cached.blocks, 4, cancel)
    return _decoded(recording, encoder, video, batch, cancel)


def _decoded(
    recording: Recording, encoder: Encoder, video: VideoArray, batch: int, cancel: Cancel | None
) -> Generator[Block, None, None]:
    # While a batch is encoded the next is made, and some more: both go unevenly.
    waiting = min(2 * batch, _WAITING_BYTES // encoder.spec.nbytes) // _BLOCK
    with iter_crops(
        recording, encoder.spec, block=_BLOCK, waiting=max(waiting, 2), video=video, cancel=cancel
    ) as stream:
        yield from stream


class _Pace:
    """How many frames are encoded at once: as many as the encoder manages in less than half a second.

    The number is doubled and halved only: torch keeps plans and memory for each size of batch that it meets.
    """

    def __init__(self, most: int) -> None:
        self._most = max(most, 1)
        self.frames = min(_FIRST, self._most)

    def took(self, frames: int, seconds: float) -> None:
        if frames == self.frames:
            possible = frames * SECONDS / max(seconds, 1e-6)
            if possible < self.frames:
                self.frames = max(self.frames // 2, 1)
            elif possible >= 2 * self.frames:
                self.frames = min(2 * self.frames, self._most)

    def lower(self) -> bool:
        """Halve the number for good, where memory does not suffice; False where that cannot be."""
        if self.frames == 1:
            return False
        self._most = self.frames = self.frames // 2
        return True


def _gathered(blocks: Generator[Block, None, None], rates: _Pace) -> Generator[Block, None, None]:
    """Join blocks to what is encoded at once, where that is more than one holds."""
    waiting: list[Block] = []
    for block in blocks:
        waiting.append(block)
        if sum(len(numbers) for numbers, _, _ in waiting) >= rates.frames:
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def _joined(blocks: list[Block]) -> Block:
    if len(blocks) == 1:
        return blocks[0]
    numbers, crops, valid = zip(*blocks, strict=True)
    return np.concatenate(numbers), np.concatenate(crops), np.concatenate(valid)


def _encoded(
    recording: Recording, encoder: Encoder, crops: NDArray[np.uint8], rates: _Pace
) -> NDArray[np.float32]:
    parts: list[NDArray[np.float32]] = []
    start = 0
    while start < len(crops):
        part = crops[start : start + rates.frames]
        begin = time.perf_counter()
        try:
            parts.append(np.asarray(encoder.posture(part), np.float32))
        except (RuntimeError, MemoryError) as error:
            if not _is_memory(error) or not rates.lower():
                raise
            continue
        rates.took(len(part), time.perf_counter() - begin)
        start += len(part)
    codes = np.concatenate(parts) if parts else np.empty((0, 0), np.float32)
    if not np.isfinite(codes).all():
        raise EmbeddingError(f"{recording.name}: the model gives codes that are not finite; train it again.")
    return codes


def _is_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or "memory" in str(error).lower()
