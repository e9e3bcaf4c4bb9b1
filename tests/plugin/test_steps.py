"""Copied scripts and command lines do the same work as the panels."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from napari_ubam.cli import app
from napari_ubam.plugin.state.steps import (
    embed_step,
    magnify_step,
    score_step,
    script,
    train_magnifier_step,
    train_step,
)
from napari_ubam.run import Run


def test_the_script_runs_and_writes_what_the_panel_would(study_csv: Path, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.tif"
    steps = [
        embed_step(study_csv, run.folder, device="cpu"),
        score_step(study_csv, run.folder, "group=healthy"),
        magnify_step(
            "impaired1",
            run.folder,
            out,
            reference="group=healthy",
            factor=2.0,
            frames=(20, 24),
            smoothing_ms=50,
            device="cpu",
        ),
    ]
    text = script(*steps)
    assert text.count("Study.from_csv") == 1
    assert text.count("Run.open") == 1
    environment = os.environ | {"PYTHONWARNINGS": "ignore"}
    subprocess.run([sys.executable, "-c", text], check=True, cwd=tmp_path, env=environment, timeout=240)
    assert out.is_file()


@pytest.mark.parametrize(("platform", "quoted"), [("linux", "'my study.csv'"), ("win32", '"my study.csv"')])
def test_the_command_is_quoted_for_the_shell(
    platform: str, quoted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = score_step(Path("my study.csv"), Path("run"), "group=healthy")
    monkeypatch.setattr(sys, "platform", platform)
    assert step.command == f"napari-ubam score {quoted} --run run --reference group=healthy"


def test_every_command_is_one_that_the_command_line_knows(tmp_path: Path) -> None:
    study, run = tmp_path / "my study.csv", tmp_path / "run"
    steps = [
        train_step(study, run, preset="tiny", minutes=2.5, window_ms=400, resume=True),
        train_step(study, run, backbone="net.pth", backbone_name="dinov2_vits14", tune_backbone=True),
        train_step(study, run, whole_frame=True),
        train_magnifier_step(study, run, minutes=1),
        embed_step(study, run),
        score_step(study, run, "group=healthy and session=0"),
        score_step(study, run, "session=0", within="subject"),
        magnify_step(
            "a", run, run / "a.mp4", reference="g=h", factor=2, frames=(0, 5), smoothing_ms=0, label=True
        ),
    ]
    for step in steps:
        result = CliRunner().invoke(app, list(step.arguments))
        assert result.exit_code == 1, result.output  # refused for its files, not for its options
