"""Recordings in which a bar turns, and their postures, for tests of trainings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_ubam.learners.posture_track import PostureTrack
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.windows import windows

FPS = 30.0


@dataclass(frozen=True)
class TurningBars:
    """Crops of a bar that turns; its brightness is that of the recording."""

    number: int
    frames: int = 90
    size: int = 32
    fps: float = FPS

    @property
    def runs(self) -> tuple[tuple[int, int], ...]:
        """Two runs, with a gap of five frames."""
        return ((0, self.frames // 2), (self.frames // 2 + 5, self.frames))

    def read(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Draw the bar."""
        y, x = np.mgrid[-1 : 1 : self.size * 1j, -1 : 1 : self.size * 1j]
        angles = (0.2 * np.arange(start, stop) + self.number)[:, None, None]
        far = np.abs(y * np.cos(angles) - x * np.sin(angles))
        return (40 + (60 + 40 * self.number) * (far < 0.3) + 20 * self.number * (x > 0.8)).astype(np.uint8)


def turning(count: int, size: int, phase: float = 0.0, seed: int = 0) -> NDArray[np.float32]:
    """Postures that go round in the same way, and never back, (count, size)."""
    turn = 0.25 * np.arange(count)[:, None] + phase
    codes = np.concatenate([np.cos(turn), np.sin(turn), 0.4 * np.cos(2 * turn + 0.5)], 1)
    basis = np.linalg.qr(np.random.default_rng(99).normal(size=(size, size)))[0][:3]
    noise = np.random.default_rng(seed).normal(0, 0.03 / size**0.5, (count, size))
    return (codes @ basis + noise).astype(np.float32)


def wandering(count: int, size: int, seed: int = 0) -> NDArray[np.float32]:
    """Postures each drawn anew, so that their order means nothing, (count, size)."""
    return np.random.default_rng(seed).normal(size=(count, size)).astype(np.float32)


def track_of(codes: NDArray[np.float32], config: ModelConfig, fps: float = FPS) -> PostureTrack:
    """Lay windows on postures of one segment."""
    sizes = config.behaviour
    return PostureTrack.of(
        codes, windows(np.arange(len(codes)) / fps, [range(len(codes))], sizes.window_ms, sizes.steps)
    )


def turning_track(number: int, config: ModelConfig, count: int = 200) -> PostureTrack:
    """Lay windows on postures that go round."""
    return track_of(turning(count, config.posture.code, phase=number, seed=number), config)
