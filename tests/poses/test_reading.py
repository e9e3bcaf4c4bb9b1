"""Key points of every kind of file give the same arrays."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_ubam.poses import Poses, PosesError, crop_track_of, headings, read_poses
from napari_ubam.poses.pickled_names import texts_of

FILES = Path(__file__).parent / "files"
NEEDS = {".h5": "h5py", ".slp": "sleap_io", ".nc": "h5netcdf"}


def truth() -> tuple[np.ndarray, np.ndarray]:
    """Give positions (t, i, k, s) and likelihood (t, i, k)."""
    with np.load(FILES / "truth.npz") as stored:
        return stored["pos"].transpose(0, 3, 2, 1), stored["conf"].transpose(0, 2, 1)


def needs(name: str) -> Path:
    for suffix, package in NEEDS.items():
        if name.endswith(suffix):
            pytest.importorskip(package)
    return FILES / name


@pytest.mark.parametrize(
    "name",
    ["multi.csv", "multi.h5", "multi.analysis.h5", "multi.slp", "multi.nc", "lightning.csv", "single.h5"]
    + ["single_table.h5"],
)
def test_each_kind_of_file_gives_the_same_arrays(name: str) -> None:
    poses = read_poses(needs(name), least=0)
    several = name.startswith("multi")
    assert poses.individuals == (("a", "b") if several else ("individual_0",))
    assert poses.keypoints == ("nose", "ear", "tail")
    assert poses.axes == ("x", "y")
    positions, likelihood = (one[:, : 2 if several else 1] for one in truth())
    frames = np.arange(2 if name == "multi.slp" else 0, 12)
    at = np.searchsorted(poses.frames, frames)
    np.testing.assert_array_equal(poses.frames[at], frames)
    np.testing.assert_allclose(poses.at(frames), positions[frames], rtol=1e-6)
    there = np.isfinite(positions[frames]).all(-1)
    np.testing.assert_allclose(poses.likelihood[at][there], likelihood[frames][there], rtol=1e-6)


@pytest.mark.parametrize("name", ["labels_multi.csv", "labels_multi.h5", "labels_fixed.h5"])
def test_labels_of_images_find_their_frames(name: str) -> None:
    poses = read_poses(needs(name), least=0)
    assert poses.images[3] == "labeled-data/v/img0003.png"
    placed = poses.in_images(["img0005.jpg", "img0003.jpg", "other.jpg"])
    np.testing.assert_allclose(placed.at([0, 1, 2])[:2], truth()[0][[5, 3], :1])
    assert np.isnan(placed.at([2])).all()
    np.testing.assert_array_equal(poses.in_video().frames, np.arange(12))


def test_unlikely_points_become_gaps() -> None:
    poses = read_poses(FILES / "multi.csv", least=0.6)
    positions, likelihood = truth()
    gaps = (likelihood < 0.6) | np.isnan(positions).any(-1)
    np.testing.assert_array_equal(np.isnan(poses.positions).all(-1), gaps)
    assert gaps.mean() > 0.2


def test_plain_tables_are_read(tmp_path: Path) -> None:
    long, wide = tmp_path / "long.csv", tmp_path / "wide.csv"
    long.write_text("frame;keypoint;x;y;likelihood\n4;nose;1,5;2;0,9\n2;nose;3;4;0,9\n2;tail;5;6;0,1\n")
    wide.write_text(
        "frame,nose_x,nose_y,nose_score,tail_x,tail_y,tail_score\n2,3,4,.9,5,6,.1\n4,1.5,2,.9,,,\n"
    )
    for path in (long, wide):
        poses = read_poses(path)
        assert poses.keypoints == ("nose", "tail")
        np.testing.assert_array_equal(poses.frames, [2, 4])
        np.testing.assert_array_equal(poses.positions[:, 0, 0], [[3, 4], [1.5, 2]])
        assert np.isnan(poses.positions[:, 0, 1]).all()
    space = tmp_path / "anipose.csv"
    space.write_text("nose_x,nose_y,nose_z,nose_error,nose_score,fnum\n1,2,3,0.1,0.9,7\n")
    poses = read_poses(space)
    assert poses.axes == ("x", "y", "z")
    np.testing.assert_array_equal(poses.at([7])[0, 0, 0], [1, 2, 3])


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "frame,keypoint,x,y\n0,nose,1,b\n", "'b' in data row 1 of y is no number"),
        ("a.csv", "keypoint,x,y\nnose,1,2\n", "no column frame"),
        ("a.csv", "frame,keypoint,x,y\n0,nose,1,2\n0,nose,1,2\n", "nose twice in frame 0"),
        ("a.csv", "time,value\n0,1\n", "no key points that can be recognised"),
        ("a.csv", "", "is empty"),
        ("a.csv", "scorer,a,a\nbodyparts,n,n\n", "bodyparts and coords are missing"),
        ("a.mat", "", "unknown kind"),
        ("a.h5", "text", "no complete HDF5 file|needs h5py"),
    ],
)
def test_bad_files_are_refused_in_one_sentence(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(PosesError, match=said):
        read_poses(tmp_path / name)


def test_names_are_read_without_running_a_pickle() -> None:
    names = [("me", "nose", "x"), ("me", "nose", "y")]
    for protocol in range(5):
        assert texts_of(pickle.dumps(names, protocol)) == names
    for dangerous in (print, np.zeros(2), {"a": 1}):
        with pytest.raises(ValueError, match="not allowed"):
            texts_of(pickle.dumps(dangerous))


def test_a_crop_track_holds_the_points_and_a_heading_follows_them() -> None:
    turn = np.linspace(0, 1, 20)
    middle = np.stack([50 + 10 * turn, 40 + 0 * turn], -1)
    nose = middle + 10 * np.stack([np.cos(turn), np.sin(turn)], -1)
    positions = np.stack([middle, nose], 1)[:, None]
    positions[5] = np.nan
    poses = Poses(np.arange(20), positions, np.ones((20, 1, 2)), ("a",), ("middle", "nose"))
    track = crop_track_of(poses, margin=0.5)
    assert 5 not in track.frames.tolist()
    assert np.ptp(track.boxes[:, 2:], axis=0).max() == 0
    corner, size = track.boxes[:, :2], track.boxes[:, 2:]
    points = positions[track.frames][:, 0]
    assert ((points > corner[:, None]) & (points < (corner + size)[:, None])).all()
    found = headings(poses, "middle", "nose")
    np.testing.assert_allclose(np.delete(found, 5), np.delete(turn, 5), atol=1e-9)
    with pytest.raises(PosesError, match="no key point 'ear'"):
        headings(poses, "ear", "nose")


def test_an_individual_is_chosen_by_its_name() -> None:
    poses = read_poses(FILES / "multi.csv")
    assert poses.of("b").individuals == ("b",)
    with pytest.raises(PosesError, match="individuals a, b; name one"):
        poses.of()


def test_labels_of_another_video_are_not_taken() -> None:
    one = read_poses(FILES / "labels_multi.csv", least=0)
    images = tuple(name.replace("/v/", "/w/") if row % 2 else name for row, name in enumerate(one.images))
    both = replace(one, images=images)
    own = both.of_video(Path("films/w.mp4"))
    assert own.images == images[1::2]
    np.testing.assert_array_equal(own.positions, one.positions[1::2])
    assert one.of_video(Path("other.mp4")) is one  # one folder only
    with pytest.raises(PosesError, match="labels of 2 folders of images, and none is named other"):
        both.of_video(Path("other.mp4"))
