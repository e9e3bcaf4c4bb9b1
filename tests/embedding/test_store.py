"""Codes on disk: complete or not there, and never those of something else."""

from __future__ import annotations

import pickle
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import zarr

from napari_ubam.embedding import EmbeddingError, EmbeddingStore, embed
from napari_ubam.embedding.codes import codes_hash, read_codes
from napari_ubam.study import Recording, Roi
from napari_ubam.video import open_video
from numbered_videos import FRAMES
from plain_encoder import PlainEncoder


@pytest.fixture
def one(clip, tmp_path: Path) -> Recording:
    shutil.copy(clip("h264 GOP 12"), tmp_path / "one.mp4")
    return Recording(video=tmp_path / "one.mp4", subject="a", group="g", session="0")


@pytest.fixture
def store(tmp_path: Path) -> EmbeddingStore:
    return EmbeddingStore(tmp_path / "embeddings.zarr")


def test_states(one: Recording, store: EmbeddingStore, clip) -> None:
    encoder = PlainEncoder()
    assert store.state(one, encoder) == "missing"
    embed([one], encoder, store)
    assert store.state(one, encoder) == "done"
    assert store.require(one, encoder).posture.shape == (FRAMES, 16)
    assert store.state(one, PlainEncoder(version="2")) == "other model"
    assert store.state(one, PlainEncoder(size=40)) == "other model"
    for change in ({"roi": Roi(x=0, y=0, width=9, height=9)}, {"start": 5}, {"stop": 9}, {"fps": 50.0}):
        assert store.state(one.model_copy(update=change), encoder) == "other region"
    assert store.state(one.model_copy(update={"group": "h"}), encoder) == "done"
    shutil.copy(clip("h264 fragmented"), one.video)
    assert store.state(one, encoder) == "other video"


def test_refusals_are_one_sentence(one: Recording, store: EmbeddingStore, clip) -> None:
    encoder = PlainEncoder()
    with pytest.raises(
        EmbeddingError,
        match=r"^one: it has no embeddings; embed it first, or remove it from the study\.$",
    ):
        store.require(one, encoder)
    with pytest.raises(EmbeddingError, match=r"^one: it has no embeddings in .*; embed it first\.$"):
        store.read("one")
    embed([one], encoder, store)
    with pytest.raises(
        EmbeddingError,
        match=r"^one: .* another model than the current one; embed it first, or remove it from the study\.$",
    ):
        store.require(one, PlainEncoder(version="2"))
    shutil.copy(clip("h264 fragmented"), one.video)
    with pytest.raises(
        EmbeddingError,
        match=r"^one: its video file was changed .*; embed it first, or remove it from the study\.$",
    ):
        store.require(one, encoder)
    assert store.read("one").posture.shape == (FRAMES, 16)  # without asking for a model or a video


def test_the_layout_on_disk(one: Recording, store: EmbeddingStore) -> None:
    embed([one], PlainEncoder(), store)
    group = zarr.open_group(str(store.folder), mode="r")["one"]
    assert set(group.array_keys()) == {"posture", "behaviour", "valid", "frames", "times"}
    assert group["posture"].shape == (FRAMES, 16)
    attributes = dict(group.attrs)
    assert attributes["fingerprint"] == open_video(one.video).fingerprint
    assert attributes["hashes"] == {"posture": "p1", "behaviour": "b1"}
    assert attributes["spec"] == {"height": 32, "width": 32, "colour": False}
    assert (attributes["subject"], attributes["group"], attributes["session"]) == ("a", "g", "0")
    assert {"napari-ubam", "numpy", "torch", "python"} <= set(attributes["versions"])
    assert attributes["created"].endswith("+00:00")


def test_the_hash_of_the_codes_is_written_with_them(one: Recording, store: EmbeddingStore) -> None:
    assert store.codes_hash("one") == ""
    embed([one], PlainEncoder(), store)
    noted = store.codes_hash("one")
    assert noted == codes_hash(store.read("one"))
    group = zarr.open_group(str(store.folder / "one"), mode="r+")
    assert group.attrs["codes"] == noted
    del group.attrs["codes"]  # as an earlier version wrote it
    assert store.codes_hash("one") == noted
    embed([one.model_copy(update={"start": 5})], PlainEncoder(), store)
    assert store.codes_hash("one") not in ("", noted)


def test_the_old_codes_stay_until_the_new_ones_are_complete(one: Recording, store: EmbeddingStore) -> None:
    embed([one], PlainEncoder(), store)
    new = PlainEncoder(version="2")
    codes, valid = np.ones((50, 16), np.float32), np.ones(50, bool)
    with open_video(one.video) as video:
        with store.write(one, new, video) as out:
            out.add(codes, valid)
        assert store.read("one").attributes["hashes"]["posture"] == "p1"
        with store.write(one, new, video) as out:
            out.add(codes, valid)
            with pytest.raises(EmbeddingError, match="50 of 100 frames"):
                out.finish(codes, valid)
    assert store.state(one, PlainEncoder()) == "done"
    assert sorted(path.name for path in store.folder.parent.glob("embeddings*")) == ["embeddings.zarr"]


def test_what_a_kill_left_is_cleared_away(one: Recording, store: EmbeddingStore) -> None:
    with open_video(one.video) as video:
        killed = store.write(one, PlainEncoder(), video)  # never left
        killed.add(np.ones((50, 16), np.float32), np.ones(50, bool))
    left = store.folder.with_name("embeddings.zarr.partial")
    assert len(list(left.iterdir())) == 1
    assert store.names == ()
    embed([one], PlainEncoder(), store)
    assert not left.exists()


def test_many_frames_are_written_as_they_come(one: Recording, store: EmbeddingStore) -> None:
    many = one.model_copy(update={"name": "many"})
    codes = np.random.default_rng(0).normal(size=(3000, 8)).astype(np.float32)
    valid = np.random.default_rng(1).random(3000) > 0.2
    import napari_ubam

    video = napari_ubam.open_video(np.zeros((3000, 8, 8), np.uint8), fps=10)
    with store.write(many, PlainEncoder(), video) as out:
        for start in range(0, 3000, 170):
            part = slice(start, start + 170)
            out.add(codes[part][valid[part]], valid[part])
        (partial,) = store.folder.with_name("embeddings.zarr.partial").iterdir()
        assert {path.name for path in (partial / "posture" / "c").iterdir()} == {"0", "1"}
        out.finish(codes, valid)
    found = store.read("many")
    np.testing.assert_array_equal(found.posture[valid], codes[valid])
    np.testing.assert_array_equal(np.isnan(found.behaviour[:, 0]), ~valid)


def test_damaged_codes_are_told(one: Recording, store: EmbeddingStore) -> None:
    embed([one], PlainEncoder(), store)
    shutil.rmtree(store.folder / "one" / "behaviour")
    with pytest.raises(EmbeddingError, match="remove this folder and embed it again"):
        store.read("one")


def test_a_store_can_be_pickled(store: EmbeddingStore) -> None:
    assert pickle.loads(pickle.dumps(store)) == store


def test_codes_become_a_dataset_with_named_axes(
    one: Recording, store: EmbeddingStore, tmp_path: Path
) -> None:
    embed([one], PlainEncoder(), store)
    codes = store.read("one")
    found = codes.to_xarray()
    assert found["posture"].dims == ("time", "posture_code")
    assert found["behaviour"].dims == ("time", "behaviour_code")
    np.testing.assert_array_equal(found["time"], codes.times)
    np.testing.assert_array_equal(found["frame"], codes.frames)
    np.testing.assert_array_equal(found["valid"], codes.valid)
    part = found.sel(time=slice(0.2, 0.4))
    rows = (codes.times >= 0.2) & (codes.times <= 0.4)
    assert rows.sum() > 2
    np.testing.assert_array_equal(part["posture"], codes.posture[rows])
    assert found.attrs == {
        "recording": "one",
        "subject": "a",
        "group": "g",
        "session": "0",
        "fps": codes.fps,
        "posture_hash": "p1",
        "behaviour_hash": "b1",
    }
    found.to_zarr(tmp_path / "codes.zarr")
    assert (tmp_path / "codes.zarr").is_dir()


def test_without_xarray_the_package_is_named(
    one: Recording, store: EmbeddingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    embed([one], PlainEncoder(), store)
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(EmbeddingError, match=r"needs the package xarray; install napari-ubam\[xarray\]\."):
        store.read("one").to_xarray()


def test_codes_of_windows_that_reach_over_a_pause_are_left_out(
    one: Recording, store: EmbeddingStore, tmp_path: Path
) -> None:
    encoder = PlainEncoder()
    embed([one], encoder, store)
    stored = zarr.open_group(str(store.folder / "one"))
    times = stored["times"][:]
    stored["times"][20:] = times[20:] + 5  # as an earlier version stored it, whose windows knew no pauses
    sizes = SimpleNamespace(window_ms=4000 * float(times[1] - times[0]), steps=5)
    encoder.config = SimpleNamespace(behaviour=sizes)
    encoder.family = SimpleNamespace(compares_postures=True)
    (codes,) = read_codes(tmp_path, [one], encoder)
    assert np.isfinite(codes.behaviour[16:24]).all()
    assert codes.valid[16:24].tolist() == [True] * 2 + [False] * 4 + [True] * 2
    assert codes.encoded.all()
