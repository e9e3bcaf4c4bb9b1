"""The command line as a user meets it: output, exit codes, sentences instead of tracebacks."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

import napari_ubam
from napari_ubam import check
from napari_ubam.cli import app
from napari_ubam.video import write_video

HEADER = "video,subject,group,session\n"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Write a study of one short video."""
    pictures = np.random.default_rng(0).integers(0, 255, (30, 32, 32), dtype=np.uint8)
    write_video(tmp_path / "a.mp4", pictures, fps=30)
    path = tmp_path / "study.csv"
    path.write_text(f"{HEADER}a.mp4,1,g,0\n")
    return path


def run(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(map(str, arguments)))
    return result.exit_code, result.stdout, result.stderr


def test_a_good_study(study: Path) -> None:
    code, out, err = run("check", study)
    assert code == 0
    assert out.startswith("study.csv: 1 recording, 1 subject, 1 group, 1 s of video\n")
    assert "Proposed settings" in out
    assert err == ""


def test_json(study: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    assert run("check", study, "--full", "--json", path)[0] == 0
    data = json.loads(path.read_text(encoding="utf-8"))
    assert data["ok"] is True
    assert data["recordings"][0]["read"] == 30


def test_faults_of_the_table_go_to_stderr(study: Path) -> None:
    study.write_text(f"{HEADER}b.mp4,1,g,0\na.mp4,1,,0\n")
    code, out, err = run("check", study)
    assert (code, out) == (1, "")
    assert err.splitlines()[0] == "study.csv: 2 faults."
    assert "row 2, column video: b.mp4 is not in" in err
    assert "row 3, column group: the cell is empty" in err


def test_a_video_that_cannot_be_read(study: Path) -> None:
    (study.parent / "b.mp4").write_text("not a video")
    study.write_text(f"{HEADER}a.mp4,1,g,0\nb.mp4,2,g,0\n")
    code, out, err = run("check", study)
    assert code == 1
    assert err.startswith("row 3, b: ")
    assert len(err.splitlines()) == 1
    assert err.strip() in out
    assert "study.csv has 1 error" in out


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("none.csv", "none.csv is not in"),
        (".", "cannot be read"),
        ("a.mp4", "a.mp4: this is not a text file; choose a CSV file."),
    ],
)
def test_a_study_that_is_none(study: Path, path: str, sentence: str) -> None:
    code, out, err = run("check", study.parent / path)
    assert (code, out) == (1, "")
    assert sentence in err


def test_a_report_that_cannot_be_written(study: Path, tmp_path: Path) -> None:
    code, out, err = run("check", study, "--json", tmp_path / "no" / "report.json")
    assert code == 1
    assert "Proposed settings" in out
    assert "cannot be used (no such file or directory); choose another path." in err


def test_cancelling(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cancelled(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(check, "check_study", cancelled)
    assert run("check", study) == (130, "", "Cancelled.\n")


def test_a_defect_is_not_hidden(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def defect(*args: object, **options: object) -> None:
        raise ValueError("a defect")

    monkeypatch.setattr(check, "check_study", defect)
    with pytest.raises(ValueError, match="a defect"):
        CliRunner().invoke(app, ["check", str(study)], catch_exceptions=False)


def test_version_and_help() -> None:
    assert run("--version") == (0, f"napari-ubam {napari_ubam.__version__}\n", "")
    assert "check" in run("--help")[1]
    assert "--full" in run("check", "--help")[1]
    assert run("nonsense")[0] == 2


def test_every_option_and_command_is_explained_in_a_sentence() -> None:
    command = get_command(app)
    assert isinstance(command, TyperGroup)
    texts = {name: one.help for name, one in command.commands.items()}
    texts |= {
        f"{name} {option.name}": getattr(option, "help", None)
        for name, one in command.commands.items()
        for option in one.params
        if option.param_type_name == "option"  # older releases of typer keep no text with arguments
    }
    assert len(texts) > 40
    assert {
        name: text for name, text in texts.items() if not re.fullmatch(r"[A-Z0-9][^\n]+\.", text or "")
    } == {}


def test_letters_that_a_pipe_lacks_do_not_end_the_command(study: Path) -> None:
    (study.parent / "a.mp4").rename(study.parent / "µ→λ.mp4")
    study.write_text(f"{HEADER}µ→λ.mp4,Zoë,g,0\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "napari_ubam.cli", "check", str(study)],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"?" in done.stdout


@pytest.mark.parametrize(("platform", "mark"), [("linux", "'"), ("win32", '"')])
def test_the_command_that_trains_longer_can_be_pasted(
    study: Path, tmp_path: Path, platform: str, mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "my run"
    advice = SimpleNamespace(more_minutes=12)
    quality = SimpleNamespace(summary=list, next_step="Train about 12 minutes more.", advice=advice)
    done = SimpleNamespace(quality=quality, folder=run)
    monkeypatch.setattr("napari_ubam.run.train", lambda *_, **__: done)
    monkeypatch.setattr("napari_ubam.cli.commands.train.load_libraries", lambda *_, **__: None)
    monkeypatch.setattr("napari_ubam.jobs.shell.sys", SimpleNamespace(platform=platform))
    said = CliRunner().invoke(app, ["train", str(study), "--run", str(run)]).output
    assert f"--run {mark}{run}{mark} --resume --minutes 12" in said
