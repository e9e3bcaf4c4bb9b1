"""Plays frames at the recorded frame rate. A slow computer skips frames instead of playing slower."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from qtpy.QtCore import QTimer

TICK_MS = 15


class Player:
    """A clock that tells which frame to show.

    Parameters
    ----------
    show : callable
        Called with the number of the frame to show.
    on_change : callable
        Called with True when playback starts, and with False when it stops.
    """

    def __init__(self, show: Callable[[int], None], on_change: Callable[[bool], object]) -> None:
        self._show, self._on_change = show, on_change
        self._timer: QTimer | None = None
        self._start = self._stop = self._last = 0
        self._fps, self._began = 1.0, 0.0

    @property
    def is_playing(self) -> bool:
        """Whether frames are playing."""
        return self._timer is not None

    def play(self, start: int, stop: int, fps: float) -> None:
        """Play frames once.

        Parameters
        ----------
        start, stop : int
            Frame numbers, from 0; `stop` is not shown.
        fps : float
            Frames per second.
        """
        self.stop()
        self._start, self._stop, self._fps = start, stop, fps
        self._last, self._began = start, time.monotonic()
        self._timer = QTimer()
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._timer.start()
        self._on_change(True)

    def stop(self) -> None:
        """Stop at the current frame."""
        if self._timer is not None:
            with suppress(RuntimeError):  # Qt is shutting down and has deleted the timer
                self._timer.stop()
            self._timer = None
            self._on_change(False)

    def _tick(self) -> None:
        frame = self._start + int((time.monotonic() - self._began) * self._fps)
        if frame >= self._stop:
            frame = self._stop - 1
            self.stop()
        if frame != self._last:
            self._last = frame
            self._show(frame)
