"""Plays a span of frames at the true rate: frames are left out where the computer is too slow for all."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from qtpy.QtCore import QTimer

TICK_MS = 15


class Player:
    """A clock that says which frame should be shown.

    Parameters
    ----------
    show : callable
        Called with the number of the frame to show.
    tell : callable
        Called with whether it plays, when that changes.
    """

    def __init__(self, show: Callable[[int], None], tell: Callable[[bool], object]) -> None:
        self._show, self._tell = show, tell
        self._timer: QTimer | None = None
        self._start = self._stop = self._last = 0
        self._fps, self._began = 1.0, 0.0

    @property
    def is_playing(self) -> bool:
        """Whether it plays."""
        return self._timer is not None

    def play(self, start: int, stop: int, fps: float) -> None:
        """Play frames from `start` up to `stop`, which is not shown, once."""
        self.stop()
        self._start, self._stop, self._fps = start, stop, fps
        self._last, self._began = start, time.monotonic()
        self._timer = QTimer()
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._timer.start()
        self._tell(True)

    def stop(self) -> None:
        """Stop where it is."""
        if self._timer is not None:
            with suppress(RuntimeError):  # Qt ends, and has deleted it already
                self._timer.stop()
            self._timer = None
            self._tell(False)

    def _tick(self) -> None:
        frame = self._start + int((time.monotonic() - self._began) * self._fps)
        if frame >= self._stop:
            frame = self._stop - 1
            self.stop()
        if frame != self._last:
            self._last = frame
            self._show(frame)
