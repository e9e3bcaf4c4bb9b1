"""Trainings that draw nothing: the tests of this folder are about how they start, stop and go on."""

from __future__ import annotations

from typing import Any

import pytest

from napari_ubam.training.pipeline import encoders
from napari_ubam.training.pipeline.context import TrainingContext


@pytest.fixture(autouse=True)
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no figures, which takes longer than to train; ``tests/run/test_demo.py`` looks for them."""

    def nothing(*_: Any) -> None:
        """Draw nothing."""

    monkeypatch.setattr(encoders, "_draw_neighbours", nothing)
    monkeypatch.setattr(TrainingContext, "draw_learning_curves", nothing)
