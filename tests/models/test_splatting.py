"""Pixels go where they should, and what does not move stays as it is."""

from __future__ import annotations

import torch

from napari_ubam.models.splatting import sample_at, splat


def scene(rows: int = 40, columns: int = 60) -> torch.Tensor:
    torch.manual_seed(0)
    return torch.rand(1, 3, rows, columns) * 200


def test_nothing_moves_exactly_nothing() -> None:
    image = scene()
    assert torch.equal(splat(image, torch.zeros(1, 2, 40, 60)), image)


def test_all_moves_by_whole_pixels() -> None:
    image = scene()
    shift = torch.tensor([3.0, -2.0])[None, :, None, None].expand(1, 2, 40, 60)
    done = splat(image, shift)
    torch.testing.assert_close(done[..., :-2, 3:], image[..., 2:, :-3], atol=0.05, rtol=0)


def test_what_moves_is_before_what_stays_and_leaves_the_background_behind() -> None:
    image = torch.full((1, 1, 32, 64), 50.0)
    image[..., 10:20, 10:20] = 200
    displacement = torch.zeros(1, 2, 32, 64)
    displacement[:, 0, 10:20, 10:20] = 25
    done = splat(image, displacement)
    assert done[..., 12:18, 37:43].min() > 190  # arrived, over the background
    assert done[..., 12:18, 12:18].max() < 60  # gone, and filled by what is around


def test_stretching_leaves_no_gaps() -> None:
    image = torch.full((1, 1, 48, 48), 120.0)
    x = torch.arange(48.0) - 24
    displacement = torch.stack([(1.8 * x).expand(48, 48), (1.8 * x[:, None]).expand(48, 48)])[None]
    torch.testing.assert_close(splat(image, displacement), image)


def test_reading_is_the_inverse_of_moving_a_smooth_field() -> None:
    y, x = torch.meshgrid(torch.arange(48.0), torch.arange(64.0), indexing="ij")
    image = (x + 2 * y)[None, None]
    displacement = torch.stack([2 * torch.sin(x / 12), 1.5 * torch.cos(y / 10)])[None]
    there = splat(image, displacement)
    back = sample_at(there, displacement)
    torch.testing.assert_close(back[..., 6:-6, 6:-6], image[..., 6:-6, 6:-6], atol=0.6, rtol=0)
