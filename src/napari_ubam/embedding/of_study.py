"""Embedding the recordings of a study, here or on a cluster."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import zarr

from napari_ubam.crops import CropCache, CropError
from napari_ubam.progress import Cancel, Cancelled, Progress, ProgressCallback, check_cancelled, silent
from napari_ubam.study import Recording, StudyError
from napari_ubam.video import VideoError, open_video

from .encoder import Encoder, EncoderSource
from .errors import EmbeddingError
from .one_recording import BATCH, embed_recording
from .store import EmbeddingStore

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EmbedReport:
    """What embedding a study did.

    Parameters
    ----------
    done : tuple of str
        Recordings that were embedded now.
    skipped : tuple of str
        Recordings whose codes were there already.
    failed : tuple of (str, str)
        Recordings without codes, each with a sentence that says why.
    messages : tuple of str
        Sentences that the user should read.
    """

    done: tuple[str, ...]
    skipped: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]
    messages: tuple[str, ...] = ()


@dataclass
class Tally:
    """What was done so far, and how far that is."""

    tell: ProgressCallback
    done: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    total: int = 0
    frames: int = 0
    begin: float = field(default_factory=time.monotonic)

    def tick(self, frames: int, name: str) -> None:
        """Count frames that were passed, and tell."""
        self.frames = min(self.frames + frames, self.total)
        taken = time.monotonic() - self.begin
        eta = taken / self.frames * (self.total - self.frames) if self.frames else None
        self.tell(Progress("embed", self.frames, self.total, detail=name, eta=eta))

    def say(self, message: str) -> None:
        """Tell a sentence, and keep it."""
        self.messages.append(message)
        self.tell(Progress("embed", self.frames, self.total, message=message))

    def finished(self, name: str, without: int) -> None:
        """Note a recording that is done, and how many of its frames have no codes."""
        self.done.append(name)
        if without:
            self.say(f"{name}: {without} frames have no crop or do not decode, and so no codes.")

    def report(self) -> EmbedReport:
        """Give what was done."""
        failed = tuple(self.failed.items())
        return EmbedReport(tuple(self.done), tuple(self.skipped), failed, tuple(self.messages))


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
    codes appear in the store when they are complete; a recording that was interrupted is begun anew.

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
        from .cluster import embed_on_cluster

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


def sentence(recording: Recording, error: BaseException) -> str:
    """Say in one sentence why a recording failed; what cannot be foreseen is logged whole."""
    if isinstance(error, VideoError | StudyError | CropError | EmbeddingError):
        return str(error)
    log.error("Embedding %s failed.", recording.name, exc_info=error)
    lines = str(error).strip().splitlines() or [""]
    reason = f"{type(error).__name__}: {lines[0]}".rstrip(": .")
    if isinstance(error, OSError):
        return (
            f"{recording.name}: a file could not be read or written ({reason}); check the disk and try again."
        )
    return f"{recording.name}: it could not be embedded ({reason}); the log has the details."
