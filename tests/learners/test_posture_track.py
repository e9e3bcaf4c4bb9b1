"""Motion is measured, and shuffled windows keep their steps, are never in order, and get harder."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from napari_ubam.learners.posture_track import PostureTrack, shuffled
from napari_ubam.models.windows import windows


def orders(count: int, steps: int, hardness: float) -> torch.Tensor:
    """Where each step of shuffled windows came from, (count, steps)."""
    numbers = torch.arange(float(steps))[None, :, None].expand(count, steps, 2)
    return shuffled(numbers, hardness)[..., 0].long()


@given(steps=st.integers(3, 21), hardness=st.floats(0, 1), seed=st.integers(0, 1000))
def test_all_steps_are_there_and_out_of_order(steps: int, hardness: float, seed: int) -> None:
    torch.manual_seed(seed)
    found = orders(50, steps, hardness)
    straight = torch.arange(steps)
    assert torch.equal(found.sort(1).values, straight.expand(50, steps))
    assert (found != straight).any(1).all()


def test_steps_move_less_far_the_harder_it_is() -> None:
    torch.manual_seed(0)
    moved = [
        float((orders(2000, 13, hard) - torch.arange(13)).abs().float().mean())
        for hard in (0, 0.25, 0.5, 0.75, 1)
    ]
    assert moved == sorted(moved, reverse=True)
    assert moved[0] == pytest.approx((13**2 - 1) / (3 * 13), rel=0.02)  # of a random permutation
    assert moved[-1] < 0.3


def test_the_hardest_are_swapped_neighbours() -> None:
    torch.manual_seed(0)
    found = orders(2000, 13, 1.0)
    assert (found - torch.arange(13)).abs().max() == 1
    assert torch.equal(found.gather(1, found), torch.arange(13).expand(2000, 13))


def test_at_first_all_orders_of_three_come_up() -> None:
    torch.manual_seed(0)
    found = {tuple(order.tolist()) for order in orders(500, 3, 0.0)}
    assert (0, 1, 2) not in found
    assert len(found) >= 4


@pytest.mark.parametrize("hardness", [0.0, 1.0])
def test_windows_are_not_mixed(hardness: float) -> None:
    windows = torch.randn(20, 7, 3)
    mixed = shuffled(windows, hardness)
    torch.testing.assert_close(mixed.sum(1), windows.sum(1))
    assert not torch.equal(mixed, windows)


def test_motion_is_zero_where_nothing_moves() -> None:
    posture = np.ones((40, 4), np.float32)
    posture[20:, 0] = np.linspace(1, 9, 20)
    track = PostureTrack.of(posture, windows(np.arange(40) / 30, [range(40)], 200.0, 7))
    np.testing.assert_allclose(np.linalg.norm(track.posture, axis=1), 1, atol=1e-6)
    assert track.motion[:10].max() < 1e-6
    assert track.motion[-5:].min() > 0.01
