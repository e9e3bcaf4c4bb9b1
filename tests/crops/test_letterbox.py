"""Letterboxing: no stretching, no aliasing, and no pixels from outside the region."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from napari_ubam.crops import CropError, CropSpec, letterbox


def disc(height: int, width: int, radius: float) -> NDArray[np.uint8]:
    """Bright disc in the middle of a dark image."""
    y, x = np.mgrid[:height, :width]
    distance = np.hypot(y - (height - 1) / 2, x - (width - 1) / 2)
    return (20 + 200 * np.clip(radius + 0.5 - distance, 0, 1)).astype(np.uint8)


def spread(image: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centre and standard deviation along y and x of the brightness above the background."""
    weight = np.clip(image.astype(float) - 20, 0, None)
    points = np.indices(image.shape).reshape(2, -1)
    centre = (points * weight.ravel()).sum(axis=1) / weight.sum()
    variance = ((points - centre[:, None]) ** 2 * weight.ravel()).sum(axis=1) / weight.sum()
    return centre, np.sqrt(variance)


SIDES = st.tuples(st.integers(16, 128), st.integers(16, 128))


@given(st.integers(20, 300), st.integers(20, 300), SIDES, st.booleans())
def test_a_disc_stays_a_disc_of_the_right_size(
    height: int, width: int, size: tuple[int, int], colour: bool
) -> None:
    scale = min(size[0] / height, size[1] / width)
    assume(min(height, width) * 0.2 > 1 / scale + 1)  # else the disc reaches the edge, and with it the bars
    assume(min(height, width) * 0.3 * scale > 3)  # a spot of a few pixels has no shape
    image = disc(height, width, min(height, width) * 0.3)
    if colour:
        image = np.repeat(image[..., None], 3, axis=-1)
    crop = letterbox(image, size)
    assert crop.shape == ((*size, 3) if colour else size)
    plain, original = (crop[..., 0], image[..., 0]) if colour else (crop, image)
    centre, deviation = spread(plain)
    # Averaging over a pixel widens a spot by the deviation of a pixel, interpolation by less than one.
    blur = (1 - scale**2) / 12 if scale < 1 else scale**2 / 6
    expected = np.sqrt((spread(original)[1] * scale) ** 2 + blur)
    assert np.abs(centre - (np.array(size) - 1) / 2).max() <= 0.5 + scale / 2 + 0.1
    assert abs(deviation[0] / deviation[1] - 1) < 0.02 + 0.5 / min(height, width)
    assert np.abs(deviation / expected - 1).max() < 0.05


def overlaps(old: int, new: int) -> NDArray[np.float64]:
    """Part of each new pixel that each old one covers, shape (new, old)."""
    edges = np.arange(new + 1) * old / new
    places = np.arange(old)
    covered = np.minimum(edges[1:, None], places + 1) - np.maximum(edges[:-1, None], places)
    return np.clip(covered, 0, None) * new / old


# The error is at most one grey level where the image begins at a whole pixel of the crop.
@pytest.mark.parametrize(
    ("shape", "largest"), [((720, 1280), 1.01), ((200, 200), 1.01), ((333, 517), 16), ((4000, 3000), 32)]
)
def test_pixels_are_exact_means_over_areas(shape: tuple[int, int], largest: float) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    square = max(shape)
    before = [(square - side) // 2 for side in shape]
    padded = np.pad(image, [(b, square - side - b) for b, side in zip(before, shape, strict=True)], "edge")
    means = overlaps(square, 96)
    wanted = means @ padded @ means.T
    inside = slice(round(96 * before[0] / square) + 2, round(96 * (before[0] + shape[0]) / square) - 2)
    error = letterbox(image, (96, 96))[inside] - wanted[inside]
    assert np.abs(error).max() <= largest
    assert abs(error.mean()) < 0.2


def test_fine_stripes_become_grey_without_aliasing() -> None:
    stripes = np.zeros((600, 600), np.uint8)
    stripes[:, ::2] = 200
    assert np.ptp(letterbox(stripes, (100, 100)).astype(int)) <= 2


def test_colours_are_scaled_independently() -> None:
    image = np.random.default_rng(1).integers(0, 256, (150, 211, 3), dtype=np.uint8)
    crop = letterbox(image, (64, 64))
    for channel in range(3):
        np.testing.assert_array_equal(crop[..., channel], letterbox(image[..., channel].copy(), (64, 64)))


def test_bars_repeat_the_edge() -> None:
    image = np.full((40, 80), 100, np.uint8)
    image[0], image[-1] = 50, 200
    crop = letterbox(image, (80, 80))
    assert (crop[:20] == 50).all()
    assert (crop[60:] == 200).all()
    np.testing.assert_array_equal(crop[20:60], image)


def test_an_image_of_the_target_size_is_unchanged() -> None:
    image = np.random.default_rng(2).integers(0, 256, (96, 96), dtype=np.uint8)
    np.testing.assert_array_equal(letterbox(image, (96, 96)), image)


@given(st.integers(1, 400), st.integers(1, 400), SIDES, st.integers(0, 255))
def test_any_shape_works_and_a_uniform_image_stays_uniform(
    height: int, width: int, size: tuple[int, int], value: int
) -> None:
    crop = letterbox(np.full((height, width), value, np.uint8), size)
    assert crop.shape == size
    assert np.abs(crop.astype(int) - value).max() <= 1


def test_a_crop_of_the_regions_shape_has_no_bars() -> None:
    image = np.random.default_rng(3).integers(0, 256, (120, 240), dtype=np.uint8)
    small = letterbox(image, (60, 120))
    wanted = image.reshape(60, 2, 120, 2).mean(axis=(1, 3))
    assert np.abs(small - wanted).max() <= 1


def test_arrays_that_are_not_images_are_refused() -> None:
    for bad in (np.zeros((4, 4)), np.zeros((4, 4, 2), np.uint8), np.zeros((0, 5), np.uint8)):
        with pytest.raises(CropError):
            letterbox(bad, (32, 32))
    with pytest.raises(CropError, match="8 to 4096"):
        CropSpec(4, 4)
