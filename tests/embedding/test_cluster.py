"""Embedding on workers of dask.distributed."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from napari_ubam.embedding import EmbeddingError, EmbeddingStore, embed
from napari_ubam.progress import Cancelled, Progress
from napari_ubam.study import Recording, Study
from plain_encoder import PlainSource

distributed = pytest.importorskip("distributed")


def study_of(clip, folder: Path) -> Study:
    names = ["h264 GOP 12", "hevc", "mpeg4 avi", "mjpeg avi", "h264 mkv"]
    recordings = [
        Recording(video=clip(name), name=f"r{number}", subject=str(number), group="g", session="0")
        for number, name in enumerate(names)
    ]
    (folder / "bad.mp4").write_bytes(b"no video")
    return Study(recordings)


@pytest.mark.slow
def test_workers_of_a_cluster_write_the_same_codes(clip, tmp_path: Path) -> None:
    study = study_of(clip, tmp_path)
    here, there = EmbeddingStore(tmp_path / "here.zarr"), EmbeddingStore(tmp_path / "there.zarr")
    embed(study, PlainSource(), here)
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with cluster:
        address = cluster.scheduler_address
        events: list[Progress] = []
        report = embed(study, PlainSource(), there, scheduler=address, progress=events.append)
        assert sorted(report.done) == sorted(study.names)
        assert (events[-1].step, events[-1].of) == (500, 500)
        for name in study.names:
            np.testing.assert_array_equal(there.read(name).behaviour, here.read(name).behaviour)
        assert embed(study, PlainSource(), there, scheduler=address).skipped == study.names
        _a_failure_is_told(study, there, address)
        _cancelling_is_quick(study, there, address)


def _a_failure_is_told(study: Study, store: EmbeddingStore, address: str) -> None:
    bad = study["r0"].model_copy(update={"name": "empty", "start": 99, "stop": 99})
    report = embed([bad, study["r1"]], PlainSource(version="2"), store, scheduler=address)
    assert report.done == ("r1",)
    [(name, sentence)] = report.failed
    assert name == "empty"
    assert sentence.startswith("empty: no frame can be cropped; check the video, the track")


def _cancelling_is_quick(study: Study, store: EmbeddingStore, address: str) -> None:
    cancel, set_at = threading.Event(), []

    def stop() -> None:
        set_at.append(time.monotonic())
        cancel.set()

    timer = threading.Timer(1.0, stop)
    timer.start()
    with pytest.raises(Cancelled):
        embed(study, PlainSource(seconds=0.4, version="3"), store, scheduler=address, cancel=cancel, batch=4)
    assert time.monotonic() - set_at[0] < 2
    deadline = time.monotonic() + 10  # the workers stop as well, and leave nothing
    left = store.folder.with_name(f"{store.folder.name}.partial")
    while left.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not left.exists()


@pytest.mark.slow
def test_local_workers(clip, tmp_path: Path) -> None:
    study, store = study_of(clip, tmp_path), EmbeddingStore(tmp_path / "embeddings.zarr")
    assert sorted(embed(study, PlainSource(), store, scheduler="local:2").done) == sorted(study.names)


def test_a_wrong_address_is_told(clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_ubam.embedding.cluster._SCHEDULER_TIMEOUT", 0.5)
    study, store = study_of(clip, tmp_path), EmbeddingStore(tmp_path / "embeddings.zarr")
    with pytest.raises(EmbeddingError, match="No dask scheduler answers"):
        embed(study, PlainSource(), store, scheduler="tcp://127.0.0.1:9")
    with pytest.raises(EmbeddingError, match="write for example local:2"):
        embed(study, PlainSource(), store, scheduler="local:many")
