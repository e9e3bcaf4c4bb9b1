"""Write the videos of the sample study, half of them in a second process.

The second process is a command, so the calling script needs no ``__main__`` guard and no `fork`. If it cannot
be started or ends early, its videos are written here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled
from napari_ubam.video import write_video

from .walker import Walker, walkers

VERSION = 1  # version of the renderer; with a new version all videos are rendered again
OPTIONS = {"preset": "veryfast", "crf": "20", "threads": "1"}
MIN_PARALLEL_FRAMES = 400  # with fewer frames a second process is not faster
REPORT_INTERVAL = 0.2  # seconds between progress reports


@dataclass(frozen=True)
class RenderJob:
    """Parameters of the videos.

    Parameters
    ----------
    folder : str
        Folder of the videos.
    healthy, impaired : int
        Number of animals in each group.
    seed : int
        Random seed of the animals.
    fps : float
        Frames per second.
    count : int
        Frames per video.
    """

    folder: str
    healthy: int
    impaired: int
    seed: int
    fps: float
    count: int

    def animals(self) -> list[Walker]:
        """Return the animals.

        Returns
        -------
        list of Walker
            One for each video, the healthy ones first.
        """
        return [replace(walker, fps=self.fps) for walker in walkers(self.healthy, self.impaired, self.seed)]

    def paths(self, walker: Walker) -> tuple[Path, Path]:
        """Return the files of an animal.

        Parameters
        ----------
        walker : Walker
            The animal.

        Returns
        -------
        video, note : Path
            Video file, and JSON file with its parameters.
        """
        folder = Path(self.folder)
        return folder / f"{walker.name}.mp4", folder / f"{walker.name}.json"

    def note(self, walker: Walker) -> str:
        """Return the parameters of a video as JSON, as they are written when it is finished.

        Parameters
        ----------
        walker : Walker
            The animal.

        Returns
        -------
        str
            JSON text.
        """
        return json.dumps({"renderer": VERSION, "frames": self.count, **asdict(walker)}, indent=1)

    def finished(self, walker: Walker) -> bool:
        """Check whether the video exists and has the same parameters.

        Parameters
        ----------
        walker : Walker
            The animal.

        Returns
        -------
        bool
            True if the video need not be rendered again.
        """
        video, note = self.paths(walker)
        if not (video.is_file() and note.is_file()):
            return False
        return note.read_text(encoding="utf-8") == self.note(walker)

    def write(self, walker: Walker, on_frame: Callable[[], None]) -> None:
        """Render a video, and then write its parameters.

        Parameters
        ----------
        walker : Walker
            The animal.
        on_frame : callable
            Function without arguments, called for each frame.
        """
        video, note = self.paths(walker)
        note.unlink(missing_ok=True)
        write_video(video, self._frames(walker, on_frame), walker.fps, options=OPTIONS)
        partial = note.with_suffix(".note")
        partial.write_text(self.note(walker), encoding="utf-8")
        partial.replace(note)

    def _frames(self, walker: Walker, on_frame: Callable[[], None]) -> Iterator[npt.NDArray[np.uint8]]:
        for frame in walker.render(range(self.count)):
            on_frame()
            yield frame


def write_videos(job: RenderJob, progress: ProgressCallback, cancel: Cancel | None) -> None:
    """Write the videos that do not exist yet.

    Parameters
    ----------
    job : RenderJob
        The videos.
    progress : callable
        Called with `Progress` reports.
    cancel : Cancel or None
        Flag that stops the work.

    Raises
    ------
    Cancelled
        If ``cancel`` is set. Finished videos are kept.
    """
    check_cancelled(cancel)
    todo = [walker for walker in job.animals() if not job.finished(walker)]
    reporter = _Reporter(len(todo) * job.count, progress, cancel)
    parallel = len(todo) > 1 and len(todo) * job.count > MIN_PARALLEL_FRAMES and (os.cpu_count() or 1) > 1
    second = _SecondProcess(job, [walker.name for walker in todo[1::2]], reporter) if parallel else None
    try:
        for walker in todo[::2] if second else todo:
            job.write(walker, reporter.count_frame)
        if second:
            second.wait()
            for walker in todo[1::2]:
                if not job.finished(walker):
                    job.write(walker, reporter.count_frame)
    finally:
        if second:
            second.stop()
    progress(Progress("sample", reporter.total, reporter.total, eta=0.0))


@dataclass
class _Reporter:
    """Count frames, report progress and check for cancellation."""

    total: int
    progress: ProgressCallback
    cancel: Cancel | None
    here: int = 0  # frames of this process
    there: int = 0  # frames of the second process
    begun: float = field(default_factory=time.monotonic)
    last: float = 0.0

    def count_frame(self) -> None:
        self.here += 1
        self.report()

    def report(self) -> None:
        check_cancelled(self.cancel)
        now = time.monotonic()
        if now - self.last < REPORT_INTERVAL:
            return
        self.last = now
        done = min(self.here + self.there, self.total)
        eta = (self.total - done) * (now - self.begun) / done if done else None
        self.progress(Progress("sample", done, self.total, "videos", eta=eta))


class _SecondProcess:
    """A second process that writes some of the videos. It reports the number of written frames."""

    def __init__(self, job: RenderJob, names: list[str], reporter: _Reporter) -> None:
        self.reporter, self.names, self.folder = reporter, names, Path(job.folder)
        self.process: subprocess.Popen[str] | None = None
        # The second process must import the same package.
        places = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, places))}
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "napari_ubam.sample.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env=environment,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
            self._send(json.dumps({"job": asdict(job), "names": names}))
        except OSError:
            return
        threading.Thread(target=self._listen, daemon=True).start()

    def _send(self, text: str) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def _listen(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.strip().isdigit():
                self.reporter.there = int(line)

    def wait(self) -> None:
        """Wait until it ends, and report progress."""
        while self.process is not None and self.process.poll() is None:
            self.reporter.report()
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it if it is still running."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()
        for name in self.names:  # incomplete files, if it was stopped
            (self.folder / f"{name}.part.mp4").unlink(missing_ok=True)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
