"""Embed one recording: decode, crop and encode at the same time."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator

import numpy as np
from numpy.typing import NDArray

from napari_ubam.crops import CropCache, iter_crops
from napari_ubam.crops.entry import frames_left_out
from napari_ubam.crops.prefetch import prefetch
from napari_ubam.crops.stream import Block
from napari_ubam.progress import Cancel, check_cancelled
from napari_ubam.study import Recording
from napari_ubam.study.intervals import EXCLUDE
from napari_ubam.video import VideoArray, open_video

from .behaviour_stage import WindowEncoder
from .encoder import Encoder
from .errors import EmbeddingError
from .store import EmbeddingStore

BATCH = 256
"""Default of the maximum number of frames that are encoded at once."""

SECONDS = 0.4  # target duration of one encoder call; cancellation is checked between calls
_BLOCK = 32  # frames per block of decoded crops
_WAITING_BYTES = 2**26  # memory limit for crops that wait for the encoder
_FIRST = 16  # frames of the first call, which measures the speed of the encoder

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
    """Embed a recording. Codes from an earlier call are replaced.

    The video is decoded once, in other threads than the encoder. If the cache holds all crops, they are read
    from there instead. The codes of the whole recording are kept in memory, but not the crops.

    Parameters
    ----------
    recording : Recording
        Recording to embed.
    encoder : Encoder
        Model that computes the codes.
    store : EmbeddingStore
        Store for the codes.
    cache : CropCache, optional
        Cache with crops.
    batch : int
        Maximum number of frames that are encoded at once.
    tick : callable
        Called with the number of frames that were finished since the last call.
    cancel : Cancel, optional
        Flag that stops the work. It is checked twice per second.

    Returns
    -------
    int
        Number of frames without codes: they could not be decoded, or they lie in a gap of the track. What
        the study leaves out is not counted.

    Raises
    ------
    VideoError, EmbeddingError
        If the video cannot be read, or if no valid codes can be computed.
    Cancelled
        If ``cancel`` is set.
    """
    with recording.open_with(open_video, warn=False) as video:
        blocks = _blocks(recording, encoder, cache, video, batch, cancel)
        try:
            with store.write(recording, encoder, video) as out:
                batch_size, windows = _BatchSize(batch), WindowEncoder(encoder, out.times, cancel)
                for _, crops, valid in _gathered(blocks, batch_size):
                    check_cancelled(cancel)
                    out.add(_encoded(recording, encoder, crops[valid], batch_size), valid)
                    windows.update(out.posture, out.valid, out.added)
                    tick(len(valid))
                if not out.valid.any():
                    raise EmbeddingError(
                        f"{recording.name}: no frame can be cropped; check the video, the track and the "
                        f"intervals with the label {EXCLUDE}."
                    )
                out.finish(*windows.finish(out.posture, out.valid))
                return int((~out.valid & ~frames_left_out(recording, video)).sum())
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
    if cache is not None and cache.spec == encoder.spec:
        cached = cache.complete(recording, video)
        if cached is not None:
            return prefetch(cached.blocks, 4, cancel)
    return _decoded(recording, encoder, video, batch, cancel)


def _decoded(
    recording: Recording, encoder: Encoder, video: VideoArray, batch: int, cancel: Cancel | None
) -> Generator[Block, None, None]:
    # Crops for about two batches wait for the encoder, because the speed of decoding and encoding varies.
    waiting = min(2 * batch, _WAITING_BYTES // encoder.spec.nbytes) // _BLOCK
    with iter_crops(
        recording, encoder.spec, block=_BLOCK, waiting=max(waiting, 2), video=video, cancel=cancel
    ) as stream:
        yield from stream


class _BatchSize:
    """Number of frames that are encoded at once, so that one encoder call takes less than half a second.

    The number is only doubled or halved, because torch stores plans and memory for each new batch size.
    """

    def __init__(self, most: int) -> None:
        self._most = max(most, 1)
        self.frames = min(_FIRST, self._most)

    def adapt(self, frames: int, seconds: float) -> None:
        if frames == self.frames:
            possible = frames * SECONDS / max(seconds, 1e-6)
            if possible < self.frames:
                self.frames = max(self.frames // 2, 1)
            elif possible >= 2 * self.frames:
                self.frames = min(2 * self.frames, self._most)

    def lower(self) -> bool:
        """Halve the number permanently after memory ran out; return False if it is already 1."""
        if self.frames == 1:
            return False
        self._most = self.frames = self.frames // 2
        return True


def _gathered(blocks: Generator[Block, None, None], batch_size: _BatchSize) -> Generator[Block, None, None]:
    """Join blocks until they hold enough frames for one encoder call."""
    waiting: list[Block] = []
    for block in blocks:
        waiting.append(block)
        if sum(len(numbers) for numbers, _, _ in waiting) >= batch_size.frames:
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
    recording: Recording, encoder: Encoder, crops: NDArray[np.uint8], batch_size: _BatchSize
) -> NDArray[np.float32]:
    parts: list[NDArray[np.float32]] = []
    start = 0
    while start < len(crops):
        part = crops[start : start + batch_size.frames]
        begin = time.perf_counter()
        try:
            parts.append(np.asarray(encoder.posture(part), np.float32))
        except (RuntimeError, MemoryError) as error:
            if not _is_memory(error) or not batch_size.lower():
                raise
            continue
        batch_size.adapt(len(part), time.perf_counter() - begin)
        start += len(part)
    codes = np.concatenate(parts) if parts else np.empty((0, 0), np.float32)
    if not np.isfinite(codes).all():
        raise EmbeddingError(
            f"{recording.name}: the model gives codes that are not finite numbers; train the model again."
        )
    return codes


def _is_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or "memory" in str(error).lower()
