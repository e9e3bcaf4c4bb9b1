"""A run's results in a viewer, as a script adds them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_ubam.plugin import show_magnified, show_recording, show_scores
from napari_ubam.plugin.io.result_layers import NONE, arrow_layer, score_overlay
from napari_ubam.run import Run, RunError
from napari_ubam.study import Roi, Study
from shared_widgets import copy_of

pytestmark = pytest.mark.filterwarnings("ignore::napari_ubam.run.MagnificationWarning")


def test_scores_follow_the_slider(make_napari_viewer, run: Run) -> None:
    viewer = make_napari_viewer()
    frame = show_scores(viewer, run, "impaired1")
    assert [layer.name for layer in viewer.layers] == ["impaired1", "impaired1, deviation"]
    seen = []
    for step in (0, 25, 40):
        viewer.dims.set_current_step(0, step)
        seen.append((frame.features["score"].iloc[-1], tuple(np.round(frame.edge_color[0], 3))))
    assert seen[0][0] == "no score"  # the window of frame 0 begins before the video
    assert seen[0][1] == NONE
    assert all("percentile" in text for text, _ in seen[1:])
    assert len(set(seen)) == 3
    viewer.layers.remove(frame)
    viewer.dims.set_current_step(0, 30)  # the removed layer must not be updated


def test_a_recording_is_added_once(make_napari_viewer, run: Run) -> None:
    viewer = make_napari_viewer()
    assert show_recording(viewer, run, "healthy1") is show_recording(viewer, run, "healthy1")
    assert len(viewer.layers) == 1


def test_magnified_layers_lie_where_the_frames_are(make_napari_viewer, run: Run) -> None:
    viewer = make_napari_viewer()
    image = show_recording(viewer, run, "impaired1")
    layers = show_magnified(
        viewer, run, "impaired1", "group=healthy", 2.5, frames=slice(20, 26), device="cpu"
    )
    assert [layer.name for layer in layers] == [
        "impaired1 × 2.5",
        "impaired1, reference",
        "impaired1, difference",
    ]
    for layer in layers:
        assert layer.data.shape[:3] == (6, 200, 320)
        assert layer.world_to_data(image.data_to_world((22, 0, 0)))[0] == pytest.approx(2)
    made = run.magnify("impaired1", "group=healthy", 2.5, frames=slice(22, 23), device="cpu").compute()
    np.testing.assert_array_equal(np.asarray(layers[0].data[2]), made[0])
    assert np.asarray(layers[2].data[2]).dtype == np.float32
    assert layers[0].metadata["magnification"]["factor"] == 2.5


def test_layers_lie_on_a_recording_that_is_scaled_and_moved(make_napari_viewer, run: Run) -> None:
    viewer = make_napari_viewer()
    image = show_recording(viewer, run, "impaired1")
    image.scale, image.translate = (image.scale[0] * 2, 2, 0.5), (0.1, -7, 30)
    outline = show_scores(viewer, run, "impaired1")
    for corner in outline.data[0]:
        np.testing.assert_allclose(outline.data_to_world(corner), image.data_to_world((0, *corner))[1:])
    for layer in show_magnified(
        viewer, run, "impaired1", "group=healthy", frames=slice(20, 22), device="cpu"
    ):
        np.testing.assert_allclose(layer.data_to_world((1, 5, 6)), image.data_to_world((21, 5, 6)))


def test_arrows_are_added_on_request(make_napari_viewer, run: Run) -> None:
    viewer = make_napari_viewer()
    made = run.magnify("impaired1", "group=healthy", 2.5, frames=slice(20, 26), device="cpu").magnification
    table = made.arrows().iloc[:0]
    assert arrow_layer(made, table)[0].shape == (0, 2, 3)
    rows = pd.DataFrame({"y": [50.0, 60.0], "x": [70.0, 80.0], "dy": [1.0, 2.0], "dx": [3.0, 4.0]})
    data, arguments, kind = arrow_layer(made, rows.assign(frame=[21, 25], length=5.0, area=30))
    assert kind == "vectors"
    np.testing.assert_array_equal(data[:, 0], [[1, 50, 70], [5, 60, 80]])
    np.testing.assert_array_equal(data[:, 1], [[0, 1, 3], [0, 2, 4]])
    assert arguments["translate"][0] == pytest.approx(20 / made.fps)
    layers = show_magnified(
        viewer, run, "impaired1", "group=healthy", frames=slice(20, 22), device="cpu", arrows=True
    )
    assert layers[-1].name == "impaired1, arrows"
    assert layers[-1].visible


def test_scores_of_another_study_are_said(make_napari_viewer, run: Run, study: Study, tmp_path: Path) -> None:
    viewer = make_napari_viewer()
    assert show_scores(viewer, run, "impaired1").metadata["reference"] == "group=healthy"
    folder = copy_of(run, tmp_path / "run")
    study.without("healthy1").to_csv(folder / "study.csv")
    with pytest.warns(UserWarning, match="healthy1 was removed; score it again"):
        show_scores(viewer, Run.open(folder), "impaired1")


def test_what_is_missing_is_one_sentence(make_napari_viewer, run: Run, tmp_path: Path) -> None:
    viewer = make_napari_viewer()
    with pytest.raises(RunError, match="does not know"):
        show_recording(viewer, run, "nobody")
    other = tmp_path / "run"
    shutil.copytree(run.folder, other)
    (other / "scores.csv").unlink()
    with pytest.raises(RunError, match="score the study"):
        show_scores(viewer, Run.open(other), "impaired1")
    assert not viewer.layers


def test_overlay_colours_are_those_of_the_percentile(run: Run) -> None:
    table = pd.DataFrame(
        {
            "frame": [5, 6, 7, 8],
            "posture_deviation": [0.1, 0.2, np.nan, 0.2],
            "posture_percentile": [10.0, 20.0, np.nan, 20.0],
            "episodic": [np.nan, 0.3, np.nan, 0.2],
            "episodic_percentile": [np.nan, 99.0, np.nan, 94.9],
        }
    )
    overlay = score_overlay(table, Roi(x=10, y=20, width=30, height=40))
    assert overlay.at(5)[1] == "posture deviation 0.100, percentile 10.0"
    assert overlay.at(6)[1] == "episodic deviation 0.300, percentile 99.0 *"
    assert overlay.at(7)[1] == overlay.at(99)[1] == overlay.at(0)[1] == "no score"
    assert overlay.at(5)[0][2] > overlay.at(5)[0][0]  # blue
    assert overlay.at(6)[0][0] > overlay.at(6)[0][2] + 0.4  # red
    assert abs(overlay.at(8)[0][0] - overlay.at(8)[0][2]) < 0.1  # nearly white
    np.testing.assert_allclose(overlay.corners[[0, 2]], [[19.5, 9.5], [59.5, 39.5]])
