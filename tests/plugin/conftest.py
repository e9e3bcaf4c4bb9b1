"""A small study with a run that was scored and can magnify, made once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from qtpy.QtTest import QTest

from napari_ubam.run import Run, train, train_magnifier
from napari_ubam.sample import write_sample
from napari_ubam.study import Study

Wait = Callable[[Callable[[], object]], None]


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return write_sample(tmp_path_factory.mktemp("sample"), healthy=3, impaired=1, seconds=2.0)


@pytest.fixture(scope="session")
def run(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Run:
    made = train(study, tmp_path_factory.mktemp("run") / "run", preset="tiny", device="cpu", steps=2)
    made.embed(study, device="cpu")
    made.score(study, "group=healthy", figures=False)
    return train_magnifier(study, made, device="cpu", steps=3)


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
