"""The command, and that defaults stand in one place."""

from __future__ import annotations

import inspect
import warnings
from importlib import resources
from pathlib import Path

import pytest
import yaml
from typer.main import get_command
from typer.testing import CliRunner

from magnified_part import ONE, REFERENCE
from napari_ubam.cli import app
from napari_ubam.magnification.defaults import FACTOR, SMOOTHING_MS
from napari_ubam.run import MagnificationWarning, Run
from napari_ubam.video import open_video

pytestmark = pytest.mark.filterwarnings("ignore::napari_ubam.run.MagnificationWarning")


def test_it_writes_video_sheet_and_table(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    words = ["magnify", ONE, "--run", str(run.folder), "--reference", REFERENCE, "--out", str(out)]
    more = ["--device", "cpu", "--sweep", str(tmp_path / "s.png"), "--arrows", str(tmp_path / "a.csv")]
    with warnings.catch_warnings():
        warnings.simplefilter("error", MagnificationWarning)
        done = CliRunner().invoke(app, [*words, "--factor", "2", "--frames", "40:46", *more])
    assert done.exit_code == 0, done.output
    assert "Wrote 6 frames at factor 2" in done.output
    with open_video(out) as video:
        assert len(video) == 6
    assert (tmp_path / "s.png").stat().st_size > 10_000
    assert (tmp_path / "a.csv").read_text().startswith("y,x,dy,dx")
    refused = CliRunner().invoke(app, [*words, "--frames", "forty"])
    assert refused.exit_code == 1
    assert "is not a range of frames" in refused.output


def test_warnings_are_printed(run: Run, tmp_path: Path) -> None:
    words = ["magnify", ONE, "--run", str(run.folder), "--reference", "name=healthy1"]
    more = ["--frames", "40:41", "--factor", "1", "--out", str(tmp_path / "out.tif"), "--device", "cpu"]
    done = CliRunner().invoke(app, [*words, *more])
    assert done.exit_code == 0, done.output
    assert "is not that of the scores, group=healthy" in done.output


def test_defaults_are_the_same_everywhere() -> None:
    options = {one.name: one.default for one in get_command(app).commands["magnify"].params}  # type: ignore[attr-defined]
    assert (options["factor"], options["smoothing"]) == (FACTOR, SMOOTHING_MS)
    parameters = inspect.signature(Run.magnify).parameters
    assert (parameters["factor"].default, parameters["smoothing_ms"].default) == (FACTOR, SMOOTHING_MS)
    manifest = yaml.safe_load(resources.files("napari_ubam").joinpath("napari.yaml").read_text("utf-8"))
    declared = manifest["contributions"]["configurations"]["work"]["properties"]
    assert (declared["factor"]["default"], declared["smoothing_ms"]["default"]) == (FACTOR, SMOOTHING_MS)
