"""Embedding on the workers of a dask cluster. Each task embeds one recording."""

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

from .embed_progress import EmbedProgress, failure_message
from .encoder import Encoder, EncoderSource
from .errors import EmbeddingError
from .main_guard import lacks_main_guard
from .single_recording import embed_recording
from .store import EmbeddingStore

CANCEL_INTERVAL = 0.5  # seconds between two checks of a worker for cancellation
_SCHEDULER_TIMEOUT = 10  # seconds


def embed_on_cluster(
    recordings: Mapping[str, Recording],
    frames: Mapping[str, int],
    source: EncoderSource | Encoder,
    store: EmbeddingStore,
    cache: CropCache | None,
    batch: int,
    scheduler: str,
    status: EmbedProgress,
    cancel: Cancel | None,
) -> None:
    """Embed recordings on the workers of a dask cluster.

    The workers must see the folder of the store and the videos under the same paths as this machine.

    Parameters
    ----------
    recordings : mapping of str to Recording
        Recordings to embed, by name.
    frames : mapping of str to int
        Number of frames of each recording, by name.
    source : EncoderSource or Encoder
        The model, or a function that loads it. It is sent to the workers.
    store : EmbeddingStore
        Store for the codes.
    cache : CropCache, optional
        Cache with crops.
    batch : int
        Maximum number of frames that are encoded at once.
    scheduler : str
        Address of the scheduler, or ``"local:4"`` for 4 processes on this machine.
    status : EmbedProgress
        Receives the finished recordings, the failures and the messages.
    cancel : Cancel, optional
        Flag that stops the work.

    Raises
    ------
    EmbeddingError
        If the package distributed is not installed, if no scheduler answers, or if local processes would
        run the calling script again.
    Cancelled
        If ``cancel`` is set.
    """
    distributed = load_distributed()
    with cluster_client(scheduler) as client:
        stop = distributed.Event(f"napari-ubam-{uuid.uuid4().hex}", client=client)
        if not client.scheduler_info()["workers"]:
            status.add_message(f"The scheduler {scheduler} has no workers yet; start at least one.")
        futures = {
            client.submit(_task, recording, source, store, cache, batch, stop.name, pure=False): name
            for name, recording in recordings.items()
        }
        try:
            _collect(futures, recordings, frames, status, cancel)
        except BaseException:
            stop.set()
            client.cancel(list(futures))
            raise


def load_distributed() -> Any:
    """Import the package distributed.

    Returns
    -------
    module

    Raises
    ------
    EmbeddingError
        If it is not installed.
    """
    try:
        import distributed
    except ImportError as error:
        raise EmbeddingError(
            "Work on a cluster needs the package distributed; install napari-ubam[cluster]."
        ) from error
    return distributed


def _collect(
    futures: dict[Any, str],
    recordings: Mapping[str, Recording],
    frames: Mapping[str, int],
    status: EmbedProgress,
    cancel: Cancel | None,
) -> None:
    waiting, last_report = dict(futures), time.monotonic()
    while waiting:
        check_cancelled(cancel)
        ended = [future for future in waiting if future.done()]
        for future in ended:
            name = waiting.pop(future)
            _add_result(future, recordings[name], status)
            status.advance(frames[name], name)
        if not ended:
            time.sleep(0.1)
            if time.monotonic() - last_report > 0.8:
                status.advance(0, "")
                last_report = time.monotonic()


def _add_result(future: Any, recording: Recording, status: EmbedProgress) -> None:
    error = future.exception() if future.status != "cancelled" else Cancelled("its task was cancelled")
    if error is not None:
        status.failed[recording.name] = failure_message(recording, error)
        return
    missing, reason = future.result()
    if reason:
        status.failed[recording.name] = reason
    else:
        status.add_done(recording.name, missing)


@contextlib.contextmanager
def cluster_client(scheduler: str) -> Iterator[Any]:
    """Connect to a dask cluster, or start processes on this machine.

    Parameters
    ----------
    scheduler : str
        Address of the scheduler, or ``"local:4"`` for 4 processes on this machine.

    Yields
    ------
    distributed.Client

    Raises
    ------
    EmbeddingError
        If the package distributed is not installed, if no scheduler answers, or if local processes would
        run the calling script again.
    """
    distributed = load_distributed()
    kind, _, number = scheduler.partition(":")
    if kind != "local":
        try:
            client = distributed.Client(scheduler, timeout=_SCHEDULER_TIMEOUT)
        except (OSError, ValueError) as error:
            raise EmbeddingError(
                f"No dask scheduler answers at {scheduler}; check the address, or start the scheduler."
            ) from error
        with client:
            yield client
        return
    if not number.isdigit() or int(number) < 1:
        raise EmbeddingError(
            f"{scheduler!r} does not give a number of local workers; write for example local:2."
        )
    if lacks_main_guard():
        raise EmbeddingError(
            f"scheduler={scheduler!r} starts processes that import this script again; put its commands below "
            'a line: if __name__ == "__main__":'
        )
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
    """Embed a recording on a worker; return the number of frames without codes, and why it failed."""
    try:
        # The model is loaded for each task, because the weights in the folder can change between tasks.
        encoder = source if isinstance(source, Encoder) else source()
        return embed_recording(
            recording, encoder, store, cache=cache, batch=batch, cancel=RemoteCancel(stop)
        ), ""
    except Cancelled:
        raise
    except Exception as error:  # sent as text, because not every exception can be pickled
        return 0, failure_message(recording, error)


class RemoteCancel:
    """Cancellation flag of the cluster. It asks the scheduler at most twice per second.

    Parameters
    ----------
    name : str
        Name of the event.
    """

    def __init__(self, name: str) -> None:
        self._event = load_distributed().Event(name)
        self._last_check, self._is_set = 0.0, False

    def is_set(self) -> bool:
        """Whether the work should stop."""
        if not self._is_set and time.monotonic() - self._last_check > CANCEL_INTERVAL:
            self._last_check = time.monotonic()
            self._is_set = bool(self._event.is_set())
        return self._is_set
