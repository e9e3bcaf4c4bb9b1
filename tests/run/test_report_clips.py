"""Clips of the report: made once, made again when outdated, and a sentence where there is none."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import pytest
from PIL import Image

from napari_ubam.progress import Cancelled, Progress
from napari_ubam.run import Run
from napari_ubam.study import Study


@pytest.fixture
def run(magnifying: Run, study: Study, tmp_path: Path) -> Run:
    """Give a copy of the run with scores, one episode and a magnifier."""
    shutil.copytree(magnifying.folder, tmp_path / "run")
    study.to_csv(tmp_path / "run" / "study.csv")  # with paths from the new folder
    episodes = tmp_path / "run" / "episodes.csv"
    header, *_ = episodes.read_text("utf-8").splitlines()
    known = {"recording": "impaired1", "start": 30, "stop": 60, "peak": 40}
    known |= {"start_time": 1.0, "stop_time": 2.0, "peak_time": 1.333333, "excess": 3.0}
    row = ",".join(str(known.get(name, 99.0)) for name in header.split(","))
    episodes.write_text(f"{header}\n{row}\n", "utf-8")
    return Run.open(tmp_path / "run")


def clips(run: Run) -> list[Path]:
    return sorted((run.folder / "figures" / "episodes").glob("*.webp"))


def test_the_strongest_episode_stands_beside_its_magnification(run: Run) -> None:
    told: list[Progress] = []
    text = run.report(device="cpu", progress=told.append).read_text("utf-8")
    still, clip = clips(run)
    assert clip.stat().st_size <= 300_000
    with Image.open(clip) as image:
        assert image.n_frames == 60  # type: ignore[attr-defined]
        assert image.width > 2 * image.height  # two panes
    facts = json.loads(clip.with_suffix(".json").read_text("utf-8"))
    assert facts["magnified"]["weights"]["posture"] == run.encoder("cpu").hashes["posture"]
    assert {"napari-ubam", "torch"} <= set(facts["versions"])
    assert "Right: generated, the deviation from group=healthy × 2." in text
    assert text.count("data:image/webp") > 2
    assert [(one.step, one.of) for one in told if one.stage == "clips"] == [(0, 1), (1, 1)]

    before = clip.stat().st_mtime_ns
    run.report(device="cpu")
    assert clips(run) == [still, clip]
    assert clip.stat().st_mtime_ns == before  # it was there

    (run.folder / "magnifier.safetensors").unlink()
    text = run.report(device="cpu").read_text("utf-8")
    assert "This run has no magnifier, so the clips show the recordings only." in text
    assert "Right: generated" not in text
    assert clip not in clips(run)  # outdated
    assert len(clips(run)) == 2


def test_a_video_that_is_gone_costs_only_its_clip(run: Run, study: Study) -> None:
    gone = [one.model_copy(update={"video": one.video.with_name(f"gone-{one.name}.mp4")}) for one in study]
    Study(gone).to_csv(run.folder / "study.csv")
    text = run.report().read_text("utf-8")
    assert "impaired1: no clip (" in text
    assert clips(run) == []


def test_no_clips_if_none_are_wanted_and_none_if_cancelled(run: Run) -> None:
    run.report(clips=0)
    assert clips(run) == []
    (run.folder / "report.html").unlink()
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        run.report(cancel=cancel)
    assert not (run.folder / "report.html").exists()
