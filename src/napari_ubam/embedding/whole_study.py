"""Embed the recordings of a study, on this machine or on a cluster."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

import zarr

from napari_ubam.crops import CropCache
from napari_ubam.progress import Cancel, Cancelled, Progress, ProgressCallback, check_cancelled, silent
from napari_ubam.study import Recording
from napari_ubam.video import open_video

from .cluster import embed_on_cluster
from .embed_progress import EmbedProgress, EmbedReport, failure_message
from .encoder import Encoder, EncoderSource
from .single_recording import BATCH, embed_recording
from .store import EmbeddingStore


def embed(
    study: Iterable[Recording],
    source: EncoderSource | Encoder,
    store: EmbeddingStore,
    *,
    cache: CropCache | None = None,
    batch: int = BATCH,
    scheduler: str | None = None,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> EmbedReport:
    """Embed the recordings that have no codes yet.

    Each video is decoded once, while its frames are cropped and encoded. The codes of a recording appear in
    the store when they are complete. After an interruption, an incomplete recording starts again.

    Parameters
    ----------
    study : Study or iterable of Recording
        Recordings to embed.
    source : EncoderSource or Encoder
        The model, or a function that loads it. It is sent to the workers of a cluster; there, use a function
        that loads the model from a shared folder.
    store : EmbeddingStore
        Store for the codes.
    cache : CropCache, optional
        Cache with crops.
    batch : int
        Maximum number of frames that are encoded at once. Fewer frames are used if one call takes longer
        than half a second, or if memory is too small.
    scheduler : str, optional
        Address of a dask.distributed scheduler, for example ``"tcp://10.0.0.1:8786"``, or ``"local:4"`` for
        4 processes on this machine. Each worker embeds one recording at a time and writes to the store.
    progress : callable, optional
        Called with a `Progress` that counts frames, in the thread of the caller.
    cancel : Cancel, optional
        Flag that stops the work. It is checked twice per second.

    Returns
    -------
    EmbedReport
        Recordings that were embedded, were skipped or failed. A failure does not stop the other recordings.

    Raises
    ------
    EmbeddingError
        If the scheduler cannot be used.
    Cancelled
        If ``cancel`` is set. Finished recordings are kept.
    """
    study = list(study)
    encoder = source if isinstance(source, Encoder) else source()
    status = EmbedProgress(progress or silent)
    todo = _missing(study, encoder, store, status, cancel)
    if not todo:
        return status.report()
    store.folder.mkdir(parents=True, exist_ok=True)
    zarr.open_group(str(store.folder), mode="a")  # once, before several workers use it
    status.total_frames, status.start_time = sum(todo.values()), time.monotonic()
    status.advance(0, "")
    recordings = {recording.name: recording for recording in study if recording.name in todo}
    if scheduler is None:
        _embed_here(recordings, todo, encoder, store, cache, batch, status, cancel)
    else:
        embed_on_cluster(recordings, todo, source, store, cache, batch, scheduler, status, cancel)
    return status.report()


def _embed_here(
    recordings: Mapping[str, Recording],
    todo: Mapping[str, int],
    encoder: Encoder,
    store: EmbeddingStore,
    cache: CropCache | None,
    batch: int,
    status: EmbedProgress,
    cancel: Cancel | None,
) -> None:
    for name, recording in recordings.items():
        before = status.finished_frames
        try:
            missing = embed_recording(
                recording,
                encoder,
                store,
                cache=cache,
                batch=batch,
                tick=lambda frames, name=name: status.advance(frames, name),  # type: ignore[misc]
                cancel=cancel,
            )
            status.add_done(name, missing)
        except Cancelled:
            raise
        except Exception as error:  # a custom model can raise any error
            status.failed[name] = failure_message(recording, error)
            status.advance(before + todo[name] - status.finished_frames, name)


def _missing(
    study: list[Recording],
    encoder: Encoder,
    store: EmbeddingStore,
    status: EmbedProgress,
    cancel: Cancel | None,
) -> dict[str, int]:
    """Find the recordings to embed; return their numbers of frames, by name."""

    def indexing(done: int, total: int) -> None:
        check_cancelled(cancel)

    todo: dict[str, int] = {}
    for number, recording in enumerate(study):
        check_cancelled(cancel)
        status.callback(Progress("videos", number, len(study), detail=recording.name))
        try:
            with recording.open_with(open_video, warn=False, progress=indexing) as video:
                if store.state(recording, encoder, video) == "done":
                    status.skipped.append(recording.name)
                else:
                    todo[recording.name] = len(recording.frames(len(video)))
        except (ValueError, OSError) as error:
            status.failed[recording.name] = failure_message(recording, error)
    return todo
