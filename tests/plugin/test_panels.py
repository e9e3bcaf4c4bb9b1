"""All panels: size, tooltips, order of the Tab key, opening and closing."""

from __future__ import annotations

import gc
import threading
from typing import Any

import psutil
import pytest
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QScrollArea,
    QWidget,
)
from superqt import QLabeledDoubleSlider

from napari_ubam.plugin.panels.compare import ComparePanel
from napari_ubam.plugin.panels.deviation import DeviationPanel
from napari_ubam.plugin.panels.explore import ExplorePanel
from napari_ubam.plugin.panels.magnify import MagnifyPanel
from napari_ubam.plugin.panels.panel import WIDTH, Panel
from napari_ubam.plugin.panels.study import StudyPanel
from napari_ubam.plugin.panels.timeline import TimelinePanel
from napari_ubam.plugin.panels.train import TrainPanel
from napari_ubam.plugin.viewer.link import link_of, session_of
from napari_ubam.study import Study
from shared_widgets import Wait, delete

SIDE_PANELS = (StudyPanel, TrainPanel, DeviationPanel, ExplorePanel, MagnifyPanel, ComparePanel)
PANELS = (*SIDE_PANELS, TimelinePanel)
OPERABLE = (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QLabeledDoubleSlider,
    QLineEdit,
)


@pytest.mark.parametrize("make", SIDE_PANELS, ids=lambda make: make.__name__)
def test_every_side_panel_fits_the_dock(make: type[Panel], viewer: Any) -> None:
    panel = make(viewer)
    assert panel.sizeHint().width() <= WIDTH
    inside = panel.findChild(QScrollArea).widget()
    assert 0 < inside.minimumSizeHint().width() <= WIDTH - 12
    delete(panel)


def tooltip_of(widget: QWidget, panel: QWidget) -> str:
    """Give the tooltip that Qt shows for a widget: its own, or that of the nearest widget around it."""
    while widget is not panel:
        if widget.toolTip():
            return str(widget.toolTip())
        widget = widget.parentWidget()
    return ""


@pytest.mark.parametrize("make", PANELS, ids=lambda make: make.__name__)
def test_every_operable_widget_has_a_tooltip_of_one_sentence(make: type[Panel], viewer: Any) -> None:
    panel = make(viewer)
    widgets = [one for one in panel.findChildren(QWidget) if isinstance(one, OPERABLE)]
    assert len(widgets) >= 3
    tips = [tooltip_of(one, panel) for one in widgets]
    without = [
        (type(one).__name__, one.objectName()) for one, tip in zip(widgets, tips, strict=True) if not tip
    ]
    assert without == []
    assert [tip for tip in tips if not tip.endswith(".") or "\n" in tip] == []
    delete(panel)


def test_the_tab_key_follows_the_layout(make_napari_viewer: Any) -> None:
    viewer = make_napari_viewer(show=True)
    panel = MagnifyPanel(viewer)
    viewer.window.add_dock_widget(panel)
    QTest.qWait(100)
    settings = [panel.reference.box, panel.span, panel.factor, panel.smoothing, panel.previewing]
    parts = [*settings, panel.results.add, panel.results.save]
    order, one = [], panel.reference.box
    for _ in range(60):
        order += [number for number, part in enumerate(parts) if part is one or part.isAncestorOf(one)]
        one = one.nextInFocusChain()
    assert list(dict.fromkeys(order)) == list(range(len(parts)))
    viewer.window.remove_dock_widget(panel)
    delete(panel)


def test_two_viewers_share_nothing(make_napari_viewer: Any, study: Study) -> None:
    one, other = make_napari_viewer(), make_napari_viewer()
    session_of(one).set_study(study)
    assert session_of(one) is session_of(one)
    assert session_of(other).study is None


def test_opening_and_closing_leaks_nothing(make_napari_viewer: Any, wait: Wait) -> None:
    viewer = make_napari_viewer()

    def cycle() -> None:
        docks = [viewer.window.add_dock_widget(make(viewer), name=make.__name__) for make in PANELS]
        QTest.qWait(10)
        for dock in docks:
            inner = dock.widget()
            viewer.window.remove_dock_widget(dock)
            delete(inner)

    def counts() -> tuple[int, int, int, int]:
        gc.collect()
        panels = sum(isinstance(one, Panel) for one in gc.get_objects())
        children = len(psutil.Process().children(recursive=True))
        slots = len(viewer.dims.events.current_step.callbacks)
        return panels, len(link_of(viewer).moved), children, slots

    before = len(viewer.dims.events.current_step.callbacks)
    cycle()
    first, threads = counts(), threading.active_count()
    for _ in range(20):
        cycle()
    QTest.qWait(200)
    assert counts() == first
    assert counts()[1] == 0
    assert counts()[3] == before
    assert threading.active_count() <= threads
