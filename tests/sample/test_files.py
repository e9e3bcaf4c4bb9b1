"""The sample study on disk: a valid table, correct ground truth, and resumable work."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_ubam.progress import Cancelled, Progress
from napari_ubam.sample import JOINTS, SampleError, walkers, write_sample
from napari_ubam.study import Study
from napari_ubam.video import open_video


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder, healthy=2, impaired=1, seconds=1.5, seed=4)
    return folder


def stamps(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mtime_ns for file in (folder / "videos").glob("*.mp4")}


def test_the_table_is_a_study(folder: Path) -> None:
    study = Study.from_csv(folder / "study.csv")
    assert study.names == ("healthy1", "healthy2", "impaired1")
    assert [recording.group for recording in study] == ["healthy", "healthy", "impaired"]
    for recording in study:
        with open_video(recording.video) as video:
            assert video.shape == (45, 200, 320, 3)
            assert video.fps == pytest.approx(30)
        assert recording.roi is not None
        assert recording.roi.width > 150


def test_the_videos_show_the_animals(folder: Path) -> None:
    walker = walkers(2, 1, seed=4)[2]
    with open_video(folder / "videos" / "impaired1.mp4") as video:
        for number, picture in zip((7, 30), walker.render([7, 30]), strict=True):
            assert np.abs(np.asarray(video[number]).astype(int) - picture).mean() < 6


def test_the_truth_agrees_with_the_animals(folder: Path) -> None:
    truth = pd.read_csv(folder / "truth.csv", keep_default_na=False)
    assert len(truth) == 3 * 45
    walker = walkers(2, 1, seed=4)[2]
    mine = truth[truth.recording == "impaired1"]
    np.testing.assert_allclose(mine[list(JOINTS)], np.degrees(walker.angles(np.arange(45))), atol=0.01)
    np.testing.assert_allclose(mine.deviation, walker.deviation(np.arange(45)), atol=0.001)
    assert list(mine.kind) == list(walker.bouts(np.arange(45))[1])
    assert mine.time.iloc[30] == pytest.approx(1.0)


def test_finished_videos_are_kept_and_others_rendered_again(folder: Path) -> None:
    before = stamps(folder)
    (folder / "videos" / "healthy2.json").unlink()  # as if it had been stopped before the end
    write_sample(folder, healthy=2, impaired=1, seconds=1.5, seed=4)
    after = stamps(folder)
    assert {name for name in before if before[name] == after[name]} == {"healthy1.mp4", "impaired1.mp4"}
    write_sample(folder, healthy=1, impaired=0, seconds=0.2, seed=5)
    assert stamps(folder)["healthy1.mp4"] != before["healthy1.mp4"]
    write_sample(folder, healthy=2, impaired=1, seconds=1.5, seed=4)


def test_progress_is_reported_until_the_end(tmp_path: Path) -> None:
    heard: list[Progress] = []
    write_sample(tmp_path, healthy=1, impaired=0, seconds=1.0, progress=heard.append)
    assert {event.stage for event in heard} == {"sample"}
    assert [event.step for event in heard] == sorted(event.step for event in heard)
    assert heard[-1].share == 1


def test_cancelling_leaves_no_incomplete_video(tmp_path: Path) -> None:
    cancel = threading.Event()
    with pytest.raises(Cancelled):
        write_sample(
            tmp_path, healthy=1, impaired=1, seconds=60, progress=lambda _: cancel.set(), cancel=cancel
        )
    assert not list((tmp_path / "videos").glob("*.mp4"))
    assert not (tmp_path / "study.csv").exists()


def test_a_script_without_a_guard_uses_a_second_process(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        "from napari_ubam.sample import write_sample\n"
        "from napari_ubam.sample import videos\n"
        "videos.MIN_PARALLEL_FRAMES = 10\n"
        "def fail(*_): raise SystemExit('the first process wrote what the second should have')\n"
        "ours = videos.RenderJob.write\n"
        "def write(self, walker, on_frame):\n"
        "    return fail() if walker.name == 'impaired1' else ours(self, walker, on_frame)\n"
        "videos.RenderJob.write = write\n"
        "print(len(write_sample(sys.argv[1], healthy=1, impaired=1, seconds=0.5)))\n"
    )
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "out")], capture_output=True, text=True, timeout=120
    )
    assert done.stdout.strip() == "2", done.stderr
    with open_video(tmp_path / "out" / "videos" / "impaired1.mp4") as video:
        assert video.shape[0] == 15


def test_without_a_second_process_all_videos_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_ubam.sample.videos.MIN_PARALLEL_FRAMES", 1)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no such python"))
    study = write_sample(tmp_path, healthy=1, impaired=1, seconds=0.3)
    assert len(study) == 2
    assert len(stamps(tmp_path)) == 2


def test_a_study_of_the_user_is_not_overwritten(tmp_path: Path) -> None:
    own = tmp_path / "study.csv"
    own.write_text("video,subject,group,session\n", encoding="utf-8")
    with pytest.raises(SampleError, match=r"study\.csv already exists"):
        write_sample(tmp_path, healthy=1, impaired=0, seconds=0.1)
    assert own.read_text(encoding="utf-8").startswith("video,subject")
