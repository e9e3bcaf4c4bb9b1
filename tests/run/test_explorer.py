"""Neighbours and maps of a run."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from napari_ubam.analysis.unit_vectors import unit_vectors
from napari_ubam.cli import app
from napari_ubam.kinds import Individual
from napari_ubam.run import Explorer, Run, RunError
from napari_ubam.run.explorer import explore
from napari_ubam.runfolder.recordings import add_recordings
from napari_ubam.study import Study


def made_up(folder: Path, many: int = 400, subjects: int = 4) -> Explorer:
    """Codes that turn once a second, of several subjects at 50 frames a second."""
    times = np.tile(np.arange(many) / 50, subjects)
    subject = np.repeat(np.arange(subjects), many)
    frames = pd.DataFrame(
        {
            "recording": [f"r{one}" for one in subject],
            "subject": [f"s{one}" for one in subject],
            "group": "g",
            "session": "0",
            "frame": np.tile(np.arange(many), subjects),
            "time": times,
        }
    )
    angle = 2 * np.pi * times + 0.01 * subject
    codes = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    return Explorer(folder, frames, codes, codes[:, ::-1].copy(), window_ms=400)


def test_neighbours_are_of_other_subjects_apart_and_exact(tmp_path: Path) -> None:
    explorer = made_up(tmp_path)
    found = explorer.neighbours("r1", 60, count=6)
    assert len(found) == 6
    assert "s1" not in set(found["subject"])
    assert found["subject"].value_counts().max() == 2
    assert (found["similarity"].diff().dropna() <= 1e-6).all()
    for _, one in found.groupby("recording"):
        assert (one["time"].sort_values().diff().dropna() >= 0.2).all()
    # The same phase of the turn, a whole number of seconds away.
    assert ((found["time"] - 60 / 50 + 0.5) % 1 - 0.5).abs().max() < 0.03


def test_a_long_stay_of_one_subject_does_not_hide_the_others(tmp_path: Path) -> None:
    explorer = made_up(tmp_path, many=6000, subjects=3)
    explorer.posture[6000:12000] = explorer.posture[5]  # r1 stays in this posture for two minutes
    found = explorer.neighbours("r0", 5, count=4)
    assert found["subject"].tolist() == ["s1", "s1", "s2", "s2"]
    assert found["similarity"][:2].tolist() == pytest.approx([1, 1])
    assert found["similarity"][2] > 0.999
    for _, one in found.groupby("recording"):
        assert one["time"].diff().abs().dropna().min() >= 0.2


def test_fewer_neighbours_than_asked(tmp_path: Path) -> None:
    explorer = made_up(tmp_path, many=5, subjects=2)  # 0.1 s: all frames are too close to each other
    found = explorer.neighbours("r0", 2, count=6)
    assert found["subject"].tolist() == ["s1"]
    assert np.isfinite(found["similarity"]).all()


def test_what_cannot_be_asked_is_said(tmp_path: Path) -> None:
    explorer = made_up(tmp_path)
    with pytest.raises(RunError, match="Frame 900 of r1 has no code"):
        explorer.neighbours("r1", 900)
    with pytest.raises(RunError, match="nobody has no codes"):
        explorer.neighbours("nobody", 0)
    with pytest.raises(RunError, match="no codes of 'smell'"):
        explorer.neighbours("r1", 0, kind="smell")  # type: ignore[arg-type]
    with pytest.raises(RunError, match="no codes of 'smell'"):
        explorer.with_deviation(explorer.frames, kind="smell")  # type: ignore[arg-type]
    with pytest.raises(RunError, match="has no scores"):
        explorer.with_deviation(explorer.frames)
    with pytest.raises(RunError, match="cannot be 'forget'; choose remove or keep"):
        explorer.map(individual="forget")  # type: ignore[arg-type]
    with pytest.raises(RunError, match="s0 is the only subject"):
        made_up(tmp_path, subjects=1).neighbours("r0", 3)


def test_a_map_is_kept_until_codes_or_settings_change(tmp_path: Path) -> None:
    explorer = made_up(tmp_path, many=60)
    first = explorer.map(method="pca")
    assert list(first.columns[-2:]) == ["x", "y"]
    noted = json.loads((tmp_path / "map.json").read_text("utf-8"))
    assert noted["seed"] == 0
    assert "napari-ubam" in noted["versions"]
    before = (tmp_path / "map.csv").stat().st_mtime_ns
    again = explorer.map(method="pca")
    assert np.allclose(again[["x", "y"]], first[["x", "y"]], atol=1e-5)
    assert (tmp_path / "map.csv").stat().st_mtime_ns == before
    explorer.map(method="pca", kind="posture")
    assert json.loads((tmp_path / "map.json").read_text("utf-8"))["kind"] == "posture"


def marked(folder: Path, many: int = 400, subjects: int = 4) -> Explorer:
    """As `made_up`, but each subject has a direction of its own, which is stronger than the movement."""
    plain = made_up(folder, many, subjects)
    mark = np.repeat(1.5 * np.eye(subjects, dtype=np.float32), many, axis=0)
    codes = unit_vectors(np.hstack([plain.posture, mark]))
    return replace(plain, posture=codes, behaviour=codes.copy())


def test_neighbours_do_the_same_and_not_only_look_alike(tmp_path: Path) -> None:
    explorer = marked(tmp_path)
    explorer.posture[400:800] = unit_vectors(explorer.posture[400:800] + 0.9 * explorer.posture[0])
    found = {way: explorer.neighbours("r0", 60, individual=way, count=6) for way in get_args(Individual)}
    assert found["keep"]["similarity"].max() < 0.9 < found["remove"]["similarity"].min()
    apart = (found["remove"]["time"] - 60 / 50 + 0.5) % 1 - 0.5
    assert apart.abs().max() < 0.03
    assert explorer.notes() == ()


def test_subjects_mix_on_the_map_without_the_individual(tmp_path: Path) -> None:
    explorer = marked(tmp_path)
    spread = {}
    for way in get_args(Individual):
        table = explorer.map(method="pca", individual=way)
        assert json.loads((tmp_path / "map.json").read_text("utf-8"))["individual"] == way
        centres = table.groupby("subject")[["x", "y"]].mean()
        spread[way] = float(centres.std().max() / table[["x", "y"]].std().max())
    assert spread["keep"] > 0.5
    assert spread["remove"] < 0.1


def test_a_short_recording_is_compared_as_stored_and_said(tmp_path: Path) -> None:
    explorer = marked(tmp_path)
    kept = (explorer.frames["recording"] != "r3") | (explorer.frames["frame"] < 80)  # 1.6 s of r3
    rows = np.flatnonzero(kept)
    short = replace(
        explorer,
        frames=explorer.frames[kept].reset_index(drop=True),
        posture=explorer.posture[rows],
        behaviour=explorer.behaviour[rows],
    )
    (note,) = short.notes()
    assert note.startswith("s3: less than 2 s of frames in a session")
    assert short.notes("keep") == ()
    own = (short.frames["recording"] == "r3").to_numpy()
    np.testing.assert_allclose(short.codes("posture")[own], short.posture[own], atol=1e-6)
    assert np.abs(short.codes("posture")[~own] - short.posture[~own]).max() > 0.1
    short.map(method="pca")
    assert json.loads((tmp_path / "map.json").read_text("utf-8"))["warnings"] == [note]
    assert len(short.neighbours("r3", 40, count=3)) == 3


def test_a_run_is_explored_from_its_folder(trained: Run) -> None:
    explorer = explore(trained.folder)
    assert explorer.folder == trained.folder
    assert explorer.frames["recording"].nunique() == 5
    assert len(explorer.frames) == len(explorer.posture) == len(explorer.behaviour)
    np.testing.assert_allclose(np.linalg.norm(explorer.posture, axis=1), 1, atol=1e-6)
    recording, frame = explorer.frames.loc[7, ["recording", "frame"]]
    own = trained.embeddings(recording)
    code = own.posture[own.frames == frame][0]
    row = explorer.row_of(recording, frame)
    np.testing.assert_allclose(explorer.posture[row], code / np.linalg.norm(code), atol=1e-6)


def test_a_run_without_codes_cannot_be_explored(trained: Run, study: Study, tmp_path: Path) -> None:
    for name in ("posture.safetensors", "behaviour.safetensors"):
        shutil.copy(trained.folder / name, tmp_path)
    add_recordings(tmp_path, study)
    with pytest.raises(RunError, match=r"No recording of .* is embedded"):
        explore(tmp_path)


def test_the_commands_write_tables_and_pictures(trained: Run, study: Study, tmp_path: Path) -> None:
    run = Run(shutil.copytree(trained.folder, tmp_path / "run"))
    study.to_csv(run.folder / "study.csv")  # the paths of the videos are relative to it
    run.score(study, "group=healthy", figures=False)
    sheet, table, picture = (tmp_path / name for name in ("sheet.png", "near.csv", "map.png"))
    name, common = study.names[0], ["--run", str(run.folder)]
    for out in (sheet, table):
        result = CliRunner().invoke(
            app, ["neighbours", name, "40", *common, "--count", "3", "--out", str(out)]
        )
        assert result.exit_code == 0, result.output
    found = pd.read_csv(table)
    assert len(found) == 3
    assert name not in set(found["recording"])
    assert sheet.stat().st_size > 5000
    arguments = ["map", *common, "--method", "pca", "--colour", "deviation", "--out", str(picture)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert picture.stat().st_size > 5000
    assert "without the individual" in result.output
    assert run.results["map"].facts["individual"] == "remove"
    result = CliRunner().invoke(app, [*arguments, "--individual", "keep"])
    assert "with the individual" in result.output
    assert run.results["map"].facts["individual"] == "keep"
    result = CliRunner().invoke(app, [*arguments, "--individual", "forget"])
    assert result.exit_code == 1
    assert "choose remove or keep" in result.output
    result = CliRunner().invoke(app, ["neighbours", name, "100000", *common])
    assert result.exit_code == 1
    assert "has no code" in result.output


def test_other_recordings_of_the_same_subject(tmp_path: Path) -> None:
    explorer = made_up(tmp_path, subjects=3)
    explorer.frames["subject"] = "s0"
    found = explorer.neighbours("r1", 60, count=4, same_subject=True)
    assert found["recording"].value_counts().to_dict() == {"r0": 2, "r2": 2}
    alone = made_up(tmp_path, subjects=1)
    with pytest.raises(RunError, match="r0 is the only recording of s0"):
        alone.neighbours("r0", 5, same_subject=True)
