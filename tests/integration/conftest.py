"""A real window, empty or with a run and all panels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from napari_ubam.plugin.commands.view import show_run
from napari_ubam.plugin.viewer.link import link_of
from napari_ubam.run import Run
from ready_process import start_jobs_at_once
from real_window import SCREENSHOTS, Window
from shared_widgets import copy_of, keep_settings


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the panels from writing settings, which other tests would read."""
    keep_settings(monkeypatch)


@pytest.fixture
def loading() -> None:
    """Let the jobs of a test load their libraries, as those of a user do."""


@pytest.fixture(autouse=True)
def jobs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let jobs start without loading libraries for longer than they work."""
    if "loading" not in request.fixturenames:
        start_jobs_at_once(monkeypatch)


@pytest.fixture
def window(make_napari_viewer: Any, tmp_path: Path) -> Window:
    """Give a user of an empty napari window."""
    return Window(make_napari_viewer(show=True), Path(SCREENSHOTS) if SCREENSHOTS else tmp_path / "pictures")


@pytest.fixture
def run_folder(magnifying: Run, tmp_path: Path) -> Path:
    """Give the folder of a run with scores and a magnifier, which a test may change."""
    return copy_of(magnifying, tmp_path / "run")


@pytest.fixture
def run_window(window: Window, run_folder: Path) -> Window:
    """Give a user of a window with all panels, in which the run is open and its strongest episode shown."""
    show_run(window.viewer, run_folder)
    link = link_of(window.viewer)
    window.wait(lambda: link.session.results is not None and link.here() is not None)
    return window
