"""Crops of a study's recordings, decoded once and kept in the run's folder."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled, silent
from napari_ubam.study import Recording
from napari_ubam.video import VideoArray, open_video

from .budget import budget_of, cancelling, default_workers, megabytes
from .cached import CachedCrops
from .cropper import CropSpec
from .entry import Entry, frames_shown
from .errors import CropError
from .folders import sweep
from .plan import Content, share_out
from .stream import BLOCK, iter_crops

WAIT = 0.25  # seconds between looks at the threads


@dataclass(frozen=True)
class FillReport:
    """What filling a cache did.

    Parameters
    ----------
    done : tuple of str
        Recordings whose crops are held, all of them or the sample that fits the budget.
    failed : tuple of (str, str)
        Recordings without crops, each with a sentence that says why.
    messages : tuple of str
        Sentences that the user should read.
    seconds : dict of str to float
        Seconds of each recording that are held.
    nbytes : int
        Bytes of the crops that are held.
    sampled : bool
        Whether only parts of the recordings are held.
    """

    done: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]
    messages: tuple[str, ...]
    seconds: dict[str, float]
    nbytes: int
    sampled: bool


@dataclass
class _Job:
    """A recording on its way into the cache."""

    recording: Recording
    video: VideoArray
    content: Content
    entry: Entry | None
    wanted: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def missing(self) -> NDArray[np.int64]:
        """Chunks that are wanted and not yet held."""
        if self.entry is None:
            return self.wanted
        missing: NDArray[np.int64] = self.wanted[~self.entry.complete[self.wanted]]
        return missing

    @property
    def extra(self) -> NDArray[np.int64]:
        """Chunks that are held and not wanted."""
        held = np.flatnonzero(self.entry.complete) if self.entry else np.empty(0, np.int64)
        return np.setdiff1d(held, self.wanted)


@dataclass(frozen=True)
class CropCache:
    """Crops of recordings as uint8 arrays of zarr, a group a recording.

    It can be pickled, and shared by threads and processes that read.

    Parameters
    ----------
    folder : Path
        The cache, ``crops.zarr`` in the run's folder; made when it is first filled.
    spec : CropSpec
        What the crops look like.
    """

    folder: Path
    spec: CropSpec

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", Path(self.folder).absolute())

    def fill(
        self,
        study: Iterable[Recording],
        *,
        budget_bytes: int | None = None,
        workers: int | None = None,
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
    ) -> FillReport:
        """Decode and keep the crops that are not held yet.

        What was finished is kept whenever this ends, even by a kill, but for the last half second. Crops of a
        video file that was changed since, of another region or of another size are made anew.

        Parameters
        ----------
        study : Study or iterable of Recording
            The recordings.
        budget_bytes : int, optional
            Bytes that all of them may take together: the lesser of 8 GiB and half of what is free on the disk
            unless given. Where more is needed, the same number of seconds of each recording is kept, in runs
            of about 20 seconds that are spread evenly.
        workers : int, optional
            Recordings that are decoded at the same time: 2, or 1 on a single processor core, unless given.
        progress : callable, optional
            Called with the chunks that are done, from this thread.
        cancel : Cancel, optional
            Looked at several times a second.

        Returns
        -------
        FillReport
            A recording that cannot be read is among its ``failed``, and does not stop the others.

        Raises
        ------
        Cancelled
            When ``cancel`` is set.
        """
        return _Filling(self, progress or silent, cancel).run(list(study), budget_bytes, workers)

    def open(self, recording: Recording) -> CachedCrops:
        """Open the crops of a recording, without its video.

        Parameters
        ----------
        recording : Recording
            Which one.

        Returns
        -------
        CachedCrops
            What is held of it.

        Raises
        ------
        CropError
            If nothing is, or only crops of another region, range of frames or size.
        """
        entry = Entry.find(self.folder, recording.name)
        if entry is None:
            raise CropError(f"{recording.name}: the cache {self.folder} holds no crops of it; fill it first.")
        fault = entry.fault(recording, self.spec, None)
        if fault:
            raise CropError(f"{recording.name}: the cache {self.folder} holds {fault}; fill it anew.")
        return entry.cached(recording, self.spec)

    def matches(self, recording: Recording, video: VideoArray | None = None) -> bool:
        """Whether the cache holds crops of a recording's video as it is now, or some of them.

        Parameters
        ----------
        recording : Recording
            Which one.
        video : VideoArray, optional
            Its video where that is open already.

        Raises
        ------
        VideoError
            If the video cannot be read.
        """
        entry = Entry.find(self.folder, recording.name)
        if entry is None or not entry.complete.any():
            return False
        if video is not None:
            return not entry.fault(recording, self.spec, video)
        with open_video(recording.video, warn=False) as opened:
            return not entry.fault(recording, self.spec, opened)


class _Filling:
    """One call of `CropCache.fill`."""

    def __init__(self, cache: CropCache, progress: ProgressCallback, cancel: Cancel | None) -> None:
        self._cache, self._tell, self._cancel = cache, progress, cancel
        self._failed: dict[str, str] = {}
        self._messages: list[str] = []
        self._stop = threading.Event()
        self._making = threading.Lock()
        self._ticks: queue.SimpleQueue[str] = queue.SimpleQueue()

    def run(self, study: list[Recording], budget: int | None, workers: int | None) -> FillReport:
        self._cache.folder.mkdir(parents=True, exist_ok=True)
        sweep(self._cache.folder)
        jobs = self._prepared(study)
        sampled = self._choose(jobs, budget)
        self._decode(jobs, workers or default_workers())
        return self._report(jobs, sampled)

    def _say(self, message: str) -> None:
        self._messages.append(message)
        self._tell(Progress("crops", 0, 0, message=message))

    def _prepared(self, study: list[Recording]) -> list[_Job]:
        jobs = []
        for number, recording in enumerate(study):
            check_cancelled(self._cancel)
            self._tell(Progress("crops", 0, 0, detail=f"{recording.name}, {number + 1} of {len(study)}"))
            try:
                jobs.append(self._job(recording))
            except (ValueError, OSError) as error:
                self._failed[recording.name] = str(error)
        return jobs

    def _job(self, recording: Recording) -> _Job:
        # At the file's own rate, which is noted; the study's, which may change, counts when crops are read.
        tick = cancelling(self._cancel)
        video = open_video(recording.video, warn=False, progress=tick)
        shown = frames_shown(recording, len(video))
        chunks = np.unique(np.flatnonzero(shown) // BLOCK)
        if not len(chunks):
            raise CropError(f"{recording.name}: it has no frame to crop; check its range and its track.")
        content = Content(chunks, BLOCK / (recording.fps or video.fps), BLOCK * self._cache.spec.nbytes)
        entry = Entry.find(self._cache.folder, recording.name)
        fault = entry.fault(recording, self._cache.spec, video) if entry else ""
        if fault:
            self._say(f"{recording.name}: the cache held {fault}, so they are made anew.")
        video.close()  # until its turn comes
        return _Job(recording, video, content, None if fault else entry)

    def _choose(self, jobs: list[_Job], budget: int | None) -> bool:
        held = sum(int(job.entry.complete.sum()) * job.content.nbytes for job in jobs if job.entry)
        budget = budget_of(self._cache.folder, held) if budget is None else budget
        for job, wanted in zip(jobs, share_out([job.content for job in jobs], budget), strict=True):
            job.wanted = wanted
        nbytes = sum(len(job.wanted) * job.content.nbytes for job in jobs)
        extra = sum(len(job.extra) * job.content.nbytes for job in jobs)
        if nbytes + extra > budget:
            for job in jobs:
                if job.entry is not None and len(job.extra):
                    job.entry.drop(job.extra)
        sampled = any(len(job.wanted) < len(job.content.chunks) for job in jobs)
        if sampled:
            whole = sum(len(job.content.chunks) * job.content.nbytes for job in jobs)
            longest = max(len(job.wanted) * job.content.seconds for job in jobs)
            self._say(
                f"The crops of all recordings would take {megabytes(whole)}, more than the "
                f"{megabytes(budget)} that they may take, so up to {longest:.0f} s of each are kept."
            )
        return sampled

    def _decode(self, jobs: list[_Job], workers: int) -> None:
        total = sum(len(job.wanted) for job in jobs)
        before = total - sum(len(job.missing) for job in jobs)
        begin, done = time.monotonic(), before
        todo: dict[str, Future[None]] = {}
        with ThreadPoolExecutor(workers, thread_name_prefix="napari-ubam-crops") as pool:
            try:
                for job in jobs:
                    if len(job.missing):
                        todo[job.recording.name] = pool.submit(self._fill_one, job)
                self._tell(Progress("crops", done, total))
                while not all(future.done() for future in todo.values()):
                    check_cancelled(self._cancel)
                    name, more = self._news()
                    done += more
                    taken = time.monotonic() - begin
                    eta = taken / (done - before) * (total - done) if done > before else None
                    self._tell(Progress("crops", done, total, detail=name, eta=eta))
            finally:
                self._stop.set()
                for future in todo.values():
                    future.cancel()
        for name, future in todo.items():
            self._outcome(name, future)
        self._tell(Progress("crops", total, total))

    def _news(self) -> tuple[str, int]:
        """Tell the recording that was worked on last, and the number of chunks since the last call."""
        time.sleep(0 if self._ticks.qsize() else WAIT)
        name, more = "", 0
        while not self._ticks.empty():
            name, more = self._ticks.get(), more + 1
        return name, more

    def _fill_one(self, job: _Job) -> None:
        if job.entry is None:
            with self._making:
                job.entry = Entry.create(self._cache.folder, job.recording, job.video, self._cache.spec)
        entry, missing = job.entry, job.missing
        places = (missing[:, None] * entry.chunk + np.arange(entry.chunk)).ravel()
        places = places[places < len(entry.frames)]
        stream = iter_crops(
            job.recording,
            self._cache.spec,
            places + entry.frames.start,
            block=entry.chunk,
            video=job.video,
            cancel=self._stop,
        )
        try:
            with stream:
                for number, (_, crops, valid) in zip(missing.tolist(), stream, strict=True):
                    entry.write(number, crops, valid)
                    self._ticks.put(job.recording.name)
        finally:
            entry.note()
            job.video.close()
        if stream.unreadable:
            lost = (
                "1 frame does not decode and is"
                if stream.unreadable == 1
                else (f"{stream.unreadable} frames do not decode and are")
            )
            self._messages.append(f"{job.recording.name}: {lost} left out.")

    def _outcome(self, name: str, future: Future[None]) -> None:
        try:
            future.result()
        except OSError as error:
            reason = error.strerror or str(error)
            self._failed[name] = (
                f"{name}: its crops cannot be written to {self._cache.folder} ({reason}); free disk space "
                "there, or give a smaller budget."
            )
        except ValueError as error:
            self._failed[name] = str(error)

    def _report(self, jobs: list[_Job], sampled: bool) -> FillReport:
        seconds, nbytes = {}, 0
        for job in jobs:
            if job.entry is None or job.recording.name in self._failed:
                continue
            if not self._any_valid(job):
                self._failed[job.recording.name] = (
                    f"{job.recording.video}: none of its frames decodes; replace it."
                )
                continue
            chunks = int(job.entry.complete.sum())
            seconds[job.recording.name] = chunks * job.content.seconds
            nbytes += chunks * job.content.nbytes
        failed = tuple(self._failed.items())
        return FillReport(tuple(seconds), failed, tuple(self._messages), seconds, nbytes, sampled)

    @staticmethod
    def _any_valid(job: _Job) -> bool:
        assert job.entry is not None
        held = np.repeat(job.entry.complete, job.entry.chunk)[: len(job.entry.frames)]
        return bool((held & ~job.entry.invalid).any())
