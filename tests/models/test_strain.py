"""Displacements that neither tear nor fold."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from napari_ubam.models.strain import LIMIT, TOLERANCE, limit_strain, strain


def bump(height: float, width: float, size: int = 48) -> torch.Tensor:
    y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    far = ((x - size / 2) ** 2 + (y - size / 2) ** 2) / width**2
    return torch.stack([torch.zeros(size, size), height * torch.exp(-far / 2)])


def test_the_strain_of_a_ramp_is_its_slope() -> None:
    x = torch.arange(20.0).expand(20, 20)
    assert torch.allclose(strain(torch.stack([0.3 * x, torch.zeros(20, 20)])), torch.full((20, 20), 0.3))


def test_what_is_within_the_limit_is_left_as_it_is() -> None:
    gentle = bump(4.0, 8.0)
    assert limit_strain(gentle) is gentle


@given(height=st.floats(-40, 40), width=st.floats(1.5, 6))
def test_nothing_folds_afterwards(height: float, width: float) -> None:
    field = bump(height, width)
    done = limit_strain(field)
    assert float(strain(done).max()) <= LIMIT * (1 + TOLERANCE) + 1e-4
    assert float(done.abs().max()) <= float(field.abs().max()) + 1e-5
    if abs(height) > 5:  # held back, not taken away
        assert float(done.abs().max()) > 1


def test_places_far_from_the_strain_do_not_change() -> None:
    field = bump(30.0, 2.0, 96)
    field[0] += 2.5
    done = limit_strain(field)
    assert float(done[1, 48, 48]) < 30
    assert torch.allclose(done[:, :8], field[:, :8], atol=1e-3)
    assert float(done[0, 4, 4]) == pytest.approx(2.5)
