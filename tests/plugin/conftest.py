"""A run that was scored and can magnify, and what panels need of Qt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from qtpy.QtTest import QTest

from napari_ubam.run import Run
from napari_ubam.study import Study

Wait = Callable[[Callable[[], object]], None]


@pytest.fixture(scope="session")
def run(magnifying: Run) -> Run:
    """Give a run with scores and a magnifier."""
    return magnifying


@pytest.fixture
def study_csv(study: Study) -> Path:
    return study[0].video.parents[1] / "study.csv"


@pytest.fixture
def wait() -> Wait:
    """Let Qt work until something is so."""

    def until(condition: Callable[[], object], seconds: float = 60) -> None:
        for _ in range(round(seconds / 0.02)):
            if condition():
                return
            QTest.qWait(20)
        raise AssertionError("it did not come to pass in time")

    return until


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep what the panels remember away from the user's own settings."""
    kept: dict[str, object] = {}
    monkeypatch.setattr("napari_ubam.plugin.panels.train.remember", lambda **values: kept.update(values))
    monkeypatch.setattr("napari_ubam.plugin.panels.deviation.remember", lambda **values: kept.update(values))
    monkeypatch.setattr("napari_ubam.plugin.panels.magnify.remember", lambda **values: kept.update(values))
    return
