"""The learning rate follows one cycle."""

from __future__ import annotations

import numpy as np
import pytest

from napari_ubam.learners.learner import one_cycle


def test_the_rate_rises_over_a_tenth_and_falls_to_zero() -> None:
    rates = [one_cycle(share) for share in np.linspace(0, 1, 101)]
    assert rates[0] == pytest.approx(0.04)
    assert rates[10] == pytest.approx(1.0)
    assert rates[-1] == pytest.approx(0.0, abs=1e-9)
    assert rates[:11] == sorted(rates[:11])
    assert rates[10:] == sorted(rates[10:], reverse=True)
