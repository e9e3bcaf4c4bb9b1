"""The whole work in a real window, by mouse and keyboard: from the sample study to magnified layers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_ubam.plugin.io import sample_data
from napari_ubam.plugin.viewer.link import link_of
from napari_ubam.study import Study
from napari_ubam.video import open_video
from real_window import Window

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("loading")]


@pytest.fixture
def window(window: Window, monkeypatch: pytest.MonkeyPatch, study: Study) -> Window:
    """Give a user of an empty window, for whom the small sample of the tests is the sample study."""
    monkeypatch.setattr(sample_data, "sample_folder", lambda: study[0].video.parents[1])
    return window


def test_from_the_sample_to_magnified_layers(window: Window, tmp_path: Path) -> None:
    viewer, session, link = window.viewer, link_of(window.viewer).session, link_of(window.viewer)
    study = window.open("1 Study")
    window.choose(viewer.window.file_menu, "Open Sample", "Sample study")
    window.wait(lambda: session.study is not None and len(session.study) == 5)
    assert study.table.rows.rowCount() == 5
    window.shoot("1-study")

    train = window.open("2 Train")
    train.folder.selectAll()
    QTest.keyClicks(train.folder, str(tmp_path / "run"))
    train.preset.setCurrentIndex(train.preset.findData("tiny"))
    window.wait(lambda: train.device.findData("cpu") >= 0)
    train.device.setCurrentIndex(train.device.findData("cpu"))
    train.minutes.setDecimals(3)
    train.minutes.setMinimum(0.01)
    train.minutes.setValue(0.03)  # less than a user can choose; the quality does not matter here
    window.click(train, "Train")
    window.wait(lambda: train.plot.isVisible(), 150)
    window.shoot("2-train")
    window.wait(lambda: session.run is not None, 300)
    window.click(train, "Train magnifier")
    window.wait(lambda: session.contents is not None and session.contents.has_magnifier, 300)

    deviation = window.open("3 Deviation")
    deviation.reference.box.setCurrentText("group=healthy")
    window.click(deviation, "Score")
    window.wait(lambda: session.results is not None, 200)
    window.click(deviation, "Timeline")
    assert session.results is not None
    assert len(session.results.of("impaired1")) == 90
    assert deviation.episodes.rowCount() > 0  # 5% of the reference frames are above the 95th percentile
    episode = session.results.episodes.sort_values(["peak_percentile", "excess"], ascending=False).iloc[0]
    place = deviation.episodes.visualItemRect(deviation.episodes.item(0, 1)).center()
    table = deviation.episodes.viewport()
    QTest.mouseClick(table, Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(table, Qt.MouseButton.LeftButton, pos=place)
    window.wait(lambda: (link.here() or ("",))[0] == episode["recording"])
    window.wait(lambda: not link.player.is_playing)
    assert link.here() == (episode["recording"], episode["stop"] - 1)
    assert f"{episode['recording']}, deviation" in viewer.layers
    window.shoot("3-deviation")

    explore = window.open("4 Explore")
    link.show("impaired1", 70)
    window.wait(lambda: explore.strip.count() == 8 and link.here() == ("impaired1", 70))
    explore.method.setCurrentText("pca")
    window.click(explore, "Make map")
    window.wait(lambda: explore._table is not None)
    QTest.qWait(500)
    window.shoot("4-explore")
    row = len(explore._table) // 2
    x, y = explore.map.place_of(row)
    QTest.mouseClick(explore.map.native, Qt.MouseButton.LeftButton, pos=QPoint(round(x), round(y)))
    window.wait(lambda: link.here() != ("impaired1", 70))

    magnify = window.open("5 Magnify")
    link.show("impaired1", 70)
    window.wait(lambda: link.here() == ("impaired1", 70))
    magnify.span.set_span(66, 76)
    window.tick(magnify.previewing)
    magnify.factor.setValue(2.5)
    window.wait(lambda: "preview × 2.5" in viewer.layers)
    window.shoot("5-preview")
    window.click(magnify, "Add layers")
    window.wait(lambda: "impaired1, difference" in viewer.layers)
    window.click(magnify, "Add arrows")
    window.wait(lambda: "impaired1, arrows" in viewer.layers)
    names = [layer.name for layer in viewer.layers]
    assert not viewer.layers["preview × 2.5"].visible  # kept, hidden: napari needs long to remove a layer
    assert names[-6:] == [
        "impaired1 × 2.5",
        "impaired1, reference",
        "impaired1, difference",
        "preview × 2.5",
        "impaired1, arrows",
        "impaired1, deviation",
    ]
    assert (
        np.asarray(viewer.layers["impaired1 × 2.5"].data[4]).shape
        == viewer.layers["impaired1"].data.shape[1:]
    )
    window.shoot("6-layers")
    magnify.results.save_as(tmp_path / "magnified.mp4")
    window.wait(lambda: (tmp_path / "magnified.mp4").is_file() and not session.is_working, 200)
    with open_video(tmp_path / "magnified.mp4") as written:
        assert len(written) == 10
    assert window.errors == []
