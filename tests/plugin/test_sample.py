"""The sample study from the menu: rendered by another process, then opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QEventLoop, QTimer

from napari_ubam.jobs import find_jobs
from napari_ubam.plugin.io import sample_data
from napari_ubam.plugin.io import sample_rendering as rendering
from napari_ubam.plugin.panels.panel import Panel
from napari_ubam.plugin.viewer.link import link_of
from napari_ubam.sample import write_sample

SMALL = ("--healthy", "1", "--impaired", "1", "--seconds", "2")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let a small sample study be rendered into a temporary folder."""
    place = tmp_path / "sample"
    monkeypatch.setattr(sample_data, "sample_folder", lambda: place)
    monkeypatch.setattr(rendering, "OPTIONS", SMALL)
    return place


def wait(condition: Callable[[], object], seconds: float = 60) -> None:
    """Run an event loop, as in a real window, until a condition is met."""
    for _ in range(round(seconds / 0.05)):
        if condition():
            return
        loop = QEventLoop()
        QTimer.singleShot(50, loop.quit)
        loop.exec_()
    raise AssertionError("the condition was not met in time")


def from_the_menu(viewer: Any) -> None:
    """Open the sample as a menu does: from the event loop."""
    QTimer.singleShot(0, lambda: viewer.open_sample("napari-ubam", "sample_study"))


def test_the_window_stays_usable_while_it_is_rendered(make_napari_viewer: Any, folder: Path) -> None:
    viewer = make_napari_viewer()
    from_the_menu(viewer)
    from_the_menu(viewer)  # an impatient user
    wait(lambda: len(viewer.layers) == 2)
    assert all("rendering" in layer.name for layer in viewer.layers)
    assert len(find_jobs(folder)) == 1
    wait(lambda: any(layer.metadata.get("study_csv") for layer in viewer.layers))
    names = {layer.name for layer in viewer.layers}
    assert not any("rendering" in name for name in names)
    assert len(viewer.layers[0].data) == 60


def test_an_open_panel_gets_the_study(make_napari_viewer: Any, folder: Path) -> None:
    viewer = make_napari_viewer()
    from_the_menu(viewer)
    wait(lambda: len(viewer.layers) == 1)
    panel = Panel(viewer)
    wait(lambda: panel.session.study is not None)
    assert panel.session.study.names == ("healthy1", "impaired1")
    viewer.close()


def test_a_rendering_that_dies_is_reported(make_napari_viewer: Any, folder: Path) -> None:
    viewer, said = make_napari_viewer(), []
    notification_manager.notification_ready.connect(lambda event: said.append(str(event.message)))
    from_the_menu(viewer)
    wait(lambda: len(viewer.layers) == 1)
    psutil.Process(find_jobs(folder)[0].pid).kill()
    wait(lambda: len(viewer.layers) == 0)
    assert "ended unexpectedly" in said[-1]


def test_a_script_waits_for_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def small(where: Path, **options: Any) -> None:
        write_sample(where, healthy=1, impaired=0, seconds=0.2, seed=options["seed"])

    monkeypatch.setattr(sample_data, "write_sample", small)
    ((data, arguments, _),) = sample_data.sample_study()
    assert arguments["metadata"]["study_csv"] == str(folder / "study.csv")
    assert len(data) == 6


def test_nothing_is_added_to_a_closed_window(make_napari_viewer: Any, folder: Path) -> None:
    viewer = make_napari_viewer()
    link_of(viewer)
    from_the_menu(viewer)
    wait(lambda: len(viewer.layers) == 1)
    viewer.close()
    wait(lambda: (folder / "study.csv").is_file())
    wait(lambda: find_jobs(folder)[0].state().status == "done")
    assert not viewer.layers
