"""Generated videos in which a body moves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from napari_ubam.study import Recording
from napari_ubam.video import write_video

SHAPE = (120, 160)
LENGTH, COUNT = 30.0, 90
ROWS, COLUMNS = np.mgrid[: SHAPE[0], : SHAPE[1]] + 0.5
Draw = Callable[[np.ndarray, int], np.ndarray]


def way(number: int) -> tuple[float, float, float]:
    """Place and heading in degrees: a circle, on which the subject stands for the last third."""
    turn = 2 * np.pi * min(number, 60) / 60
    return (
        80 + 35 * np.cos(turn),
        60 + 30 * np.sin(turn),
        np.degrees(np.arctan2(30 * np.cos(turn), -35 * np.sin(turn))),
    )


def with_body(image: np.ndarray, x: float, y: float, heading: float, size: float = LENGTH) -> np.ndarray:
    """Draw a body that is thick behind and thin at the head."""
    turn = np.radians(heading)
    along = (COLUMNS - x) * np.cos(turn) + (ROWS - y) * np.sin(turn)
    across = (ROWS - y) * np.cos(turn) - (COLUMNS - x) * np.sin(turn)
    half = size * (0.16 - 0.2 * along / size)
    return np.where((np.abs(along) < size / 2) & (np.abs(across) < half), 40.0, image)


def film(path: Path, draw: Draw, count: int = COUNT) -> Recording:
    rng = np.random.default_rng(0)
    floor = 150 + 20 * rng.random(SHAPE)
    frames = (
        np.clip(draw(floor, number) + rng.normal(0, 2, SHAPE), 0, 255).astype(np.uint8)[..., None]
        for number in range(count)
    )
    write_video(path, (np.repeat(one, 3, axis=-1) for one in frames), 30.0)
    return Recording(video=path, subject="a", group="g", session="0")
