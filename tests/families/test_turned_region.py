"""Displacements and pictures of turned rectangles, placed back in the frame."""

from __future__ import annotations

import numpy as np
import torch

from napari_ubam.families.region import in_frame, with_region
from napari_ubam.models.splatting import splat
from napari_ubam.study import PlacedRoi, Roi

FRAME = (120, 160)


def displacement() -> np.ndarray:
    """Return a crop of 30 x 48 whose pixels move by 1 along x."""
    moved = np.zeros((2, 30, 48), np.float32)
    moved[0] = 1
    return moved


def test_a_displacement_turns_with_the_rectangle_and_scales_with_it() -> None:
    for angle, expected in ((0, (2, 0)), (90, (0, 2)), (180, (-2, 0)), (30, (np.sqrt(3), 1))):
        roi = PlacedRoi.at((80.0, 60.0), (96, 60), angle)
        visible = roi.clipped(*FRAME)
        assert visible is not None
        found = in_frame(displacement(), roi, visible).numpy()
        assert found.shape == (2, visible.height, visible.width)
        np.testing.assert_allclose(found[:, 60 - visible.y, 80 - visible.x], expected, atol=1e-5)


def test_an_upright_rectangle_at_whole_pixels_is_like_a_region() -> None:
    rng = np.random.default_rng(0)
    moved = rng.normal(size=(2, 5, 8)).astype(np.float32).repeat(6, axis=1).repeat(6, axis=2)
    roi, placed = Roi(x=32, y=30, width=96, height=60), PlacedRoi.at((80.0, 60.0), (96, 60))
    region, exact = in_frame(moved, roi, roi).numpy(), in_frame(moved, placed, roi).numpy()
    inside = np.s_[:, 3:-3, 3:-3]  # at the border both fall to zero
    np.testing.assert_allclose(exact[inside], region[inside], atol=0.02)


def test_outside_of_the_turned_rectangle_nothing_changes() -> None:
    image = np.random.default_rng(0).integers(0, 255, (*FRAME, 3), np.uint8)
    roi = PlacedRoi.at((30.3, 60.8), (60, 30), 33.0)  # partly outside of the frame
    visible = roi.clipped(*FRAME)
    assert visible is not None
    field = in_frame(displacement(), roi, visible)
    part = torch.from_numpy(image[visible.slices].copy()).permute(2, 0, 1)[None].float()
    moved = splat(part, field[None])[0].permute(1, 2, 0).clamp(0, 255).round().byte().numpy()
    x, y = np.meshgrid(
        np.arange(visible.width) + visible.x + 0.5, np.arange(visible.height) + visible.y + 0.5
    )
    away = np.abs(roi.to_box(np.stack([x, y], axis=-1))) - (30, 15)
    outside = away.max(axis=-1) > 2.5  # pixels move by up to 1.25 over the edge
    assert outside.sum() > 300
    np.testing.assert_array_equal(moved[outside], image[visible.slices][outside])
    assert (moved != image[visible.slices]).any()


def test_a_painted_crop_fills_the_turned_rectangle_only() -> None:
    image = np.zeros((*FRAME, 3), np.uint8)
    crop = torch.ones(3, 30, 48)
    crop[0, :, 24:] = 0  # the half ahead is not red
    painted = with_region(image, crop, PlacedRoi.at((80.0, 60.0), (48, 30), 90))
    assert (painted[..., 1] == 255).sum() == 48 * 30
    assert painted[45, 80].tolist() == [255, 255, 255]
    assert painted[75, 80].tolist() == [0, 255, 255]  # ahead is down
    assert not painted[60, 60].any()
