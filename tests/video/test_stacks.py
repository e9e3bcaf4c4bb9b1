"""TIFF, zarr, image folders and arrays have the same interface."""

from __future__ import annotations

import pickle
from pathlib import Path

import dask.array as da
import imageio.v3 as iio
import numpy as np
import pytest
import tifffile
import zarr

from napari_ubam.video import FrameError, VideoError, open_video
from numbered_videos import number_in, picture

STACK = np.stack([picture(number) for number in range(25)])
COLOUR = np.stack([STACK, 255 - STACK, STACK // 2], -1)


def assert_holds(video, data: np.ndarray) -> None:
    """Compare a video with its data, whichever frame is asked for first, here and after pickling."""
    expected = data if data.ndim == 4 else data[..., np.newaxis]
    assert video.shape == expected.shape
    assert video.dtype == expected.dtype
    for one in (video, pickle.loads(pickle.dumps(video))):
        for number in (17, 3, 24, 0):
            np.testing.assert_array_equal(one[number], expected[number])
    np.testing.assert_array_equal(video.to_dask(7)[5:20].compute(), expected[5:20])
    video.close()
    np.testing.assert_array_equal(video[11], expected[11])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize(
    "options", [{}, {"compression": "zlib"}, {"imagej": True}, {"bigtiff": True}, {"ome": True}]
)
def test_tiff_stacks(dtype, options: dict, tmp_path: Path) -> None:
    path = tmp_path / "stack.tif"
    data = STACK.astype(dtype) * (100 if dtype == np.uint16 else 1)
    tifffile.imwrite(path, data, photometric="minisblack", **options)
    assert_holds(open_video(path, fps=30), data)


def test_colour_tiff(tmp_path: Path) -> None:
    path = tmp_path / "stack.tiff"
    tifffile.imwrite(path, COLOUR, photometric="rgb")
    assert_holds(open_video(path, fps=30), COLOUR)


def test_single_page_tiff(tmp_path: Path) -> None:
    path = tmp_path / "page.tif"
    tifffile.imwrite(path, STACK[7])
    video = open_video(path, fps=30)
    assert video.shape == (1, *STACK.shape[1:], 1)
    assert number_in(video[0]) == 7


def test_the_frame_rate_in_imagej_metadata_is_used(tmp_path: Path) -> None:
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, STACK, imagej=True, metadata={"finterval": 0.02, "axes": "TYX"})
    video = open_video(path)
    assert video.fps == pytest.approx(50)
    assert video.notes == ()
    assert open_video(path, fps=10).fps == 10


def test_an_unknown_frame_rate_gives_a_note(tmp_path: Path) -> None:
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, STACK, photometric="minisblack")
    assert any("no frame rate" in note for note in open_video(path).notes)


def test_hyperstacks_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "hyper.tif"
    tifffile.imwrite(path, np.zeros((5, 3, 16, 16), np.uint8), imagej=True, metadata={"axes": "TZYX"})
    with pytest.raises(VideoError, match="save one channel and one plane"):
        open_video(path)


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("data", [STACK, STACK[..., np.newaxis], COLOUR], ids=["tyx", "tyx1", "tyx3"])
def test_zarr_arrays(zarr_format: int, data: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "video.zarr"
    stored = zarr.create_array(
        path, shape=data.shape, chunks=(5, *data.shape[1:]), dtype=data.dtype, zarr_format=zarr_format
    )
    stored[:] = data
    assert_holds(open_video(path, fps=30), data)


def test_ome_zarr_gives_its_full_resolution(tmp_path: Path) -> None:
    path = tmp_path / "image.ome.zarr"
    group = zarr.open_group(path, mode="w", zarr_format=2)
    for level, data in {"0": STACK, "1": STACK[:, ::2, ::2]}.items():
        group.create_array(level, data=data[:, np.newaxis, np.newaxis])
    group.attrs["multiscales"] = [{"version": "0.4", "datasets": [{"path": "0"}, {"path": "1"}]}]
    assert_holds(open_video(path, fps=30), STACK)


def test_zarr_groups_with_several_arrays_are_refused(tmp_path: Path) -> None:
    group = zarr.open_group(tmp_path / "many.zarr", mode="w")
    group.create_array("left", data=STACK)
    group.create_array("right", data=STACK)
    with pytest.raises(VideoError, match="left, right"):
        open_video(tmp_path / "many.zarr")
    assert_holds(open_video(tmp_path / "many.zarr" / "left", fps=5), STACK)


@pytest.mark.parametrize(
    ("suffix", "data"), [(".png", STACK), (".tif", STACK.astype(np.uint16)), (".png", COLOUR)]
)
def test_folders_of_images(suffix: str, data: np.ndarray, tmp_path: Path) -> None:
    for number, image in enumerate(data):
        iio.imwrite(tmp_path / f"frame{number}{suffix}", image)  # frame10 sorts after frame9
    (tmp_path / "notes.txt").write_text("not an image")
    video = open_video(tmp_path, fps=30)
    assert_holds(video, data)
    assert video.name == tmp_path.name
    assert video.notes == ()


def test_gaps_in_the_file_numbers_give_a_note(tmp_path: Path) -> None:
    for number in (0, 1, 2, 7, 8):
        iio.imwrite(tmp_path / f"{number:03}.png", STACK[number])
    video = open_video(tmp_path, fps=30)
    assert number_in(video[3]) == 7
    assert any("from 2 to 7" in note and "007.png is frame 3" in note for note in video.notes)


def test_an_image_of_another_size_is_named(tmp_path: Path) -> None:
    for number in range(4):
        iio.imwrite(tmp_path / f"{number}.png", STACK[number] if number != 2 else STACK[number, :50])
    video = open_video(tmp_path, fps=30)
    assert number_in(video[3]) == 3
    with pytest.raises(FrameError, match=r"frame 2 .*2\.png is 50 x 128"):
        video[2]


def test_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="contains no images"):
        open_video(tmp_path)


@pytest.mark.parametrize("data", [STACK, COLOUR], ids=["grey", "colour"])
@pytest.mark.parametrize(
    "kind", [np.asarray, lambda data: da.from_array(data, chunks=(5, *data.shape[1:]))], ids=["numpy", "dask"]
)
def test_arrays(data: np.ndarray, kind) -> None:
    assert_holds(open_video(kind(data), fps=30), data)


def test_the_alpha_channel_is_ignored() -> None:
    with_alpha = np.concatenate([COLOUR, COLOUR[..., :1]], -1)
    np.testing.assert_array_equal(open_video(with_alpha, fps=1)[3], COLOUR[3])


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (np.zeros((5, 5)), "is not a video"),
        (np.zeros((5, 5, 5, 2)), "is not a video"),
        (np.zeros((0, 5, 5)), "no frame"),
        (np.zeros((5, 5, 5), complex), "values of type"),
        (42, "a path or an array"),
    ],
)
def test_other_objects_are_refused(data, says: str) -> None:
    with pytest.raises(VideoError, match=says):
        open_video(data, fps=1)


def test_brightness_of_colour_is_weighted() -> None:
    green = np.zeros((2, 4, 4, 3), np.uint8)
    green[..., 1] = 100
    luma = open_video(green, fps=1).luma()
    assert luma.dtype == np.uint8
    assert (luma[0] == 59).all()
    np.testing.assert_array_equal(open_video(STACK, fps=1).luma()[4], STACK[4])
