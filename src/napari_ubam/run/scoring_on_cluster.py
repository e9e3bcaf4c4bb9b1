"""The search for the nearest reference frames on the workers of a dask cluster, a task for each recording."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_ubam.analysis.deviation_search import Deviations, SearchTask
from napari_ubam.analysis.recorded import Recorded
from napari_ubam.embedding.cluster import RemoteCancel, load_distributed
from napari_ubam.embedding.stored_codes import StoredCodes
from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled
from napari_ubam.runfolder.errors import RunError

Ints = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class ClusterSearcher:
    """Searches recordings on a cluster; see `napari_ubam.analysis.deviation_search.Searcher`.

    The workers must see the folder of the run under the same path as this machine. The reference is sent to
    each worker once.

    Parameters
    ----------
    codes : StoredCodes
        Codes of all recordings. The workers read them.
    client : distributed.Client
    """

    codes: StoredCodes
    client: Any

    def __call__(
        self,
        task: SearchTask,
        recordings: Sequence[Recorded],
        own: dict[str, Ints],
        progress: ProgressCallback,
        cancel: Cancel | None,
    ) -> Iterator[tuple[str, Deviations]]:
        """Give the name and the deviations of each recording as it is done."""
        numbers = {one.name: number for number, one in enumerate(self.codes.recordings)}
        stop = load_distributed().Event(f"napari-ubam-{uuid.uuid4().hex}", client=self.client)
        if not self.client.scheduler_info()["workers"]:
            sentence = "The scheduler has no workers yet; start at least one."
            progress(Progress("score", 0, 0, message=sentence))
        shared = self.client.scatter(task, hash=False)
        futures = {}
        for one in recordings:
            number = numbers[one.name]
            part = self.codes[number : number + 1]
            future = self.client.submit(_search, shared, part, own.get(one.name), stop.name, pure=False)
            futures[future] = one
        try:
            yield from _collected(futures, progress, cancel)
        except BaseException:
            stop.set()
            self.client.cancel(list(futures))
            raise


def _collected(
    futures: dict[Any, Recorded], progress: ProgressCallback, cancel: Cancel | None
) -> Iterator[tuple[str, Deviations]]:
    waiting, total = dict(futures), sum(len(one) for one in futures.values())
    done, begin = 0, time.monotonic()
    progress(Progress("score", 0, total))
    while waiting:
        check_cancelled(cancel)
        for future in [one for one in waiting if one.done()]:
            recording = waiting.pop(future)
            if future.status != "finished":
                reason = "its task was cancelled" if future.status == "cancelled" else future.exception()
                raise RunError(
                    f"{recording.name} could not be scored on the cluster ({reason}); check that its workers "
                    "see the folder of the run under the same path, and score again."
                )
            done += len(recording)
            eta = (time.monotonic() - begin) * (total / done - 1)
            progress(Progress("score", done, total, detail=recording.name, eta=eta))
            yield recording.name, future.result()
            future.release()
        time.sleep(0.1 if waiting else 0)


def _search(task: SearchTask, codes: StoredCodes, own: Ints | None, stop: str) -> Deviations:
    """Score one recording on a worker."""
    return task.deviations(codes[0], own, cancel=RemoteCancel(stop))
