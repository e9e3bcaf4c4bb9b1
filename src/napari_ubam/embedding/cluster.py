"""Embedding on workers of dask.distributed, one recording a task."""

from __future__ import annotations

import contextlib
import logging
import os
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from napari_ubam.crops import CropCache
from napari_ubam.progress import Cancel, Cancelled, check_cancelled
from napari_ubam.study import Recording
from napari_ubam.threads import thread_settings

from .encoder import Encoder, EncoderSource
from .errors import EmbeddingError
from .single_recording import embed_recording
from .store import EmbeddingStore
from .tally import Tally, sentence

ASKING = 0.5  # seconds between questions of a worker whether to stop
_PATIENCE = 10  # seconds until a scheduler must answer


def embed_on_cluster(
    recordings: Mapping[str, Recording],
    frames: Mapping[str, int],
    source: EncoderSource | Encoder,
    store: EmbeddingStore,
    cache: CropCache | None,
    batch: int,
    scheduler: str,
    tally: Tally,
    cancel: Cancel | None,
) -> None:
    """Embed recordings on workers that share the store's folder and the videos' paths.

    Parameters
    ----------
    recordings : mapping of str to Recording
        What to embed, by name.
    frames : mapping of str to int
        Frames of each.
    source, store, cache, batch, scheduler, cancel
        As in `napari_ubam.embedding.embed`.
    tally : Tally
        What is done is noted there.

    Raises
    ------
    EmbeddingError
        If distributed is not installed, or no scheduler answers.
    Cancelled
        When ``cancel`` is set.
    """
    distributed = _distributed()
    with _client(distributed, scheduler) as client:
        stop = distributed.Event(f"napari-ubam-{uuid.uuid4().hex}", client=client)
        if not client.scheduler_info()["workers"]:
            tally.say(f"The scheduler {scheduler} has no workers yet; start some.")
        futures = {
            client.submit(_task, recording, source, store, cache, batch, stop.name, pure=False): name
            for name, recording in recordings.items()
        }
        try:
            _collect(futures, recordings, frames, tally, cancel)
        except BaseException:
            stop.set()
            client.cancel(list(futures))
            raise


def _distributed() -> Any:
    try:
        import distributed
    except ImportError as error:
        raise EmbeddingError(
            "Embedding on a cluster needs the package distributed; install napari-ubam[cluster]."
        ) from error
    return distributed


def _collect(
    futures: dict[Any, str],
    recordings: Mapping[str, Recording],
    frames: Mapping[str, int],
    tally: Tally,
    cancel: Cancel | None,
) -> None:
    waiting, told = dict(futures), time.monotonic()
    while waiting:
        check_cancelled(cancel)
        ended = [future for future in waiting if future.done()]
        for future in ended:
            name = waiting.pop(future)
            _note(future, recordings[name], tally)
            tally.tick(frames[name], name)
        if not ended:
            time.sleep(0.1)
            if time.monotonic() - told > 0.8:
                tally.tick(0, "")
                told = time.monotonic()


def _note(future: Any, recording: Recording, tally: Tally) -> None:
    error = future.exception() if future.status != "cancelled" else Cancelled("its task was cancelled")
    if error is not None:
        tally.failed[recording.name] = sentence(recording, error)
        return
    without, reason = future.result()
    if reason:
        tally.failed[recording.name] = reason
    else:
        tally.finished(recording.name, without)


@contextlib.contextmanager
def _client(distributed: Any, scheduler: str) -> Iterator[Any]:
    kind, _, number = scheduler.partition(":")
    if kind != "local":
        try:
            client = distributed.Client(scheduler, timeout=_PATIENCE)
        except (OSError, ValueError) as error:
            raise EmbeddingError(
                f"No scheduler of dask answers at {scheduler}; check the address and that it runs."
            ) from error
        with client:
            yield client
        return
    if not number.isdigit() or int(number) < 1:
        raise EmbeddingError(f"{scheduler!r} is no number of local workers; write for example local:2.")
    cluster = distributed.LocalCluster(
        n_workers=int(number),
        threads_per_worker=1,
        processes=True,
        env=thread_settings(os.environ, processes=int(number)),
        dashboard_address=None,
        silence_logs=logging.ERROR,
    )
    with cluster, distributed.Client(cluster) as client:
        yield client


def _task(
    recording: Recording,
    source: EncoderSource | Encoder,
    store: EmbeddingStore,
    cache: CropCache | None,
    batch: int,
    stop: str,
) -> tuple[int, str]:
    """Embed a recording on a worker; its frames without codes, and a sentence where it failed."""
    try:
        # The model is loaded each time: the weights in the folder may have changed since the last task.
        encoder = source if isinstance(source, Encoder) else source()
        return embed_recording(
            recording, encoder, store, cache=cache, batch=batch, cancel=_RemoteCancel(stop)
        ), ""
    except Cancelled:
        raise
    except Exception as error:  # reported here: not every exception can be sent
        return 0, sentence(recording, error)


class _RemoteCancel:
    """Event of the cluster, asked for at most twice a second."""

    def __init__(self, name: str) -> None:
        self._event = _distributed().Event(name)
        self._asked, self._is_set = 0.0, False

    def is_set(self) -> bool:
        if not self._is_set and time.monotonic() - self._asked > ASKING:
            self._asked = time.monotonic()
            self._is_set = bool(self._event.is_set())
        return self._is_set
