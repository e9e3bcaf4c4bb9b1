"""Optical flow: known motion is found from a rough guess, and flat parts keep their guess."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from napari_ubam.models.native.magnifier import normalise_contrast
from napari_ubam.models.optical_flow import flow_to
from napari_ubam.models.splatting import sample_at


def texture(rows: int = 64, columns: int = 96) -> torch.Tensor:
    torch.manual_seed(0)
    coarse = torch.rand(1, 1, rows // 4, columns // 4)
    return F.interpolate(coarse, size=(rows, columns), mode="bicubic", align_corners=False)


def grid(x: float, y: float, count: int = 1) -> torch.Tensor:
    return torch.tensor([x, y])[None, :, None, None].expand(count, 2, 16, 24).clone()


@pytest.mark.parametrize(("x", "y"), [(3.0, 0.0), (-2.0, 1.5), (0.0, -4.0)])
def test_a_shift_is_found_without_a_guess(x: float, y: float) -> None:
    one = texture()
    moved = sample_at(one, -F.interpolate(grid(x, y), size=one.shape[-2:]))
    found = flow_to(normalise_contrast(one), normalise_contrast(moved), grid(0.0, 0.0))
    inner = found[0, :, 3:-3, 3:-3]
    torch.testing.assert_close(inner.mean((1, 2)), torch.tensor([x, y]), atol=0.3, rtol=0)
    assert inner.std((1, 2)).max() < 0.5


def test_a_far_shift_is_found_from_a_near_guess_only() -> None:
    one = texture()
    moved = sample_at(one, -F.interpolate(grid(18.0, 0.0), size=one.shape[-2:]))
    pictures = normalise_contrast(one), normalise_contrast(moved)
    guided = flow_to(*pictures, grid(16.0, 0.0))[0, 0, 4:-4, 4:14]
    alone = flow_to(*pictures, grid(0.0, 0.0))[0, 0, 4:-4, 4:14]
    assert (guided - 18).abs().median() < 0.5
    assert (alone - 18).abs().median() > 2


def test_what_is_flat_keeps_its_guess() -> None:
    flat = normalise_contrast(torch.full((1, 1, 64, 96), 0.4))
    found = flow_to(flat, flat.expand(3, -1, -1, -1), grid(2.0, -1.0, 3))
    torch.testing.assert_close(found, grid(2.0, -1.0, 3), atol=0.05, rtol=0)
