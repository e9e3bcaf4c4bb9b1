"""Writes the videos of the sample study, half of them in a second process.

The second process is a plain command, so it needs neither a guard in the calling script nor `fork`. Where it
cannot be started, or ends early, its videos are written here.
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

VERSION = 1  # of the renderer: a change of looks or movement makes the videos anew
OPTIONS = {"preset": "veryfast", "crf": "20", "threads": "1"}
FEW = 400  # frames that are not worth a second process
TOLD = 0.2  # seconds between two reports of progress


@dataclass(frozen=True)
class Order:
    """Which videos are wanted, and where."""

    folder: str
    healthy: int
    impaired: int
    seed: int
    fps: float
    count: int  # frames of each

    def herd(self) -> list[Walker]:
        """Return the animals."""
        return [replace(walker, fps=self.fps) for walker in walkers(self.healthy, self.impaired, self.seed)]

    def paths(self, walker: Walker) -> tuple[Path, Path]:
        """Return the video of an animal, and the note of how it was made."""
        folder = Path(self.folder)
        return folder / f"{walker.name}.mp4", folder / f"{walker.name}.json"

    def note(self, walker: Walker) -> str:
        """Return what the note says when the video is finished."""
        return json.dumps({"renderer": VERSION, "frames": self.count, **asdict(walker)}, indent=1)

    def finished(self, walker: Walker) -> bool:
        """Whether the video is there and was made with these very parameters."""
        video, note = self.paths(walker)
        if not (video.is_file() and note.is_file()):
            return False
        return note.read_text(encoding="utf-8") == self.note(walker)

    def write(self, walker: Walker, told: Callable[[], None]) -> None:
        """Write a video and then its note, calling `told` for each frame."""
        video, note = self.paths(walker)
        note.unlink(missing_ok=True)
        write_video(video, self._frames(walker, told), walker.fps, options=OPTIONS)
        partial = note.with_suffix(".note")
        partial.write_text(self.note(walker), encoding="utf-8")
        partial.replace(note)

    def _frames(self, walker: Walker, told: Callable[[], None]) -> Iterator[npt.NDArray[np.uint8]]:
        for frame in walker.render(range(self.count)):
            told()
            yield frame


def write_videos(order: Order, progress: ProgressCallback, cancel: Cancel | None) -> None:
    """Write the videos that are not there yet.

    Parameters
    ----------
    order : Order
        Which.
    progress : callable
        Takes `Progress` events.
    cancel : optional
        Stops the work when set.
    """
    check_cancelled(cancel)
    todo = [walker for walker in order.herd() if not order.finished(walker)]
    watch = _Watch(len(todo) * order.count, progress, cancel)
    apart = len(todo) > 1 and len(todo) * order.count > FEW and (os.cpu_count() or 1) > 1
    helper = _Helper(order, [walker.name for walker in todo[1::2]], watch) if apart else None
    try:
        for walker in todo[::2] if helper else todo:
            order.write(walker, watch.one_more)
        if helper:
            helper.wait()
            for walker in todo[1::2]:
                if not order.finished(walker):
                    order.write(walker, watch.one_more)
    finally:
        if helper:
            helper.stop()
    progress(Progress("sample", watch.total, watch.total, eta=0.0))


@dataclass
class _Watch:
    """Counts frames, tells how far it is, and stops when asked to."""

    total: int
    progress: ProgressCallback
    cancel: Cancel | None
    here: int = 0
    there: int = 0  # frames of the other process
    begun: float = field(default_factory=time.monotonic)
    last: float = 0.0

    def one_more(self) -> None:
        self.here += 1
        self.tell()

    def tell(self) -> None:
        check_cancelled(self.cancel)
        now = time.monotonic()
        if now - self.last < TOLD:
            return
        self.last = now
        done = min(self.here + self.there, self.total)
        eta = (self.total - done) * (now - self.begun) / done if done else None
        self.progress(Progress("sample", done, self.total, "videos", eta=eta))


class _Helper:
    """A second process that writes some of the videos; it says how many frames it has written."""

    def __init__(self, order: Order, names: list[str], watch: _Watch) -> None:
        self.watch, self.names, self.folder = watch, names, Path(order.folder)
        self.process: subprocess.Popen[str] | None = None
        # The package must be found there wherever it was found here.
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
            self._send(json.dumps({"order": asdict(order), "names": names}))
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
                self.watch.there = int(line)

    def wait(self) -> None:
        """Wait until it ends, still telling how far it is."""
        while self.process is not None and self.process.poll() is None:
            self.watch.tell()
            time.sleep(0.05)

    def stop(self) -> None:
        """End it if it still runs."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()
        for name in self.names:  # what it was at when it was stopped
            (self.folder / f"{name}.part.mp4").unlink(missing_ok=True)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
