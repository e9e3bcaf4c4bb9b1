"""A run with scores and a magnifier, a viewer that shows it, and waiting for Qt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtTest import QTest

from napari_ubam.plugin.panels.panel import Panel
from napari_ubam.plugin.viewer.link import link_of
from napari_ubam.run import Run
from napari_ubam.study import Study
from ready_process import start_jobs_at_once
from shared_widgets import Wait, delete, keep_settings


@pytest.fixture(scope="session")
def run(magnifying: Run) -> Run:
    """Give a run with scores and a magnifier."""
    return magnifying


@pytest.fixture
def study_csv(study: Study) -> Path:
    return study[0].video.parents[1] / "study.csv"


@pytest.fixture
def wait() -> Wait:
    """Give a function that lets Qt work until a condition is met."""

    def until(condition: Callable[[], object], seconds: float = 60) -> None:
        for _ in range(round(seconds / 0.02)):
            if condition():
                return
            QTest.qWait(20)
        raise AssertionError("the condition was not met in time")

    return until


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the panels from writing settings, which other tests would read."""
    keep_settings(monkeypatch)


@pytest.fixture
def loading() -> None:
    """Let the jobs of a test load their libraries, and the analyses of other packages."""


@pytest.fixture(autouse=True)
def jobs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let jobs start without loading libraries for longer than they work."""
    if "loading" not in request.fixturenames:
        start_jobs_at_once(monkeypatch)


@pytest.fixture
def viewer(make_napari_viewer_proxy: Any) -> Any:
    """Give a viewer in the wrapper that plugins get."""
    return make_napari_viewer_proxy()


@pytest.fixture
def opened(viewer: Any, run: Run, wait: Wait) -> Iterator[Any]:
    """Give a viewer with the run open and frame 30 of its impaired animal shown."""
    keeper = Panel(viewer)
    link = link_of(viewer)
    link.open_run(run.folder)
    wait(lambda: link.session.run is not None)
    link.show("impaired1", 30)
    wait(lambda: link.here() == ("impaired1", 30))
    yield viewer
    delete(keeper)
