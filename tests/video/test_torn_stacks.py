"""Stacks that are torn, whose other files are missing, or that state their rate in other units."""

from __future__ import annotations

import pickle
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image

from napari_ubam.check import check_study
from napari_ubam.video import FrameError, VideoError, open_video

STACK = np.arange(20 * 24 * 32, dtype=np.uint16).reshape(20, 24, 32)


def notes_of(path: Path) -> str:
    return " ".join(open_video(path, warn=False).notes)


@pytest.mark.parametrize(
    ("interval", "unit", "fps"),
    [
        (40, "ms", 25),
        (40, "msec", 25),
        (5, "min", 1 / 300),
        (2, "minutes", 1 / 120),
        (0.02, "sec", 50),
        (0.02, None, 50),
        (500, "\\u00B5s", 2000),
        (500, "us", 2000),
        (1, "hour", 1 / 3600),
        (2, "h", 1 / 7200),
    ],
)
def test_imagej_states_the_unit_of_its_interval(
    interval: float, unit: str | None, fps: float, tmp_path: Path
) -> None:
    path = tmp_path / "stack.tif"
    metadata = {"axes": "TYX", "finterval": interval} | ({"tunit": unit} if unit else {})
    tifffile.imwrite(path, STACK, imagej=True, metadata=metadata)
    video = open_video(path, warn=False)
    assert video.fps == pytest.approx(fps)
    assert video.source.stated_fps == pytest.approx(fps)  # type: ignore[attr-defined]
    assert video.notes == ()


def test_an_unknown_unit_is_told_and_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, STACK, imagej=True, metadata={"axes": "TYX", "finterval": 3, "tunit": "turns"})
    assert open_video(path, warn=False).fps == 25
    assert "3 'turns', but this unit is unknown" in notes_of(path)


def test_the_speed_of_playing_is_not_the_rate_of_the_camera(tmp_path: Path) -> None:
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, STACK, imagej=True, metadata={"axes": "TYX", "fps": 7.0})
    video = open_video(path, warn=False)
    assert video.fps == 25
    assert "ImageJ plays the stack at 7 frames per second" in notes_of(path)
    assert "no frame rate" in notes_of(path)


def test_the_time_increment_of_ome_is_the_rate(tmp_path: Path) -> None:
    path = tmp_path / "stack.ome.tif"
    metadata = {"axes": "TYX", "TimeIncrement": 20.0, "TimeIncrementUnit": "ms"}
    tifffile.imwrite(path, STACK, ome=True, metadata=metadata)
    assert open_video(path, warn=False).fps == pytest.approx(50)


@pytest.fixture
def two_files(tmp_path: Path) -> Path:
    """First file of an OME-TIFF in two files of ten frames each."""
    planes = "".join(
        f'<TiffData FirstT="{t}" IFD="{t % 10}" PlaneCount="1">'
        f'<UUID FileName="part{t // 10}.ome.tif">urn:uuid:{t // 10}</UUID></TiffData>'
        for t in range(20)
    )
    for part in range(2):
        xml = (
            f'<?xml version="1.0" encoding="UTF-8"?><OME UUID="urn:uuid:{part}" '
            'xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0"><Pixels '
            'ID="Pixels:0" DimensionOrder="XYCZT" Type="uint16" SizeX="32" SizeY="24" SizeC="1" SizeZ="1" '
            f'SizeT="20"><Channel ID="Channel:0:0" SamplesPerPixel="1"/>{planes}</Pixels></Image></OME>'
        )
        with tifffile.TiffWriter(tmp_path / f"part{part}.ome.tif") as writer:
            for number in range(10):
                page = STACK[10 * part + number]
                writer.write(page, description=xml if not number else None, metadata=None, contiguous=False)
    return tmp_path / "part0.ome.tif"


def test_both_files_of_an_ome_tiff_are_one_recording(two_files: Path) -> None:
    video = open_video(two_files, fps=30)
    np.testing.assert_array_equal(np.asarray(video)[..., 0], STACK)
    assert video.notes == ()


@pytest.mark.parametrize("name", ["part0.ome.tif", "renamed.ome.tif"])
def test_frames_of_a_missing_file_are_errors_not_black(two_files: Path, name: str) -> None:
    (two_files.parent / "part1.ome.tif").unlink()
    path = two_files.rename(two_files.parent / name)
    video = open_video(path, warn=False)
    assert video.shape[0] == 20
    np.testing.assert_array_equal(video[9][..., 0], STACK[9])
    for frame in (10, 19):
        with pytest.raises(FrameError, match="in another file of the same recording, which is missing"):
            video[frame]
    assert "part1.ome.tif" in notes_of(path)
    assert "10 frames from frame 10 on" in notes_of(path)
    assert len(video.fingerprint) == 32


def cut(path: Path, size: int) -> Path:
    path.write_bytes(path.read_bytes()[:size])
    return path


@pytest.mark.parametrize(
    ("options", "frames", "note"),
    [
        ({"imagej": True}, 10, "made for 20 images, but only 10 are there"),
        ({"photometric": "minisblack"}, 10, "made for 20 images, but only 10 are there"),
        ({"ome": True}, 1, "ends early: only 1 image is there"),  # what it says of its images was at its end
    ],
)
def test_a_torn_stack_gives_the_images_that_are_there(
    options: dict, frames: int, note: str, tmp_path: Path
) -> None:
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, STACK, **options)
    with tifffile.TiffFile(path) as file:
        start = file.pages[0].dataoffsets[0]
    cut(path, start + 10 * STACK[0].nbytes + 700)
    video = open_video(path, fps=30, warn=False)
    np.testing.assert_array_equal(np.asarray(video)[..., 0], STACK[:frames])
    assert note in notes_of(path)


@pytest.mark.parametrize("options", [{"imagej": True}, {"photometric": "minisblack"}])
def test_a_stack_with_one_list_entry_for_all_images_is_whole(options: dict, tmp_path: Path) -> None:
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, STACK, truncate=True, **options)  # as ImageJ writes stacks above 4 GB
    video = open_video(path, fps=30)
    np.testing.assert_array_equal(np.asarray(video)[..., 0], STACK)
    assert video.notes == ()
    cut(path, path.stat().st_size // 2)
    assert open_video(path, fps=30, warn=False).shape[0] == 9
    assert "made for 20 images, but only 9 are there" in notes_of(path)


def test_a_torn_stack_of_single_pages_gives_the_pages_that_are_there(tmp_path: Path) -> None:
    path = tmp_path / "stack.tif"
    with tifffile.TiffWriter(path) as writer:
        for page in STACK:
            writer.write(page, metadata=None, contiguous=False)
    with tifffile.TiffFile(path) as file:
        offsets = [page.dataoffsets[0] for page in file.pages]
    assert open_video(path, fps=30).notes == ()
    cut(path, offsets[12] + 100)
    video = open_video(path, fps=30, warn=False)
    assert video.shape[0] == 12
    np.testing.assert_array_equal(video[10][..., 0], STACK[10])
    assert "ends early" in notes_of(path)


@pytest.mark.parametrize("place", [0, 7, 20])
def test_a_page_of_another_size_is_left_out_with_a_note(place: int, tmp_path: Path) -> None:
    path = tmp_path / "stack.tif"
    with tifffile.TiffWriter(path) as writer:
        for number, page in enumerate([*STACK[:place], STACK[0, :8, :8], *STACK[place:]]):
            assert number <= 20
            writer.write(page, metadata=None, contiguous=False)
    video = open_video(path, fps=30, warn=False)
    np.testing.assert_array_equal(np.asarray(video)[..., 0], STACK)
    assert f"page {place} (8 x 8 pixels)" in notes_of(path)


def test_one_image_of_three_channels_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "image.tif"
    tifffile.imwrite(path, STACK[:3], imagej=True, metadata={"axes": "CYX"})
    with pytest.raises(VideoError, match="one image of 3 channels, not a video"):
        open_video(path, fps=1)
    tifffile.imwrite(path, STACK[:3], ome=True, metadata={"axes": "CYX"}, photometric="minisblack")
    with pytest.raises(VideoError, match="one image of 3 channels, not a video"):
        open_video(path, fps=1)
    tifffile.imwrite(path, STACK[:3].astype(np.uint8), photometric="rgb", planarconfig="separate")
    video = open_video(path, fps=1)
    assert video.shape == (1, 24, 32, 3)
    np.testing.assert_array_equal(video[0], np.moveaxis(STACK[:3].astype(np.uint8), 0, -1))


def test_one_ome_zarr_image_of_three_channels_is_no_video(tmp_path: Path) -> None:
    group = zarr.open_group(tmp_path / "image.zarr", mode="w", zarr_format=2)
    group.create_array("0", data=STACK[:3])
    axes = [{"name": name} for name in "cyx"]
    group.attrs["multiscales"] = [{"axes": axes, "datasets": [{"path": "0"}]}]
    with pytest.raises(VideoError, match="one image of 3 channels, not a video"):
        open_video(tmp_path / "image.zarr", fps=1)


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_missing_chunk_is_told_by_check(zarr_format: int, tmp_path: Path) -> None:
    path = tmp_path / "video.zarr"
    stored = zarr.create_array(
        path, shape=STACK.shape, chunks=(5, 24, 32), dtype=STACK.dtype, zarr_format=zarr_format
    )
    stored[:] = STACK + 1
    assert open_video(path, fps=30).notes == ()
    third = path / ("2.0.0" if zarr_format == 2 else "c/2/0/0")
    third.unlink()
    assert "1 of 4 chunks is not stored, so frames between 10 and 14 show the value 0" in notes_of(path)
    table = tmp_path / "study.csv"
    table.write_text("video,subject,group,session,fps\nvideo.zarr,r1,a,0,30\n")
    assert "frames between 10 and 14" in str(check_study(table))


def test_a_file_that_is_no_tiff_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "stack.tif"
    path.write_bytes(struct.pack("<2sHI", b"II", 42, 400) + bytes(9))
    with pytest.raises(VideoError, match="not a readable TIFF"):
        open_video(path)
    tifffile.imwrite(path, STACK, imagej=True)
    cut(path, 900)
    with pytest.raises(VideoError, match="the file ends before the end of the first image"):
        open_video(path)
    shutil.copy(path, tmp_path / "other.tif")
    (tmp_path / "other.tif").write_bytes(b"")
    with pytest.raises(VideoError, match="not a readable TIFF"):
        open_video(tmp_path / "other.tif")


@pytest.mark.parametrize(
    "options", [{"imagej": True}, {}, {"bigtiff": True}, {"compression": "zlib", "metadata": None}]
)
def test_a_stack_that_is_torn_anywhere(options: dict, tmp_path: Path) -> None:
    """Also within the list of pages, which stands at the end or between the images."""
    path = tmp_path / "stack.tif"
    with tifffile.TiffWriter(
        path, bigtiff=options.pop("bigtiff", False), imagej=options.pop("imagej", False)
    ) as new:
        for part in [STACK] if not options else STACK:
            new.write(part, contiguous=not options, **options)
    content = path.read_bytes()
    found = []
    for share in np.linspace(0.1, 0.999, 30):
        path.write_bytes(content[: int(share * len(content))])
        video = open_video(path, warn=False)
        np.testing.assert_array_equal(video[:], STACK[: len(video), ..., np.newaxis])
        found.append(len(video))
        if len(video) < len(STACK):
            assert any("copy it again" in note for note in video.notes)
    assert found == sorted(found)
    assert found[0] <= 2
    assert found[-1] >= 19


@pytest.mark.parametrize("options", [{"imagej": True}, {}])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.97])
def test_torn_channels_are_no_frames(options: dict, share: float, tmp_path: Path) -> None:
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, STACK.reshape(10, 2, 24, 32), metadata={"axes": "TCYX"}, **options)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(
        VideoError, match=r"ends early, and there are axes of length 10 x 2 .* separate stack"
    ):
        open_video(path)


@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "tiff_adobe_deflate"])
def test_compressions_for_which_tifffile_needs_another_package(compression: str, tmp_path: Path) -> None:
    path = tmp_path / "stack.tif"
    first, *others = [Image.fromarray(page) for page in STACK]
    first.save(path, save_all=True, append_images=others, compression=compression)
    video = open_video(path, fps=25)
    for number in (19, 3, 4, 0):
        np.testing.assert_array_equal(video[number], STACK[number][..., np.newaxis])
    assert pickle.loads(pickle.dumps(video))[7].tolist() == STACK[7][..., np.newaxis].tolist()
    video.close()
    np.testing.assert_array_equal(video[5, ..., 0], STACK[5])


def test_colour_images_in_jpeg(tmp_path: Path) -> None:
    path = tmp_path / "stack.tif"
    pages = [np.full((24, 32, 3), (40 * i, 200, 90), np.uint8) for i in range(5)]
    first, *others = map(Image.fromarray, pages)
    first.save(path, save_all=True, append_images=others, compression="jpeg", quality=95)
    video = open_video(path, fps=25)
    assert video.shape == (5, 24, 32, 3)
    np.testing.assert_allclose(video[3].astype(int), pages[3], atol=4)


def test_a_thumbnail_beside_one_image_is_no_frame(tmp_path: Path) -> None:
    path = tmp_path / "stack.tif"
    with tifffile.TiffWriter(path) as new:
        for page in (STACK[0][:6, :8], STACK[1]):
            new.write(page, metadata=None, contiguous=False)
    assert open_video(path, warn=False).shape == (1, 24, 32, 1)
    assert "page 0 (8 x 6 pixels); the page of 32 x 24 pixels is the only frame" in notes_of(path)
