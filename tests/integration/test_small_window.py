"""All panels in the smallest window that is usual: nothing that must be read is cut."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QStyle, QStyleOptionTab, QTabBar

from real_window import Window

pytestmark = pytest.mark.slow
NAMES = ("1 Study", "2 Train", "3 Deviation", "4 Explore", "5 Magnify", "6 Compare")


def cut_tabs(window: Any) -> list[str]:
    """Texts of tabs that have less room than their letters need."""
    cut = []
    for bar in window.findChildren(QTabBar):
        for number in range(bar.count()):
            option = QStyleOptionTab()
            option.initFrom(bar)
            option.shape, option.text, option.rect = bar.shape(), bar.tabText(number), bar.tabRect(number)
            room = bar.style().subElementRect(QStyle.SubElement.SE_TabBarTabText, option, bar).width()
            if bar.fontMetrics().horizontalAdvance(bar.tabText(number)) > room:
                cut.append(bar.tabText(number))
    return cut


def test_tabs_of_panels_from_the_menu_are_whole(window: Window) -> None:
    viewer = window.viewer
    for name in NAMES:
        window.open(name)
    (bar,) = [one for one in viewer.window._qt_window.findChildren(QTabBar) if one.count() == len(NAMES)]
    assert [bar.tabText(number) for number in range(6)] == [
        "Study",
        "Train",
        "Deviation",
        "Explore",
        "Magnify",
        "Compare",
    ]
    for theme in ("light", "dark"):
        viewer.theme = theme
        for height in (800, 860):
            viewer.window.resize(1280, height)
            QTest.qWait(200)
            assert cut_tabs(viewer.window._qt_window) == []
            window.shoot(f"tabs-{theme}-{height}")
