"""How the main thread of a window is kept busy: what a step of the slider costs, and the longest blocks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QApplication

TICK_MS = 10
QUIET = 3  # turns of the event loop without a drawing after which a step is over


@dataclass
class Spans:
    """Wall times and CPU times of the main thread, in milliseconds."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def add(self, wall: float, cpu: float) -> None:
        """Add a span in seconds."""
        self.wall.append(wall * 1e3)
        self.cpu.append(cpu * 1e3)

    def row(self) -> list[str]:
        """Give p50, p99 and maximum of the CPU time, then those of the wall time."""
        return [f"{value:.1f}" for times in (self.cpu, self.wall) for value in summary(times)]


def summary(times: Sequence[float]) -> tuple[float, float, float]:
    """Give p50, p99 and maximum of times; zeros if there are none."""
    if not times:
        return 0.0, 0.0, 0.0
    return float(np.percentile(times, 50)), float(np.percentile(times, 99)), max(times)


class Drawn:
    """Counts the drawings of a viewer's canvas."""

    def __init__(self, viewer: Any) -> None:
        self.count = 0
        canvas = viewer.window._qt_viewer.canvas
        scene = getattr(canvas, "_scene_canvas", None) or canvas.native
        scene.events.draw.connect(self._note)

    def _note(self, _: object = None) -> None:
        self.count += 1


class Scrubber:
    """Moves the slider of a viewer, and measures each step until all that it caused is drawn.

    Parameters
    ----------
    viewer : napari.Viewer
    """

    def __init__(self, viewer: Any) -> None:
        self.viewer, self.drawn, self.spans = viewer, Drawn(viewer), Spans()
        self.drawings = 0

    def scrub(self, frames: Sequence[int]) -> None:
        """Show frames one after the other, without a pause."""
        for frame in frames:
            before, wall, cpu = self.drawn.count, time.perf_counter(), time.thread_time()
            self.viewer.dims.set_current_step(0, int(frame))
            self._finish()
            self.spans.add(time.perf_counter() - wall, time.thread_time() - cpu)
            self.drawings += self.drawn.count - before

    def _finish(self) -> None:
        quiet, seen = 0, self.drawn.count
        while quiet < QUIET:
            QApplication.processEvents()
            quiet, seen = (quiet + 1 if seen == self.drawn.count else 0), self.drawn.count


class Pulse:
    """Ticks in the main thread; what lies between two ticks is one block.

    Attributes
    ----------
    blocks : Spans
        CPU time between two ticks, and by how much the later one came too late.
    """

    def __init__(self) -> None:
        self.blocks = Spans()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._last = (0.0, 0.0)

    def _tick(self) -> None:
        now = (time.perf_counter(), time.thread_time())
        late = max(now[0] - self._last[0] - TICK_MS / 1e3, 0.0)
        self.blocks.add(late, now[1] - self._last[1])
        self._last = now

    @contextmanager
    def ticking(self) -> Iterator[Spans]:
        """Measure while the body works in the event loop."""
        self._last = (time.perf_counter(), time.thread_time())
        self._timer.start()
        try:
            yield self.blocks
        finally:
            self._tick()
            self._timer.stop()


def wait_for(condition: Callable[[], object], seconds: float = 120) -> None:
    """Run the event loop until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the condition was not met in time")
        QApplication.processEvents()
        time.sleep(0.002)


def idle(seconds: float) -> None:
    """Run the event loop for a while."""
    end = time.monotonic() + seconds
    wait_for(lambda: time.monotonic() > end, seconds + 60)
