"""The readers in napari: by name of the plugin, by drag and drop, and files for other readers."""

from __future__ import annotations

import numpy as np
import pytest
from npe2 import PluginManifest

from napari_ubam.plugin.io.reader import get_reader, get_study_reader
from napari_ubam.video import VIDEO_SUFFIXES, LazyVideo, VideoError, write_video
from numbered_videos import number_in, packets_of, picture


def test_manifest_claims_the_videos_and_nothing_else() -> None:
    manifest = PluginManifest.from_distribution("napari-ubam")
    readers = {one.command: one for one in manifest.contributions.readers or []}
    videos = readers["napari-ubam.read_recording"]
    assert {pattern.removeprefix("*") for pattern in videos.filename_patterns} == VIDEO_SUFFIXES
    assert not videos.accepts_directories
    assert readers["napari-ubam.read_study"].filename_patterns == ["*study*.csv"]


@pytest.mark.parametrize("path", ["image.tif", "notes.txt", "folder", ["a.mp4", "b.tif"], []])
def test_other_files_are_left_to_other_readers(path) -> None:
    assert get_reader(path) is None


@pytest.mark.parametrize("path", ["a.mp4", "A.MTS", ["a.avi", "b.mov"]])
def test_videos_are_taken(path) -> None:
    assert get_reader(path) is not None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("first", ["", "sep=;\r\n"])
def test_studies_are_taken_as_spreadsheets_write_them(tmp_path, encoding: str, first: str) -> None:
    path = tmp_path / "study.csv"
    path.write_bytes(f"{first}Video;Subject;Group;Session\r\na.mp4;1;g;0\r\n".encode(encoding))
    assert get_study_reader(str(path)) is not None
    path.write_text("video;subject;group\r\n")
    assert get_study_reader(str(path)) is None


def test_open_in_a_viewer(make_napari_viewer, clip) -> None:
    viewer = make_napari_viewer()
    (layer,) = viewer.open(str(clip("h264 GOP 12")), plugin="napari-ubam")
    assert isinstance(layer.data, LazyVideo)
    assert viewer.dims.axis_labels == ("t", "y", "x")
    viewer.dims.set_current_step(0, 42)
    assert viewer.dims.point[0] == pytest.approx(42 / 25)
    assert number_in(np.asarray(layer._slice.image.view)) == 42


def test_drag_and_drop_of_several_files(make_napari_viewer, clip, tmp_path) -> None:
    viewer = make_napari_viewer()
    paths = [str(write_video(tmp_path / f"{n}.mp4", [picture(n)] * 3)) for n in (5, 9)]
    viewer.window._qt_viewer._qt_open(paths, stack=False, plugin="napari-ubam")
    assert sorted(layer.name for layer in viewer.layers) == ["5", "9"]


def test_an_unreadable_file_gives_its_sentence(make_napari_viewer, tmp_path) -> None:
    viewer = make_napari_viewer()
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"this is no video" * 99)
    with pytest.raises(VideoError, match="not a readable video"):
        viewer.open(str(broken), plugin="napari-ubam")
    assert len(viewer.layers) == 0


def test_a_damaged_frame_is_black_with_a_warning(make_napari_viewer, clip, tmp_path, monkeypatch) -> None:
    warned: list[str] = []
    monkeypatch.setattr("napari_ubam.plugin.io.reader.show_warning", warned.append)
    content = bytearray(clip("mjpeg avi").read_bytes())
    offset, size, _ = list(packets_of(clip("mjpeg avi")))[30]
    content[offset + 4 : offset + size] = bytes(size - 4)
    broken = tmp_path / "broken.avi"
    broken.write_bytes(content)
    viewer = make_napari_viewer()
    (layer,) = viewer.open(str(broken), plugin="napari-ubam")
    shown = []
    for step in (29, 30, 31):
        viewer.dims.set_current_step(0, step)
        shown.append(np.array(layer._slice.image.view))
    assert number_in(shown[0]) == 29
    assert not shown[1].any()
    assert number_in(shown[2]) == 31
    assert warned
    assert "frame 30 cannot be decoded" in warned[0]


@pytest.mark.slow
def test_what_is_on_the_screen_is_the_frame(make_napari_viewer, clip) -> None:
    """The canvas itself, where the number of the frame can be read off its pixels."""
    viewer = make_napari_viewer(show=True)
    viewer.open(str(clip("h264 GOP 12")), plugin="napari-ubam")
    for step in (7, 85, 84):
        viewer.dims.set_current_step(0, step)
        shown = viewer.screenshot(canvas_only=True, flash=False)[..., :3]
        grey = shown.mean(-1)
        rows, columns = np.nonzero(grey > 20)  # the picture on its black ground
        crop = shown[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        at_y = (np.arange(96) + 0.5) * crop.shape[0] / 96
        at_x = (np.arange(128) + 0.5) * crop.shape[1] / 128
        assert number_in(crop[at_y.astype(int)][:, at_x.astype(int)]) == step
