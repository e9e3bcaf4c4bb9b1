"""Layers of recordings, without a viewer."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Layer

from napari_ubam.plugin.io.convert import recording_layer
from napari_ubam.video import LazyVideo, open_video
from numbered_videos import number_in


def test_colour_video(clip) -> None:
    video = open_video(clip("h264 GOP 12"))
    layer = Layer.create(*recording_layer(video))
    assert layer.rgb
    assert isinstance(layer.data, LazyVideo)
    assert layer.axis_labels == ("t", "y", "x")
    assert [str(unit) for unit in layer.units] == ["second", "pixel", "pixel"]
    np.testing.assert_allclose(layer.scale, (1 / 25, 1, 1))
    assert layer.name == video.name
    assert layer.metadata["recording"] is video
    np.testing.assert_array_equal(layer.metadata["times"], video.times)


def test_grey_video_is_no_rgb(clip) -> None:
    layer = Layer.create(*recording_layer(open_video(clip("ffv1 mkv"))))
    assert not layer.rgb
    assert layer.data.shape == (100, 96, 128)
    assert layer.contrast_limits == [0, 255]


def test_limits_of_deep_videos_come_from_samples(clip) -> None:
    _, arguments, _ = recording_layer(open_video(clip("ffv1 grey 10 bit")))
    low, high = arguments["contrast_limits"]
    assert 80 < low < 130
    assert 900 < high < 1024


def test_limits_of_an_even_stack_are_no_empty_range() -> None:
    _, arguments, _ = recording_layer(open_video(np.full((3, 8, 8), 7, np.uint16), fps=1))
    assert arguments["contrast_limits"] == (7, 8)


@pytest.mark.parametrize("name", ["h264 GOP 12", "ffv1 mkv"])
def test_slider_shows_the_right_frame(name: str, clip) -> None:
    from napari.components import ViewerModel

    viewer = ViewerModel()
    layer = viewer.add_layer(Layer.create(*recording_layer(open_video(clip(name)))))
    for step in (0, 57, 56, 99, 3):
        viewer.dims.set_current_step(0, step)
        assert number_in(np.asarray(layer._slice.image.view)) == step
        assert viewer.dims.point[0] == pytest.approx(step / 25)
        assert layer.world_to_data(viewer.dims.point)[0] == pytest.approx(step)
