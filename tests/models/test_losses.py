"""Values of the losses on cases that can be worked out by hand, and where their gradients go."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from napari_ubam.models import losses


def axes(count: int, size: int = 8) -> Tensor:
    """Codes of one recording, all at right angles."""
    return torch.eye(size)[None, :count]


def test_contrast_of_codes_at_right_angles() -> None:
    codes, times = axes(4), torch.arange(4.0)[None]
    # The right one has cosine 1, the three others 0.
    expected = -math.log(math.exp(2) / (math.exp(2) + 3))
    assert losses.contrast(codes, codes, times, 0.0, 0.5) == pytest.approx(expected, abs=1e-5)


def test_contrast_of_equal_codes_is_chance() -> None:
    codes = torch.ones(2, 5, 3)
    assert losses.contrast(codes, codes, torch.arange(5.0).expand(2, 5), 0.0, 0.1) == pytest.approx(
        math.log(5)
    )


def test_frames_near_in_time_do_not_repel() -> None:
    codes = torch.ones(1, 4, 3)
    times = torch.tensor([[0.0, 1.0, 10.0, 11.0]])
    # Of four equal codes, one is too near to count.
    assert losses.contrast(codes, codes, times, 1.0, 0.1) == pytest.approx(math.log(3), abs=1e-5)
    assert losses.contrast(codes, codes, times, 100.0, 0.1) == pytest.approx(0.0, abs=1e-5)


def test_contrast_never_compares_recordings() -> None:
    one, other = torch.randn(1, 4, 6), torch.randn(1, 4, 6)
    times = torch.arange(4.0)[None]
    apart = [losses.contrast(codes, codes, times, 0.0, 0.2) for codes in (one, other)]
    both = torch.cat([one, other])
    together = losses.contrast(both, both, times.expand(2, 4), 0.0, 0.2)
    torch.testing.assert_close(together, (apart[0] + apart[1]) / 2)


def test_contrast_falls_when_views_of_a_frame_agree() -> None:
    codes, times = torch.randn(2, 6, 8), torch.arange(6.0).expand(2, 6)
    noise = torch.randn(2, 6, 8)
    values = [losses.contrast(codes, codes + part * noise, times, 0.0, 0.1) for part in (0.0, 0.5, 2.0)]
    assert values[0] < values[1] < values[2]


def test_align_draws_to_the_nearest_frame_of_the_other_recording() -> None:
    one = torch.nn.functional.normalize(torch.tensor([[[1.0, 0.1, 0.0]], [[1.0, 0.0, 0.1]]]), dim=-1)
    other = torch.stack([axes(3, 3)[0], axes(3, 3)[0]])
    one = one.expand(2, 3, 3).clone().requires_grad_()
    losses.align(one, other, 1, 0.1).backward()
    # Less of what the nearest one, the first axis, does not have.
    assert (one.grad[0, :, 1] > 0).all()
    assert (one.grad[1, :, 2] > 0).all()


def test_align_of_equal_recordings_of_axes() -> None:
    codes = axes(4).expand(3, 4, 8)
    expected = -math.log(math.exp(2) / (math.exp(2) + 3))
    for shift in (1, 2):
        assert losses.align(codes, codes, shift, 0.5) == pytest.approx(expected, abs=1e-5)


def test_align_teaches_only_the_first_view() -> None:
    one, other = (torch.randn(3, 4, 6, requires_grad=True) for _ in range(2))
    losses.align(one, other, 2, 0.1).backward()
    assert one.grad is not None
    assert other.grad is None


def test_centre_is_the_spread_of_the_means() -> None:
    same = torch.randn(1, 5, 4).expand(3, 5, 4)
    assert losses.centre(same) == pytest.approx(0.0, abs=1e-6)
    opposite = torch.tensor([[[2.0, 0.0]], [[-3.0, 0.0]]])
    assert losses.centre(opposite) == pytest.approx(1.0)
    assert losses.centre(torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]])) == pytest.approx(0.5)


def test_spread_asks_for_all_directions_within_recordings() -> None:
    torch.manual_seed(0)
    wide = torch.randn(4, 200, 6)
    short, alike = losses.variance_covariance(3 * wide)
    assert short == 0
    assert losses.variance_covariance(0.1 * wide)[0] == pytest.approx(0.9, abs=0.02)
    assert losses.variance_covariance(wide[..., :1].expand(4, 200, 6))[1] == pytest.approx(5.0, rel=0.2)
    assert alike > losses.variance_covariance(wide)[1]
    # Recordings that differ in their means only have no spread.
    apart = torch.randn(4, 1, 6).expand(4, 200, 6)
    assert losses.variance_covariance(5 * apart)[0] == pytest.approx(0.99, abs=0.01)


def test_explained() -> None:
    true = torch.tensor([[1.0, -1.0], [2.0, 0.0]])
    assert losses.unexplained_variance(true, true) == 0
    assert losses.unexplained_variance(torch.zeros_like(true), true) == pytest.approx(1.0)
    assert losses.unexplained_variance(true / 2, true) == pytest.approx(0.25)
    assert torch.isfinite(losses.unexplained_variance(true, torch.zeros_like(true)))


def test_all_losses_have_finite_gradients_at_zero_codes() -> None:
    codes = torch.zeros(3, 4, 5, requires_grad=True)
    times = torch.arange(4.0).expand(3, 4)
    total = (
        losses.contrast(codes, codes, times, 0.0, 0.1)
        + losses.align(codes, codes, 1, 0.1)
        + losses.centre(codes)
        + sum(losses.variance_covariance(codes))
    )
    total.backward()
    assert torch.isfinite(codes.grad).all()
