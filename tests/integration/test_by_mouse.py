"""What a user does with the mouse and a key in a window with a run: episodes, map, layer list, playback."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QStyle, QStyleOptionViewItem

from napari_ubam.plugin.panels.timeline import TimelinePanel
from napari_ubam.plugin.viewer.link import link_of
from real_window import Window

pytestmark = pytest.mark.slow
LEFT = Qt.MouseButton.LeftButton


def go(window: Window, name: str, frame: int) -> None:
    link = link_of(window.viewer)
    link.show(name, frame)
    window.wait(lambda: link.here() == (name, frame))


def row_of(window: Window, name: str) -> tuple[Any, Any]:
    """Give napari's layer list, and the index of a layer in it."""
    view = window.viewer.window._qt_viewer.layers
    indices = [view.model().index(row, 0) for row in range(view.model().rowCount())]
    (index,) = [one for one in indices if one.data() == name]
    view.scrollTo(index)
    return view, index


def click_row(window: Window, name: str) -> None:
    """Click the name of a layer in the layer list."""
    view, index = row_of(window, name)
    QTest.mouseClick(view.viewport(), LEFT, pos=view.visualRect(index).center())


def click_eye(window: Window, name: str) -> None:
    """Click the eye of a layer in the layer list."""
    view, index = row_of(window, name)
    option = QStyleOptionViewItem()
    view.initViewItemOption(option)
    view.itemDelegate().initStyleOption(option, index)
    option.rect = view.visualRect(index)
    eye = view.style().subElementRect(QStyle.SubElement.SE_ItemViewItemCheckIndicator, option, view)
    QTest.mouseClick(view.viewport(), LEFT, pos=eye.center())


def test_an_episode_is_played_by_a_double_click_and_a_video_by_its_button(run_window: Window) -> None:
    link, panel = link_of(run_window.viewer), run_window.open("Deviation")
    episode = link.session.results.episodes.sort_values("peak_percentile", ascending=False).iloc[0]
    name, start, stop = episode["recording"], int(episode["start"]), int(episode["stop"])
    go(run_window, "impaired1", 5)
    moved: list[tuple[str, int]] = []
    link.moved.connect(lambda *place: moved.append(place))
    place = panel.episodes.visualItemRect(panel.episodes.item(0, 1)).center()
    QTest.mouseClick(panel.episodes.viewport(), LEFT, pos=place)
    QTest.mouseDClick(panel.episodes.viewport(), LEFT, pos=place)
    run_window.wait(lambda: (name, stop - 1) in moved)
    assert moved[0] == (name, start)
    run_window.wait(lambda: not link.player.is_playing)
    assert run_window.viewer.dims.current_step[0] == stop - 1
    go(run_window, name, 0)
    (timeline,) = run_window.viewer.window._qt_window.findChildren(TimelinePanel)
    run_window.click(timeline, "Play")
    run_window.wait(lambda: link.here()[1] > 0)
    run_window.click(timeline, "Stop")
    assert not link.player.is_playing
    assert 0 < link.here()[1] < 89
    assert run_window.errors == []


def test_a_click_on_the_map_shows_its_recording_and_frame(run_window: Window) -> None:
    link, panel = link_of(run_window.viewer), run_window.open("Explore")
    panel.method.setCurrentText("pca")
    run_window.wait(panel.make.isEnabled)
    run_window.click(panel, "Make map")
    run_window.wait(lambda: len(panel.map._points) > 0)
    QTest.qWait(100)  # the map finds its range as it is drawn
    points = panel.map._points
    row = int(((points - points.mean(0)) ** 2).sum(1).argmax())  # nothing lies above an outermost point
    wanted = (str(panel._table["recording"].iloc[row]), int(panel._table["frame"].iloc[row]))
    assert link.here() != wanted
    x, y = panel.map.place_of(row)
    QTest.mouseClick(panel.map.native, LEFT, pos=QPoint(round(x), round(y)))
    run_window.wait(lambda: link.here() == wanted)
    run_window.shoot("mouse-map")
    assert run_window.errors == []


def test_eyes_rows_and_the_delete_key_in_the_layer_list(run_window: Window) -> None:
    viewer, panel = run_window.viewer, run_window.open("Deviation")
    session = link_of(viewer).session
    for name in ("healthy1", "impaired1"):
        go(run_window, name, 30)
        run_window.wait(lambda name=name: f"{name}, deviation" in viewer.layers)

    def seen() -> set[str]:
        return {layer.name for layer in viewer.layers if layer.visible}

    click_eye(run_window, "healthy1")
    run_window.wait(lambda: session.recording == "healthy1")
    run_window.wait(lambda: seen() == {"healthy1", "healthy1, deviation"})
    click_row(run_window, "impaired1")
    run_window.wait(lambda: seen() == {"impaired1", "impaired1, deviation"})
    click_eye(run_window, "impaired1, deviation")
    run_window.wait(lambda: seen() == {"impaired1"})
    click_eye(run_window, "impaired1, deviation")
    run_window.wait(lambda: seen() == {"impaired1", "impaired1, deviation"})
    click_row(run_window, "impaired1, deviation")
    view, _ = row_of(run_window, "impaired1, deviation")
    QTest.keyClick(view, Qt.Key.Key_Delete)
    run_window.wait(lambda: not panel.on_picture.isChecked())
    assert seen() == {"impaired1"}
    assert session.recording == "impaired1"
    run_window.shoot("mouse-layers")
    assert run_window.errors == []
