"""Embedding the recordings of a study, here or on a cluster."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

import zarr

from napari_ubam.crops import CropCache
from napari_ubam.progress import Cancel, Cancelled, Progress, ProgressCallback, check_cancelled, silent
from napari_ubam.study import Recording
from napari_ubam.video import open_video

from .cluster import embed_on_cluster
from .encoder import Encoder, EncoderSource
from .single_recording import BATCH, embed_recording
from .store import EmbeddingStore
from .tally import EmbedReport, Tally, sentence


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
    """Embed the recordings whose codes are not there yet.

    Each recording is decoded once, from its first frame to its last, while it is cropped and encoded. Its
    codes appear in the store when they are complete; an interrupted recording is started again.

    Parameters
    ----------
    study : Study or iterable of Recording
        The recordings.
    source : EncoderSource or Encoder
        The model, or what loads it. For a cluster it is sent to the workers, so it is best what loads the
        model from a folder that they share.
    store : EmbeddingStore
        Where the codes go.
    cache : CropCache, optional
        Where crops may lie ready.
    batch : int
        Frames to encode at once, at most; fewer where that takes longer than half a second, or where memory
        does not suffice.
    scheduler : str, optional
        Address of a scheduler of dask.distributed, such as ``"tcp://10.0.0.1:8786"``, whose workers then do
        a recording each and write to the store themselves; or ``"local:4"`` for 4 processes on this machine.
    progress : callable, optional
        Called with the frames that are done, from this thread.
    cancel : Cancel, optional
        Looked at twice a second.

    Returns
    -------
    EmbedReport
        A recording that fails is among its ``failed``, and does not stop the others.

    Raises
    ------
    EmbeddingError
        If the scheduler cannot be used.
    Cancelled
        When ``cancel`` is set; what was finished is kept.
    """
    study = list(study)
    encoder = source if isinstance(source, Encoder) else source()
    tally = Tally(progress or silent)
    todo = _missing(study, encoder, store, tally, cancel)
    if not todo:
        return tally.report()
    store.folder.mkdir(parents=True, exist_ok=True)
    zarr.open_group(str(store.folder), mode="a")  # before several workers might
    tally.total, tally.begin = sum(todo.values()), time.monotonic()
    tally.tick(0, "")
    recordings = {recording.name: recording for recording in study if recording.name in todo}
    if scheduler is None:
        _embed_here(recordings, todo, encoder, store, cache, batch, tally, cancel)
    else:
        embed_on_cluster(recordings, todo, source, store, cache, batch, scheduler, tally, cancel)
    return tally.report()


def _embed_here(
    recordings: Mapping[str, Recording],
    todo: Mapping[str, int],
    encoder: Encoder,
    store: EmbeddingStore,
    cache: CropCache | None,
    batch: int,
    tally: Tally,
    cancel: Cancel | None,
) -> None:
    for name, recording in recordings.items():
        before = tally.frames
        try:
            without = embed_recording(
                recording,
                encoder,
                store,
                cache=cache,
                batch=batch,
                tick=lambda frames, name=name: tally.tick(frames, name),  # type: ignore[misc]
                cancel=cancel,
            )
            tally.finished(name, without)
        except Cancelled:
            raise
        except Exception as error:  # a model of the user's own may raise anything
            tally.failed[name] = sentence(recording, error)
            tally.tick(before + todo[name] - tally.frames, name)


def _missing(
    study: list[Recording], encoder: Encoder, store: EmbeddingStore, tally: Tally, cancel: Cancel | None
) -> dict[str, int]:
    """Names of the recordings to embed and their numbers of frames."""

    def indexing(done: int, total: int) -> None:
        check_cancelled(cancel)

    todo: dict[str, int] = {}
    for number, recording in enumerate(study):
        check_cancelled(cancel)
        tally.tell(Progress("embed", 0, 0, detail=f"{recording.name}, {number + 1} of {len(study)}"))
        try:
            with recording.open_with(open_video, warn=False, progress=indexing) as video:
                if store.state(recording, encoder, video) == "done":
                    tally.skipped.append(recording.name)
                else:
                    todo[recording.name] = len(recording.frames(len(video)))
        except (ValueError, OSError) as error:
            tally.failed[recording.name] = sentence(recording, error)
    return todo
