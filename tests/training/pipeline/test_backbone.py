"""Trainings on the features of a pretrained network from a local file."""

from __future__ import annotations

import json
import shutil
import socket
import sys
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from typer.testing import CliRunner

import tiny_backbone
from napari_ubam.cli import app
from napari_ubam.families import FamilyError
from napari_ubam.models.backbones.errors import BackboneError
from napari_ubam.models.weights import load_weights
from napari_ubam.progress import Cancelled, Progress
from napari_ubam.run import Run, train
from napari_ubam.runfolder.log import lines
from napari_ubam.study import Study

pytestmark = pytest.mark.slow

STEPS = 3


class StopIn:
    """Asks to stop at a step of a stage; also the progress callback that sees it."""

    def __init__(self, stage: str, step: int) -> None:
        self.stage, self.step, self.reached = stage, step, False

    def is_set(self) -> bool:
        """Whether to stop."""
        return self.reached

    def __call__(self, event: Progress) -> None:
        """See an event."""
        self.reached = self.reached or (event.stage == self.stage and event.step >= self.step)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail as soon as something asks the network."""

    def refuse(*_: object) -> NoReturn:
        raise AssertionError("The network was asked.")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Give the same network in the three forms."""
    folder = tmp_path_factory.mktemp("backbones")
    return {
        "folder": tiny_backbone.save_hugging_face_folder(folder / "dinov2-tiny"),
        "timm": tiny_backbone.save_timm_file(folder / "tiny.safetensors"),
        "hub": tiny_backbone.save_torch_hub_file(folder / "tiny.pth"),
    }


@pytest.fixture(scope="module")
def trained(study: Study, forms: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Give a run on a frozen backbone, with its embeddings."""
    folder = tmp_path_factory.mktemp("frozen") / "run"
    run = train(study, folder, preset="mini", device="cpu", steps=STEPS, backbone=forms["folder"])
    run.embed(study, device="cpu")
    return run


def codes_of(run: Run, study: Study) -> np.ndarray:
    return np.concatenate([run.embeddings(name).posture for name in study.names])


def test_a_file_of_timm_gives_equal_codes(
    trained: Run, study: Study, forms: dict[str, Path], tmp_path: Path
) -> None:
    options = {"preset": "mini", "device": "cpu", "steps": STEPS, "backbone_name": tiny_backbone.NAME}
    run = train(study, tmp_path / "run", backbone=forms["timm"], **options)
    assert run.encoder("cpu").hashes == trained.encoder("cpu").hashes
    run.embed(study, device="cpu")
    codes = codes_of(run, study)
    assert np.isfinite(codes).any()
    # The number of frames that are encoded together depends on the speed of the computer.
    np.testing.assert_allclose(codes, codes_of(trained, study), rtol=0, atol=1e-5)


def test_a_file_of_torch_hub_gives_equal_codes_by_the_command(
    trained: Run, study: Study, forms: dict[str, Path], tmp_path: Path
) -> None:
    table = tmp_path / "study.csv"
    study.to_csv(table)
    options = ["--preset", "mini", "--device", "cpu", "--steps", str(STEPS)]
    words = ["train", str(table), "--run", str(tmp_path / "run"), *options]
    named = ["--backbone", str(forms["hub"]), "--backbone-name", tiny_backbone.NAME]
    done = CliRunner().invoke(app, [*words, *named])
    assert done.exit_code == 0, done.output
    assert Run.open(tmp_path / "run").encoder("cpu").hashes == trained.encoder("cpu").hashes


def test_options_that_do_not_go_together_are_refused(
    study: Study, forms: dict[str, Path], tmp_path: Path
) -> None:
    table = tmp_path / "study.csv"
    study.to_csv(table)
    words = ["train", str(table), "--run", str(tmp_path / "run")]
    alone = CliRunner().invoke(app, [*words, "--tune-backbone"])
    assert alone.exit_code == 1
    assert "none is given" in alone.output
    beside = CliRunner().invoke(app, [*words, "--magnifier", "--backbone", str(forms["hub"])])
    assert beside.exit_code == 1
    assert "--backbone is given beside --magnifier" in beside.output


def test_the_run_notes_where_its_backbone_comes_from(trained: Run, forms: dict[str, Path]) -> None:
    noted = json.loads((trained.folder / "config.json").read_text(encoding="utf-8"))["posture"]["backbone"]
    assert noted["file"] == forms["folder"].name
    assert noted["form"] == "Hugging Face folder"
    assert noted["licence"] == "licence-of-the-tests"
    assert len(noted["sha256"]) == 64
    (event,) = [line for line in lines(trained.folder / "log.jsonl") if line["event"] == "backbone"]
    assert event["sha256"] == noted["sha256"]


def test_a_run_that_is_moved_keeps_its_backbone(trained: Run, study: Study, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(trained.folder, moved)
    shutil.rmtree(moved / "embeddings.zarr")
    run = Run.open(moved)
    run.embed(study, device="cpu")
    np.testing.assert_allclose(codes_of(run, study), codes_of(trained, study), rtol=0, atol=1e-5)


def test_a_run_without_its_backbone_says_what_is_missing(trained: Run, study: Study, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(trained.folder, moved)
    (file,) = moved.glob("backbone-*.safetensors")
    file.write_bytes(file.read_bytes()[:-4] + b"abcd")
    with pytest.raises(BackboneError, match=r"other weights than .*dinov2-tiny .*sha256"):
        Run.open(moved).embed(study, device="cpu")
    file.unlink()
    with pytest.raises(BackboneError, match=r"is missing.*dinov2-tiny .*copy it from the computer"):
        Run.open(moved).embed(study, device="cpu")


@pytest.mark.parametrize(("stage", "step"), [("features", 60), ("posture", 1)])
def test_a_training_is_resumed_without_the_file(
    stage: str, step: int, trained: Run, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_ubam.training.loop.watch.REPORT_SECONDS", 0.0)
    source, stop = tiny_backbone.save_hugging_face_folder(tmp_path / "dinov2-tiny"), StopIn(stage, step)
    options = {"preset": "mini", "device": "cpu", "steps": STEPS, "backbone": source}
    with pytest.raises(Cancelled):
        train(study, tmp_path / "run", progress=stop, cancel=stop, **options)
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "run" / "features").glob("*.npy")}
    assert kept
    shutil.rmtree(source)
    resumed = train(study, tmp_path / "run", device="cpu", resume=True)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept  # they are not computed again
    assert resumed.encoder("cpu").hashes == trained.encoder("cpu").hashes


def test_a_tuned_backbone_changes_and_goes_with_the_weights(
    trained: Run, study: Study, forms: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(trained.folder, folder)
    options = {"preset": "mini", "device": "cpu", "steps": STEPS, "backbone_name": tiny_backbone.NAME}
    run = train(study, folder, backbone=forms["timm"], tune_backbone=True, **options)
    tensors, _ = load_weights(folder / "posture.safetensors", "posture")
    start = "backbone.network."
    own = {name.removeprefix(start): one for name, one in tensors.items() if name.startswith(start)}
    before = tiny_backbone.tiny_network().state_dict()
    assert own.keys() == before.keys()
    assert 0 < max(float((own[name] - before[name]).abs().max()) for name in own) < 0.01
    assert not (folder / "features").exists()
    assert not list(folder.glob("backbone-*"))  # neither a copy, nor that of the training before
    run.embed(study, device="cpu")
    assert np.isfinite(codes_of(run, study)).any()


def test_the_published_networks_take_no_backbone(
    study: Study, forms: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(
        FamilyError, match=r"preset 'paper' cannot use pretrained backbone.*tiny or small or base"
    ):
        train(study, tmp_path / "run", preset="paper", backbone=forms["folder"])


def test_without_timm_the_extra_is_named(
    study: Study, forms: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(BackboneError, match=r"pip install 'napari-ubam\[backbones\]'"):
        train(study, tmp_path / "run", preset="mini", backbone=forms["folder"])
