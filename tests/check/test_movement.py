"""The period of a movement in synthetic clips."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_ubam.check.movement import dominant_period, shrink, shrunk_shape

SHAPE = (30, 48)


def blob(centres: NDArray[np.float64], noise: float = 3.0, seed: int = 0) -> NDArray[np.float32]:
    """Clip of a bright spot that moves along its centres (t, 2) over a textured, noisy floor."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    distance = (y - centres[:, :1, None]) ** 2 + (x - centres[:, 1:, None]) ** 2
    floor = rng.uniform(0, 60, SHAPE)
    clip = floor + 120 * np.exp(-distance / 18) + rng.normal(0, noise, (len(centres), *SHAPE))
    return clip.astype(np.float32)


def swing(frames: int, period: float, drift: float = 0.0) -> NDArray[np.float64]:
    t = np.arange(frames)
    x = 20 + 5 * np.sin(2 * np.pi * t / period) + drift * t
    return np.stack([np.full(frames, 15.0), x], axis=1)


@pytest.mark.parametrize("period", [7.0, 12.5, 24.0, 41.3, 70.0])
def test_a_known_period_is_found(period: float) -> None:
    assert dominant_period(blob(swing(240, period))) == pytest.approx(period, rel=0.03)


def test_the_period_and_not_its_multiple_or_half_is_found() -> None:
    t = np.arange(240)
    # Two legs in turn: after half a period the picture looks alike, but it is the other leg.
    phase = 2 * np.pi * t / 30
    legs = [np.stack([np.full(240, y), 24 + 8 * sign * np.sin(phase)], 1) for y, sign in ((8, 1), (22, -1))]
    clip = blob(legs[0]) + 0.5 * blob(legs[1], seed=1)
    assert dominant_period(clip) == pytest.approx(30, rel=0.03)


def test_slow_drift_does_not_hide_the_period() -> None:
    assert dominant_period(blob(swing(200, 16.0, drift=0.08))) == pytest.approx(16, rel=0.05)


def test_a_flickering_lamp_is_not_movement() -> None:
    still = blob(np.tile([[15.0, 20.0]], (200, 1)))
    flicker = 20 * np.sin(2 * np.pi * np.arange(200) / 10).astype(np.float32)
    assert dominant_period(still + flicker[:, None, None]) is None


@pytest.mark.parametrize("seed", range(4))
def test_random_walks_and_noise_have_no_period(seed: int) -> None:
    rng = np.random.default_rng(seed)
    walk = np.array([15, 24]) + np.cumsum(rng.normal(0, 0.4, (240, 2)), axis=0)
    assert dominant_period(blob(walk)) is None
    assert dominant_period(rng.normal(100, 5, (240, *SHAPE)).astype(np.float32)) is None


def smoothed(values: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Smooth (t, k) with a Gaussian; its standard deviation is in frames."""
    reach = np.arange(-int(4 * width), int(4 * width) + 1)
    bell = np.exp(-(reach**2) / (2 * width**2))
    return np.stack([np.convolve(column, bell, "same") for column in values.T], axis=1)


def wander(seed: int) -> NDArray[np.float32]:
    """Clip of a spot that moves smoothly and at random."""
    rng = np.random.default_rng(seed)
    path = smoothed(rng.normal(size=(440, 2)), rng.uniform(4, 12))[100:340]
    return blob(np.array([15, 24]) + path / path.std(axis=0) * [3, 6], seed=seed)


def stride(seed: int, variation: float) -> tuple[NDArray[np.float32], float]:
    """Clip of a spot with strides of variable length, and the mean length in frames."""
    rng = np.random.default_rng(seed)
    period = rng.uniform(8, 60)
    lengths = period * np.maximum(1 + variation * rng.normal(size=60), 0.5)
    phase = 2 * np.pi * np.interp(np.arange(240), np.r_[0, np.cumsum(lengths)], np.arange(61))
    x = 24 + 4 * (np.sin(phase) + 0.4 * np.sin(2 * phase + rng.uniform(0, 6)))
    return blob(np.stack([15 + 2 * np.maximum(np.cos(phase), 0), x], axis=1), seed=seed), period


# Seeds from 0 to 239 with clips that repeat a few times by chance.
COME_BACK = (86, 122, 125, 173, 193, 199, 204, 207, 221)


def test_movement_that_repeats_a_few_times_by_chance_has_no_period() -> None:
    assert sum(dominant_period(wander(seed)) is not None for seed in COME_BACK) <= 1


def test_strides_that_vary_by_ten_percent_have_a_period() -> None:
    found = [(dominant_period(clip), period) for clip, period in (stride(seed, 0.1) for seed in range(8))]
    assert sum(lag is not None and abs(lag / period - 1) < 0.2 for lag, period in found) >= 7


@pytest.mark.parametrize("frames", [1, 5, 11])
def test_too_short_a_clip_has_no_period(frames: int) -> None:
    assert dominant_period(blob(swing(frames, 3.0))) is None


def test_a_black_clip_has_no_period() -> None:
    assert dominant_period(np.zeros((120, 8, 8), np.float32)) is None


def test_reduction_averages_blocks() -> None:
    image = np.arange(24, dtype=np.uint8).reshape(4, 6)
    np.testing.assert_allclose(shrink(image, (2, 3)), image.reshape(2, 2, 3, 2).mean(axis=(1, 3)))
    assert shrink(image, (4, 6)) == pytest.approx(image)
    assert shrink(image, (8, 12)).shape == (8, 12)
    assert shrink(np.full((7, 5), 9, np.uint16), (3, 2)) == pytest.approx(9)


@pytest.mark.parametrize(
    ("size", "expected"), [((480, 960), (18, 36)), ((20, 30), (20, 30)), ((1000, 3), (36, 1))]
)
def test_reduced_frames_keep_their_proportions(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert shrunk_shape(*size) == expected
