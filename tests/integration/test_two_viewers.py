"""Two viewers in a process: each draws its own layers, also after the other one was closed."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtTest import QTest

from napari_ubam.plugin.commands.view import show_run
from napari_ubam.plugin.viewer.link import link_of
from real_window import Window

pytestmark = pytest.mark.slow


@pytest.fixture
def refused(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Give the list of what vispy could not draw."""
    caplog.set_level(logging.WARNING, logger="vispy")
    return caplog.records


def scrub(window: Window, *frames: int) -> None:
    """Draw frames of the recording that is shown."""
    link = link_of(window.viewer)
    for frame in frames:
        link.show(link.session.recording, frame)
        window.viewer.window._qt_window.repaint()
        QTest.qWait(20)


def picture(window: Window) -> Any:
    return np.asarray(window.viewer.screenshot(canvas_only=True, flash=False), np.int16)


def test_the_first_viewer_draws_after_the_second_was_closed(
    run_window: Window, run_folder: Path, make_napari_viewer: Any, refused: list[logging.LogRecord]
) -> None:
    scrub(run_window, 20, 30)
    before = picture(run_window)
    second = Window(make_napari_viewer(show=True), run_window.pictures)
    show_run(second.viewer, run_folder)
    second.wait(lambda: link_of(second.viewer).here() is not None)
    scrub(second, 20, 21)
    scrub(run_window, 20, 21)
    second.shoot("two-viewers-second")
    second.viewer.close()
    scrub(run_window, *range(20, 31))
    assert np.abs(picture(run_window) - before).mean() < 1
    run_window.shoot("two-viewers-first")
    assert [record.getMessage() for record in refused if record.name.startswith("vispy")] == []
    assert run_window.errors == second.errors == []


def test_a_viewer_whose_layers_are_removed_leaves_those_of_the_other(
    window: Window, make_napari_viewer: Any, refused: list[logging.LogRecord]
) -> None:
    link_of(window.viewer)  # as any panel does
    window.viewer.add_image(np.arange(64 * 64, dtype=np.uint8).reshape(64, 64))
    other = Window(make_napari_viewer(show=True), window.pictures)
    other.viewer.add_image(np.zeros((64, 64), np.uint8))
    before = picture(window)
    picture(other)
    picture(window)
    other.viewer.layers.clear()  # with the context of the first viewer current
    assert np.array_equal(picture(window), before)
    assert [record.getMessage() for record in refused if record.name.startswith("vispy")] == []
