"""The index cache: written once, replaced if invalid, safe with several processes."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import numpy as np
import pytest

from napari_ubam.video import open_video
from napari_ubam.video.index_cache import file_identity, load_index, store_index
from napari_ubam.video.scan import build_index
from numbered_videos import number_in


@pytest.fixture
def count_scans(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    scans: list[Path] = []

    def counted(path: Path, *rest):
        scans.append(path)
        return build_index(path, *rest)

    monkeypatch.setattr("napari_ubam.video.video_file.build_index", counted)
    return scans


def test_a_file_is_scanned_once(clip, index_cache: Path, count_scans: list) -> None:
    first = open_video(clip("mpeg4 B-frames avi"))
    again = open_video(clip("mpeg4 B-frames avi"))
    assert len(count_scans) == 1
    assert len(list(index_cache.iterdir())) == 1
    np.testing.assert_array_equal(first.times, again.times)
    assert (first.shape, first.fps, first.notes) == (again.shape, again.fps, again.notes)
    assert number_in(again[33]) == 33


def test_a_changed_file_is_scanned_again(clip, index_cache: Path, count_scans: list, tmp_path: Path) -> None:
    path = tmp_path / "video.mkv"
    path.write_bytes(clip("h264 mkv").read_bytes())
    open_video(path)
    os.utime(path, ns=(1, 1))
    open_video(path)
    assert len(count_scans) == 2


@pytest.mark.parametrize("rubbish", [b"", b"rubbish", "half"])
def test_an_invalid_cache_file_is_replaced(rubbish, clip, index_cache: Path, count_scans: list) -> None:
    open_video(clip("hevc"))
    (entry,) = index_cache.iterdir()
    content = entry.read_bytes()
    entry.write_bytes(content[: len(content) // 2] if rubbish == "half" else rubbish)
    assert number_in(open_video(clip("hevc"))[40]) == 40
    assert len(count_scans) == 2
    assert len(entry.read_bytes()) == pytest.approx(len(content), rel=0.1)  # whole again, at another time
    open_video(clip("hevc"))
    assert len(count_scans) == 2


def test_without_a_cache_everything_works(clip, monkeypatch: pytest.MonkeyPatch, count_scans: list) -> None:
    monkeypatch.setenv("NAPARI_UBAM_CACHE", "")
    for _ in range(2):
        assert number_in(open_video(clip("hevc"))[40]) == 40
    assert len(count_scans) == 2


def test_a_read_only_folder_is_not_an_error(clip, monkeypatch, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setenv("NAPARI_UBAM_CACHE", str(blocked / "below"))
    assert number_in(open_video(clip("hevc"))[40]) == 40


def _store_often(path: Path) -> None:
    index = build_index(path)
    for _ in range(30):
        store_index(path, file_identity(path), index)


def test_two_processes_write_while_a_third_reads(clip, index_cache: Path) -> None:
    path = clip("h264 mkv")
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_store_often, args=(path,)) for _ in range(2)]
    for writer in writers:
        writer.start()
    seen = 0
    while any(writer.is_alive() for writer in writers):
        index = load_index(path, file_identity(path))
        if index is not None:
            assert len(index) == 100
            seen += 1
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert seen
    assert [entry.suffix for entry in index_cache.iterdir()] == [".npz"]


def test_progress_and_cancelling(clip, index_cache: Path) -> None:
    """Files without valid timestamps are decoded completely: this reports progress and can be cancelled."""
    told: list[tuple[int, int]] = []
    open_video(clip("h264 raw, B-frames"), progress=lambda done, total: told.append((done, total)))
    assert told
    assert told[-1][1] == 100

    def cancel(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_video(clip("mpeg4 B-frames avi"), progress=cancel)
    assert len(list(index_cache.iterdir())) == 1
