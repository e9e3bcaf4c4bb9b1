"""Cache of the crops of a study in the run folder. Videos are decoded only once."""

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
from napari_ubam.study.intervals import EXCLUDE
from napari_ubam.video import VideoArray, open_video

from .budget import budget_of, cancel_indexing, default_workers, megabytes
from .cached import CachedCrops
from .cropper import CropSpec
from .entry import Entry, frames_left_out, frames_with_crop
from .errors import CropError
from .folders import remove_leftovers
from .plan import Content, allocate
from .stream import BLOCK, iter_crops

WAIT = 0.25  # seconds between checks of the threads


@dataclass(frozen=True)
class FillReport:
    """Result of filling a cache.

    Parameters
    ----------
    done : tuple of str
        Recordings with crops in the cache, all crops or the sample that fits the budget.
    failed : tuple of (str, str)
        Name of each recording without crops, and a sentence with the reason.
    messages : tuple of str
        Sentences for the user.
    seconds : dict of str to float
        Cached duration of each recording in seconds.
    nbytes : int
        Size of the cached crops in bytes.
    sampled : bool
        Whether only parts of the recordings are cached.
    """

    done: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]
    messages: tuple[str, ...]
    seconds: dict[str, float]
    nbytes: int
    sampled: bool


@dataclass
class _Job:
    """One recording that is being cached."""

    recording: Recording
    video: VideoArray
    content: Content
    entry: Entry | None
    wanted: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def missing(self) -> NDArray[np.int64]:
        """Wanted chunks that are not in the cache yet."""
        if self.entry is None:
            return self.wanted
        missing: NDArray[np.int64] = self.wanted[~self.entry.complete[self.wanted]]
        return missing

    @property
    def extra(self) -> NDArray[np.int64]:
        """Chunks in the cache that are not wanted."""
        held = np.flatnonzero(self.entry.complete) if self.entry else np.empty(0, np.int64)
        return np.setdiff1d(held, self.wanted)


@dataclass(frozen=True)
class CropCache:
    """Cache of crops as uint8 zarr arrays, with one group for each recording.

    It can be pickled. Threads and processes can share it for reading.

    Parameters
    ----------
    folder : Path
        Cache folder, such as ``crops.zarr`` in the run folder. `fill` creates it.
    spec : CropSpec
        Size and colour of the crops.
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
        """Decode and cache the missing crops.

        If this is cancelled or killed, finished crops are kept, except for the last half second of work. If
        the video file, the region or the size of a recording has changed, its crops are computed again.

        Parameters
        ----------
        study : Study or iterable of Recording
            The recordings.
        budget_bytes : int, optional
            Maximum size of all crops in bytes. Default: half of the free disk space, at most 8 GiB. If the
            crops need more, the same number of seconds of each recording is kept, in evenly spaced pieces of
            about 20 seconds.
        workers : int, optional
            Number of recordings to decode in parallel. Default: 2, or 1 on a single processor core.
        progress : callable, optional
            Called from this thread with a `Progress` report. Its steps are chunks.
        cancel : Cancel, optional
            Checked several times per second.

        Returns
        -------
        FillReport
            What was cached. A recording that cannot be read is in ``failed`` and does not stop the others.

        Raises
        ------
        Cancelled
            If ``cancel`` is set.
        """
        return _Filling(self, progress or silent, cancel).run(list(study), budget_bytes, workers)

    def open(self, recording: Recording) -> CachedCrops:
        """Open the cached crops of a recording. The video is not needed.

        Parameters
        ----------
        recording : Recording
            The recording.

        Returns
        -------
        CachedCrops
            Its crops in the cache.

        Raises
        ------
        CropError
            If the cache has no crops of this recording, or only of another region, frame range or size.
        """
        entry = Entry.find(self.folder, recording.name)
        if entry is None:
            raise CropError(
                f"{recording.name}: the cache {self.folder} has no crops of it; fill the cache first."
            )
        fault = entry.fault(recording, self.spec, None)
        if fault:
            raise CropError(f"{recording.name}: the cache {self.folder} has {fault}; fill the cache again.")
        return entry.cached(recording, self.spec)

    def complete(self, recording: Recording, video: VideoArray) -> CachedCrops | None:
        """Open the crops of a recording if the cache has all of them.

        Parameters
        ----------
        recording : Recording
            The recording.
        video : VideoArray
            Its video.

        Returns
        -------
        CachedCrops or None
            None if some are missing, or the video file, region, frame range or size has changed.
        """
        found = self.open(recording) if self.matches(recording, video) else None
        return found if found is not None and found.complete else None

    def matches(self, recording: Recording, video: VideoArray | None = None) -> bool:
        """Check whether the cache has valid crops of a recording, all or some of them.

        Parameters
        ----------
        recording : Recording
            The recording.
        video : VideoArray, optional
            Its video, if it is already open.

        Returns
        -------
        bool
            False if there are no crops, or the video file, region, frame range or size has changed.

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
        self._cache, self._progress, self._cancel = cache, progress, cancel
        self._failed: dict[str, str] = {}
        self._messages: list[str] = []
        self._stop = threading.Event()
        self._create_lock = threading.Lock()
        self._ticks: queue.SimpleQueue[str] = queue.SimpleQueue()

    def run(self, study: list[Recording], budget: int | None, workers: int | None) -> FillReport:
        self._cache.folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(self._cache.folder)
        jobs = self._prepared(study)
        sampled = self._choose(jobs, budget)
        self._decode(jobs, workers or default_workers())
        return self._report(jobs, sampled)

    def _message(self, message: str) -> None:
        self._messages.append(message)
        self._progress(Progress("crops", 0, 0, message=message))

    def _prepared(self, study: list[Recording]) -> list[_Job]:
        jobs = []
        for number, recording in enumerate(study):
            check_cancelled(self._cancel)
            self._progress(Progress("videos", number, len(study), detail=recording.name))
            try:
                jobs.append(self._job(recording))
            except (ValueError, OSError) as error:
                self._failed[recording.name] = str(error)
        return jobs

    def _job(self, recording: Recording) -> _Job:
        # The cache stores the frame rate of the file. The frame rate of the study is applied on reading.
        tick = cancel_indexing(self._cancel)
        video = open_video(recording.video, warn=False, progress=tick)
        shown = frames_with_crop(recording, len(video), frames_left_out(recording, video))
        chunks = np.unique(np.flatnonzero(shown) // BLOCK)
        if not len(chunks):
            raise CropError(
                f"{recording.name}: there is no frame to crop; check the frame range, the track and "
                f"the intervals with the label {EXCLUDE}."
            )
        content = Content(chunks, BLOCK / (recording.fps or video.fps), BLOCK * self._cache.spec.nbytes)
        entry = Entry.find(self._cache.folder, recording.name)
        fault = entry.fault(recording, self._cache.spec, video) if entry else ""
        if fault:
            self._message(f"{recording.name}: the cache has {fault}, so they are computed again.")
        video.close()  # until this recording is processed
        return _Job(recording, video, content, None if fault else entry)

    def _choose(self, jobs: list[_Job], budget: int | None) -> bool:
        held = sum(int(job.entry.complete.sum()) * job.content.nbytes for job in jobs if job.entry)
        budget = budget_of(self._cache.folder, held) if budget is None else budget
        for job, wanted in zip(jobs, allocate([job.content for job in jobs], budget), strict=True):
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
            self._message(
                f"The crops of all recordings need {megabytes(whole)}, but the limit is "
                f"{megabytes(budget)}, so at most {longest:.0f} s of each recording are kept."
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
                self._progress(Progress("crops", done, total))
                while not all(future.done() for future in todo.values()):
                    check_cancelled(self._cancel)
                    name, more = self._finished_chunks()
                    done += more
                    taken = time.monotonic() - begin
                    eta = taken / (done - before) * (total - done) if done > before else None
                    self._progress(Progress("crops", done, total, detail=name, eta=eta))
            finally:
                self._stop.set()
                for future in todo.values():
                    future.cancel()
        for name, future in todo.items():
            self._outcome(name, future)
        self._progress(Progress("crops", total, total))

    def _finished_chunks(self) -> tuple[str, int]:
        """Return the last recording in work, and the number of chunks since the last call."""
        time.sleep(0 if self._ticks.qsize() else WAIT)
        name, more = "", 0
        while not self._ticks.empty():
            name, more = self._ticks.get(), more + 1
        return name, more

    def _fill_one(self, job: _Job) -> None:
        if job.entry is None:
            with self._create_lock:
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
            entry.save_state()
            job.video.close()
        if stream.unreadable:
            lost = (
                "1 frame cannot be decoded and is"
                if stream.unreadable == 1
                else f"{stream.unreadable} frames cannot be decoded and are"
            )
            self._messages.append(f"{job.recording.name}: {lost} omitted.")

    def _outcome(self, name: str, future: Future[None]) -> None:
        try:
            future.result()
        except OSError as error:
            reason = error.strerror or str(error)
            self._failed[name] = (
                f"{name}: its crops cannot be written to {self._cache.folder} ({reason}); free disk space "
                "or set a smaller budget."
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
                    f"{job.recording.video}: no frame can be decoded; replace the file."
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
