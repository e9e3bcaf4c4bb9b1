"""Whitened codes: every direction counts, and so does the distance from the mean."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from napari_ubam.models.whitening import Whitening


def lopsided(count: int = 4000, seed: int = 0) -> Tensor:
    """Draw unit codes around a mean, one direction of which varies ten times as much as the others."""
    generator = torch.Generator().manual_seed(seed)
    codes = torch.randn(count, 8, generator=generator) * torch.tensor([0.3, *[0.03] * 7])
    return F.normalize(codes + torch.tensor([0.0, 1.0, 0, 0, 0, 0, 0, 0]), dim=1)


def fitted(codes: Tensor) -> Whitening:
    whitening = Whitening(codes.shape[1])
    whitening.fit(codes)
    return whitening


def test_before_the_fit_codes_pass_as_they_are() -> None:
    codes = torch.randn(5, 8)
    torch.testing.assert_close(Whitening(8)(codes), F.normalize(codes, dim=1))


def test_directions_come_out_alike() -> None:
    codes = lopsided()
    before, after = (torch.linalg.eigvalsh(torch.cov(one.T)) for one in (codes, fitted(codes)(codes)))
    assert before[-1] / before[-3] > 30
    assert after[-1] / after[-3] < 3


def test_the_constant_keeps_the_distance_from_the_mean() -> None:
    codes = lopsided()
    whitening = fitted(codes)
    white = whitening(codes)
    assert white[:, 0].std() < 1e-4
    assert white[:, 0].mean() == pytest.approx(float(white[:, 1:].square().sum(1).mean().sqrt()), rel=1e-3)
    # Further from the mean in the same direction is another code by the cosine.
    near, far = torch.zeros(2, 8), torch.zeros(2, 8)
    near[:, 1], far[:, 1], near[0, 4], far[0, 4] = 1, 1, 0.03, 0.15
    distances = [1 - F.cosine_similarity(*whitening(one)[:, None]) for one in (near, far)]
    assert distances[1] > 3 * distances[0]


def test_the_length_of_codes_does_not_count() -> None:
    codes = lopsided(50)
    whitening = fitted(codes)
    torch.testing.assert_close(whitening(7 * codes), whitening(codes), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("count", [2, 5])
def test_few_or_equal_codes_stay_finite(count: int) -> None:
    for codes in (lopsided(count), torch.ones(count, 8)):
        assert torch.isfinite(fitted(codes)(codes)).all()
