"""Clips as animated WebP files: size, speed, marks."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from napari_ubam.report.clips import animation


def noise(count: int, height: int, width: int, channels: int = 3) -> list[np.ndarray]:
    """Give frames that cannot be compressed."""
    generator = np.random.default_rng(0)
    return [generator.integers(0, 256, (height, width, channels), np.uint8) for _ in range(count)]


def durations(content: bytes) -> list[int]:
    """Read the milliseconds of each frame."""
    image = Image.open(BytesIO(content))
    found = []
    for number in range(image.n_frames):  # type: ignore[attr-defined]
        image.seek(number)
        image.load()
        found.append(int(image.info["duration"]))
    return found


def test_two_panes_keep_the_speed_and_repeat() -> None:
    grey = [np.full((40, 60, 1), value, np.uint8) for value in range(0, 200, 10)]
    made = animation([("original", grey), ("generated", grey)], fps=25.0)
    image = Image.open(BytesIO(made.content))
    assert image.info["loop"] == 0
    assert image.width > 2 * 60
    shown = durations(made.content)
    assert (len(shown), made.frames) == (20, 20)
    assert sum(shown) == pytest.approx(20 / 25 * 1000, abs=2)
    assert getattr(Image.open(BytesIO(made.still)), "n_frames", 1) == 1


def test_a_fast_camera_is_shown_at_the_speed_of_the_recording() -> None:
    frames = [np.full((40, 60, 3), value, np.uint8) for value in range(200)]
    made = animation([("original", frames)], fps=200.0)
    assert made.fps <= 35
    assert sum(durations(made.content)) == pytest.approx(1000, abs=30)


def test_frames_that_hardly_shrink_still_fit() -> None:
    made = animation([("original", noise(8, 90, 120))], fps=10.0, most_bytes=20_000)
    assert len(made.content) <= 20_000
    assert sum(durations(made.content)) == pytest.approx(800, abs=110)
    with pytest.raises(ValueError, match="Not even one frame"):
        animation([("original", noise(2, 90, 120))], fps=10.0, most_bytes=100)
    with pytest.raises(ValueError, match="no frame"):
        animation([], fps=10.0)


def test_marked_frames_have_an_orange_bar() -> None:
    frames = [np.full((60, 90, 3), value, np.uint8) for value in (40, 90, 140, 190)]
    made = animation([("original", frames)], 10.0, [False, True, True, False])
    image = Image.open(BytesIO(made.content))
    bars = []
    for number in range(4):
        image.seek(number)
        red, _, blue = image.convert("RGB").getpixel((image.width // 2, image.height - 3))  # type: ignore[misc]
        bars.append(red - blue > 100)
    assert bars == [False, True, True, False]
