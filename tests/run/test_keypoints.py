"""Key points compared with the codes of a run: Python, the command, refusals."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from napari_ubam.analysis import AnalysisError
from napari_ubam.analysis.keypoints import KEYPOINTS
from napari_ubam.cli import app
from napari_ubam.run import Run
from napari_ubam.runfolder.recordings import set_recordings
from napari_ubam.study import Study


@pytest.fixture
def run(trained: Run, study: Study, tmp_path: Path) -> Run:
    shutil.copytree(trained.folder, tmp_path / "run")
    set_recordings(tmp_path / "run", study)
    return Run.open(tmp_path / "run")


@pytest.fixture
def folder(run: Run, study: Study, tmp_path: Path) -> Path:
    """Write points for each recording: one that its codes hold, and one that is noise."""
    made = tmp_path / "poses"
    made.mkdir()
    random = np.random.default_rng(0)
    every = run.codes(study)
    unit = [np.nan_to_num(one.posture / np.linalg.norm(one.posture, axis=1)[:, None]) for one in every]
    pooled = np.concatenate(unit)
    main = np.linalg.svd(pooled - pooled.mean(0), full_matrices=False)[2][:2].T  # where codes differ most
    for codes, vectors in zip(every, unit, strict=True):
        held = 40 + 100 * vectors @ main
        noise = random.normal(50, 5, held.shape)
        lines = ["frame,keypoint,x,y"]
        for frame, a, b in zip(codes.frames, held, noise, strict=True):
            lines += [f"{frame},held,{a[0]},{a[1]}", f"{frame},noise,{b[0]},{b[1]}"]
        (made / f"{codes.name}.csv").write_text("\n".join(lines) + "\n")
    return made


def test_subjects_are_left_out_and_the_point_that_is_held_is_found(run: Run, folder: Path) -> None:
    result = run.keypoints(folder=folder, frames=200)
    assert result.facts["left_out"] == "subject"
    assert result.facts["subjects"] >= 3
    shares = result.tables["keypoints"].set_index(["method", "keypoint"])["r2"]
    assert shares["code", "held"] > 0.8
    assert shares["code", "noise"] < 0.1
    assert result.tables["keypoints_methods"]["p"].notna().sum() == 2
    shown = KEYPOINTS.readable(result)
    assert list(shown) == ["Methods", "Key points", "Subjects"]
    assert shown["Methods"]["n"].tolist()[1:] == [result.facts["subjects"]] * 2  # whole numbers
    assert (run.folder / "figures" / "keypoints.png").stat().st_size > 5000


def test_one_recording_is_read_in_blocks_of_time(run: Run, folder: Path, study: Study) -> None:
    name = study.names[0]
    words = [
        "keypoints",
        "--run",
        run.folder,
        "--file",
        f"{name}={folder / f'{name}.csv'}",
        "--frames",
        "100",
    ]
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    assert "blocks of time left out" in result.output
    assert run.results["keypoints"].facts["left_out"] == "block"


def test_no_key_points_are_refused_in_one_sentence(run: Run, study: Study, tmp_path: Path) -> None:
    with pytest.raises(AnalysisError, match="No recording has key points"):
        run.keypoints()
    with pytest.raises(AnalysisError, match="names no recording of the run"):
        run.keypoints({"nobody": "a.csv"})
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("frame,keypoint,x,y\n999999,nose,1,2\n")
    with pytest.raises(AnalysisError, match="no frame has both a code and a key point"):
        run.keypoints({study.names[0]: wrong})
