"""The gain makes the reference reached, where the trained displacement falls short of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from napari_ubam.learners.native.gain import GainSample, fit_gain
from napari_ubam.models.config import MagnifierConfig
from napari_ubam.models.native.magnifier import Magnifier

ROWS, COLUMNS = 40, 64


class Shift(Magnifier):
    """Moves a bar across; its one coefficient is where the bar is, and it moves too little."""

    def __init__(self, part: float) -> None:
        super().__init__(1, MagnifierConfig(widths=(8, 8), components=1))
        self.part = part

    def coefficients(self, codes: torch.Tensor) -> torch.Tensor:
        return codes

    def forward(self, crops: torch.Tensor, own: torch.Tensor, change: torch.Tensor) -> torch.Tensor:
        by = self.part * change[:, :, None, None].expand(-1, 1, ROWS, COLUMNS)
        return torch.cat([by, torch.zeros_like(by)], 1)


def bar(place: float) -> NDArray[np.uint8]:
    x = np.arange(COLUMNS)
    return np.rint(200 * np.exp(-(((x - place) / 4) ** 2)) * np.ones((ROWS, 1))).astype(np.uint8)


def where(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    weight = crops.astype(np.float64).sum(1)
    return ((weight * np.arange(COLUMNS)).sum(1) / weight.sum(1))[:, None].astype(np.float32)


@pytest.mark.parametrize(("part", "gain"), [(1.0, 1.0), (0.6, 1 / 0.6), (1.4, 1.0), (0.1, 2.5)])
def test_the_gain_makes_up_for_what_falls_short(part: float, gain: float) -> None:
    places = np.array([20.0, 28.0, 35.0])
    sample = GainSample(
        np.stack([bar(place) for place in places]),
        places[:, None].astype(np.float32),
        np.array([[6.0], [-5.0], [4.0]], np.float32),
    )
    magnifier = Shift(part)
    assert fit_gain(magnifier, where, [sample]) == pytest.approx(gain, rel=0.05)
    assert float(magnifier.gain) == pytest.approx(gain, rel=0.05)


def test_nothing_to_learn_from_leaves_it_as_it_is() -> None:
    assert fit_gain(Shift(0.5), where, []) == 1.0
