"""The magnifier: no deviation moves nothing, and twice the deviation moves twice as far."""

from __future__ import annotations

import pytest
import torch

from napari_ubam.models.config import MagnifierConfig
from napari_ubam.models.native.magnifier import Magnifier, normalise_contrast


@pytest.fixture
def network() -> Magnifier:
    torch.manual_seed(0)
    return Magnifier(20, MagnifierConfig(widths=(8, 16, 16), components=5)).eval()


@pytest.mark.parametrize("size", [(40, 64), (72, 56), (48, 88)])
@torch.no_grad()
def test_displacements_are_proportional_to_the_change(network: Magnifier, size: tuple[int, int]) -> None:
    crops, codes = torch.rand(3, 1, *size), torch.randn(3, 20)
    own = network.coefficients(codes)
    change = network.coefficients(torch.randn(3, 20)) - own
    one = network(crops, own, change)
    assert one.shape == (3, 2, *size)
    assert one.abs().max() > 1e-3
    assert not network(crops, own, torch.zeros_like(change)).any()
    torch.testing.assert_close(network(crops, own, 2.5 * change), 2.5 * one, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_only_the_direction_of_a_code_counts(network: Magnifier) -> None:
    codes = torch.randn(4, 20)
    torch.testing.assert_close(network.coefficients(codes), network.coefficients(7 * codes))


def test_light_and_contrast_are_taken_out() -> None:
    torch.manual_seed(0)
    crops = torch.rand(2, 1, 60, 80)
    torch.testing.assert_close(
        normalise_contrast(0.5 * crops + 0.2), normalise_contrast(crops), atol=0.35, rtol=0
    )
    assert normalise_contrast(torch.full((1, 1, 60, 80), 0.7)).abs().max() < 1e-3


@torch.no_grad()
def test_displacements_fall_to_zero_at_the_border(network: Magnifier) -> None:
    crops, codes = torch.rand(2, 1, 64, 96), torch.randn(2, 20)
    field = network(crops, network.coefficients(codes), torch.ones(2, 5)).abs()
    border = torch.cat([field[..., :1, :].flatten(), field[..., :1].flatten(), field[..., -1:].flatten()])
    assert border.max() < 0.05 * field.max()
    assert field[..., 10:-10, 10:-10].max() > 0.5 * field.max()
