"""Arrows in the Magnify panel: computed on request, with progress, and cancelled."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from napari_ubam.magnification.magnification import Magnification
from napari_ubam.plugin.panels.magnify import MagnifyPanel
from napari_ubam.progress import Progress, check_cancelled
from shared_widgets import Wait, delete


@pytest.fixture
def panel(opened: Any) -> Any:
    """Give a panel with a range of frames."""
    made = MagnifyPanel(opened)
    made.span.set_span(28, 34)
    yield made
    delete(made)


class SlowArrows:
    """Takes the place of `Magnification.arrows`, and goes on only when it is told to."""

    def __init__(self) -> None:
        self.go_on, self.ended = threading.Event(), threading.Event()

    def __call__(self, made: Magnification, *, progress: Any, cancel: Any) -> Any:
        try:
            progress(Progress("arrows", 3, 6))
            while not self.go_on.wait(0.01):
                check_cancelled(cancel)
        finally:
            self.ended.set()
        raise AssertionError("it was not cancelled")


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> SlowArrows:
    """Give arrows that take until they are cancelled."""
    made = SlowArrows()
    monkeypatch.setattr(Magnification, "arrows", lambda self, **options: made(self, **options))
    return made


def test_they_are_added_as_a_layer(panel: Any, opened: Any, wait: Wait) -> None:
    panel.results.arrows.click()
    assert not panel.results.arrows.isEnabled()
    wait(lambda: "impaired1, arrows" in opened.layers)
    layer = opened.layers["impaired1, arrows"]
    assert layer.visible
    assert layer.translate[0] == pytest.approx(28 / 30)
    assert panel.results.arrows.isEnabled()
    assert not panel.results.arrow_row.isVisibleTo(panel)
    assert "impaired1 × 2" not in opened.layers


def test_progress_is_shown_and_cancel_stops_them(
    panel: Any, opened: Any, slow: SlowArrows, wait: Wait
) -> None:
    panel.results.arrows.click()
    assert panel.results.arrow_row.isVisibleTo(panel)
    wait(lambda: panel.results.arrow_row.bar.value() == panel.results.arrow_row.bar.maximum() // 2)
    panel.refresh()
    assert not panel.results.arrows.isEnabled()
    panel.results.arrow_row.cancel.click()
    wait(slow.ended.is_set)
    wait(panel.results.arrows.isEnabled)
    assert panel._foot.text() == "No arrows were added."
    assert not panel.results.arrow_row.isVisibleTo(panel)
    assert "impaired1, arrows" not in opened.layers


def test_a_panel_that_closes_stops_them(opened: Any, slow: SlowArrows, wait: Wait) -> None:
    panel = MagnifyPanel(opened)
    panel.span.set_span(28, 34)
    panel.results.arrows.click()
    wait(lambda: panel.results.arrow_row.bar.maximum() > 0)
    delete(panel)
    wait(slow.ended.is_set, 5)
    assert "impaired1, arrows" not in opened.layers
