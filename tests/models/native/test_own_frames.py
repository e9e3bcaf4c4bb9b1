"""Displacement by own frames: fitted to what is seen, and none where motion does not follow the posture."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from napari_ubam.models.config import MagnifierConfig
from napari_ubam.models.native.magnifier import Magnifier
from napari_ubam.models.native.own_frames import FEWEST, displacement_by_own_frames
from napari_ubam.models.own_frames import OwnFrames
from napari_ubam.models.splatting import sample_at

ROWS, COLUMNS, COUNT = 64, 96, 40


@pytest.fixture
def network() -> Magnifier:
    """Give a network that knows nothing: its directions are all but zero."""
    torch.manual_seed(0)
    found = Magnifier(20, MagnifierConfig(widths=(8, 16, 16), components=2)).eval()
    with torch.no_grad():
        found.directions.weight.mul_(1e-3)
        found.directions.bias.zero_()
    return found


def moved(picture: torch.Tensor, upper: float, lower: float) -> torch.Tensor:
    """Shift the upper and the lower half of a picture along x."""
    field = torch.zeros(1, 2, ROWS, COLUMNS)
    field[:, 0, : ROWS // 2] = upper
    field[:, 0, ROWS // 2 :] = lower
    return sample_at(picture, -field)


@pytest.fixture
def scene() -> tuple[torch.Tensor, OwnFrames]:
    """Give a picture, and others whose upper half follows the first coefficient, the lower half none."""
    torch.manual_seed(1)
    coarse = torch.rand(1, 1, ROWS // 4, COLUMNS // 4)
    picture = F.interpolate(coarse, size=(ROWS, COLUMNS), mode="bicubic").clamp(0, 1)
    coefficients = torch.randn(COUNT, 2)
    belt = 3 * torch.randn(COUNT)
    crops = [moved(picture, 2 * float(one[0]), float(b)) for one, b in zip(coefficients, belt, strict=True)]
    return picture, OwnFrames(torch.arange(10, 10 + COUNT), torch.cat(crops), coefficients)


@torch.no_grad()
def test_it_learns_what_the_network_misses(network: Magnifier, scene: tuple[torch.Tensor, OwnFrames]) -> None:
    picture, frames = scene
    own, change = torch.zeros(1, 2), torch.tensor([[1.0, 0.0]])
    plain = network(picture, own, change)
    found = displacement_by_own_frames(network, picture, own, change, frames)
    body, belt = found[0, :, 10:26, 16:-16], found[0, :, 42:54, 16:-16]
    assert plain.abs().max() < 0.1
    assert found.shape == plain.shape
    assert 0.5 < float(body[0].median()) < 2.2
    assert body[1].abs().median() < 0.2
    assert belt.abs().median() < 0.2
    other = displacement_by_own_frames(network, picture, own, torch.tensor([[0.0, 1.0]]), frames)
    assert other[0, :, 10:26, 16:-16].abs().median() < 0.3


@torch.no_grad()
def test_no_change_moves_nothing(network: Magnifier, scene: tuple[torch.Tensor, OwnFrames]) -> None:
    picture, frames = scene
    zero = torch.zeros(1, 2)
    assert not displacement_by_own_frames(network, picture, zero, zero, frames).any()


@torch.no_grad()
def test_with_few_frames_the_network_is_not_corrected(
    network: Magnifier, scene: tuple[torch.Tensor, OwnFrames]
) -> None:
    picture, frames = scene
    own, change = torch.zeros(1, 2), torch.tensor([[1.0, 0.0]])
    few = frames.nearest(0, own, FEWEST - 1)
    torch.testing.assert_close(
        displacement_by_own_frames(network, picture, own, change, few), network(picture, own, change)
    )


def test_the_nearest_frames_are_not_near_in_time(scene: tuple[torch.Tensor, OwnFrames]) -> None:
    _, frames = scene
    own = frames.coefficients[20][None]
    found = frames.nearest(30, own, 8)
    assert not {29, 30, 31} & set(found.numbers.tolist())
    distance = (frames.coefficients - own).norm(dim=1)
    distance[19:22] = torch.inf
    assert found.numbers.tolist() == (distance.argsort()[:8] + 10).tolist()
    torch.testing.assert_close(found.crops, frames.crops[found.numbers - 10])
    torch.testing.assert_close(found.coefficients, frames.coefficients[found.numbers - 10])
