"""Which postures are outside of the data."""

from __future__ import annotations

import numpy as np
import pytest

from napari_ubam.magnification.in_distribution import PERCENTILE, Support


def test_few_recorded_postures_are_outside_and_far_ones_are() -> None:
    generator = np.random.default_rng(0)
    shape = np.array([[3.0, 0.0], [2.9, 0.3]])  # a narrow cloud
    parts = [generator.normal(size=(count, 2)) @ shape.T for count in (600, 400)]
    support = Support.fit(parts)
    outside = np.concatenate([support.is_outside(part) for part in parts])
    assert outside.mean() == pytest.approx(1 - PERCENTILE / 100)
    assert not support.is_outside(np.array([[6.0, 5.8]]))[0]  # far, along the cloud
    assert support.is_outside(np.array([[2.0, -2.0]]))[0]  # near, across it


def test_a_component_that_never_varies_is_no_obstacle() -> None:
    values = np.stack([np.linspace(-1, 1, 50), np.zeros(50)], 1)
    support = Support.fit([values])
    assert support.is_outside(np.array([[0.0, 1.0], [0.1, 0.0]])).tolist() == [True, False]
