"""The fixed first layer sees edges and their orientation, and hardly sees light."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.filters import gaussian
from torch import Tensor

from napari_ubam.models.stem import OrientedGradients

SLOPE = 0.01  # a pixel; equal to what is added to the contrast, so that the strength comes out as one half


def textured(seed: int = 0, size: int = 96) -> Tensor:
    """Picture of random blobs with soft outlines, grey levels 0.2 to 0.8."""
    picture = gaussian(np.random.default_rng(seed).normal(size=(size, size)), 4)
    picture = np.tanh(4 * picture / picture.std())
    return torch.from_numpy(0.5 + 0.3 * picture).float()[None, None]


def likeness(one: Tensor, other: Tensor) -> float:
    """Correlation of all numbers of two sets of maps."""
    return float(np.corrcoef(one.flatten().numpy(), other.flatten().numpy())[0, 1])


@pytest.mark.parametrize(
    ("right", "down", "expected"),
    [
        (1.0, 0.0, [1, 1, 0, 1, 0]),
        (0.0, 1.0, [1, -1, 0, 1, 0]),
        (0.5**0.5, 0.5**0.5, [1, 0, 1, -1, 0]),
        (0.5**0.5, -(0.5**0.5), [1, 0, -1, -1, 0]),
        (np.cos(np.pi / 8), np.sin(np.pi / 8), [1, 0.5**0.5, 0.5**0.5, 0, 1]),
    ],
)
def test_a_ramp_gives_its_slope_and_its_direction(right: float, down: float, expected: list[float]) -> None:
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    ramp = SLOPE * (right * x + down * y)
    maps = OrientedGradients(stride=4, harmonics=2)(ramp[None, None])
    assert maps.shape == (1, 5, 16, 16)
    inside = maps[0, :, 4:-4, 4:-4]
    torch.testing.assert_close(
        inside, torch.tensor(expected)[:, None, None].expand_as(inside) / 2, atol=2e-3, rtol=0
    )


def test_the_sign_of_contrast_does_not_count() -> None:
    stem, picture = OrientedGradients(), textured()
    torch.testing.assert_close(stem(1 - picture), stem(picture), atol=1e-4, rtol=0)


def test_light_hardly_counts_and_posture_does() -> None:
    stem, picture = OrientedGradients(), textured()
    maps = stem(picture)
    assert likeness(maps, stem(0.5 * picture + 0.3)) > 0.99
    shade = torch.linspace(0.5, 1.2, 96).expand(96, 96)
    assert likeness(maps, stem(picture * shade)) > 0.98
    assert likeness(maps, stem(torch.roll(picture, 10, 3))) < 0.5


def test_an_empty_picture_gives_almost_nothing() -> None:
    assert OrientedGradients()(torch.full((2, 1, 40, 40), 0.7)).abs().max() < 0.02


def test_pieces_do_not_show() -> None:
    stem = OrientedGradients()
    pictures = torch.cat([textured(seed, 48) for seed in range(19)])
    torch.testing.assert_close(stem(pictures), torch.cat([stem(one[None]) for one in pictures]))


@pytest.mark.parametrize(("stride", "harmonics"), [(2, 1), (4, 3), (5, 2)])
def test_sizes_of_the_maps(stride: int, harmonics: int) -> None:
    stem = OrientedGradients(stride, harmonics)
    assert stem.channels == 1 + 2 * harmonics
    assert stem(textured(size=50)).shape == (1, stem.channels, 50 // stride, 50 // stride)
    assert not list(stem.parameters())
