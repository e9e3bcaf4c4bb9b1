"""A family of models is one file: this one is trained, embeds and scores like those of the package."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from typer.testing import CliRunner

import napari_ubam
import toy_family
from napari_ubam.cli import app
from napari_ubam.families import FAMILIES, FamilyError, describe_presets, register
from napari_ubam.models.config import ModelConfig
from napari_ubam.runfolder.log import lines
from napari_ubam.sample import write_sample
from napari_ubam.study import Study
from toy_family import Toy

SOURCE = Path(napari_ubam.__file__).parent


@pytest.fixture(scope="module", autouse=True)
def registered() -> Iterator[None]:
    """Register the family for this module."""
    register(Toy())
    yield
    del FAMILIES["toy"]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return write_sample(tmp_path_factory.mktemp("sample"), healthy=3, impaired=1, seconds=1.0)


def test_it_is_trained_embeds_and_scores_by_the_public_functions(study: Study, tmp_path: Path) -> None:
    run = napari_ubam.train(study, tmp_path / "run", preset="toy", device="cpu", steps=20)
    assert run.config == napari_ubam.Run.open(tmp_path / "run").config
    assert (run.config.family, run.config.family_options) == ("toy", {"scale": 2.0})
    assert run.quality.training.posture.steps == 20
    assert set(run.quality.training.posture.losses) == {"pixels"}
    assert run.embed(study, device="cpu").failed == ()
    codes = run.embeddings("impaired1")
    assert (codes.posture.shape, codes.behaviour.shape) == ((30, 12), (30, 10))
    scores = run.score(study, reference="group=healthy", figures=False)
    # Of 30 frames, three at each end have no whole window of 200 ms.
    assert np.isfinite(scores["posture_deviation"]).sum() == 4 * 24


def test_it_is_trained_by_the_command(study: Study, tmp_path: Path) -> None:
    table = study[0].video.parents[1] / "study.csv"
    words = ["train", str(table), "--run", str(tmp_path / "run"), "--preset", "toy", "--device", "cpu"]
    done = CliRunner().invoke(app, [*words, "--steps", "2"])
    assert done.exit_code == 0, done.output
    assert [line["preset"] for line in lines(tmp_path / "run" / "log.jsonl") if "preset" in line] == ["toy"]


def test_a_family_of_another_package_is_found_in_another_process(study: Study, tmp_path: Path) -> None:
    package = tmp_path / "site"
    info = package / "toy_package-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-package\nVersion: 1.0\n", "utf-8")
    points = "[napari_ubam.families]\nbroken = no_such_module:X\ntoy = toy_family:TOY\n"
    (info / "entry_points.txt").write_text(points, "utf-8")
    shutil.copy(toy_family.__file__, package)
    table = study[0].video.parents[1] / "study.csv"
    command = [sys.executable, "-m", "napari_ubam.cli", "train", str(table), "--run", str(tmp_path / "run")]
    environment = os.environ | {"PYTHONPATH": str(package)}
    done = subprocess.run(
        [*command, "--preset", "toy", "--device", "cpu", "--steps", "1"],
        capture_output=True,
        text=True,
        env=environment,
        cwd=tmp_path,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "no_such_module:X cannot be loaded" in done.stderr
    assert (tmp_path / "run" / "posture.safetensors").is_file()


def test_it_needs_no_magnifier(study: Study, tmp_path: Path) -> None:
    run = napari_ubam.train(study, tmp_path / "run", preset="toy", device="cpu", steps=1)
    with pytest.raises(FamilyError, match=r"^The preset toy has no magnifier; train a run with another"):
        run.train_magnifier(study, device="cpu", steps=1)
    assert not (run.folder / "embeddings.zarr").exists()  # refused before the recordings are embedded


def test_its_preset_is_described() -> None:
    assert describe_presets()["toy"] == "about 48 × 48 pixels; seconds"


def test_presets_of_two_families_have_different_names_and_name_their_family() -> None:
    class Other(Toy):
        name = "other"

    with pytest.raises(FamilyError, match="'toy' exists already in the family 'toy'; choose another name"):
        register(Other())

    class Wrong(Toy):
        name = "wrong"
        presets: ClassVar[dict[str, ModelConfig]] = {"odd": ModelConfig(preset="odd")}

    with pytest.raises(FamilyError, match="set preset='odd' and family='wrong'"):
        register(Wrong())
    assert not {"other", "wrong"} & FAMILIES.keys()


def test_a_model_of_a_family_that_is_not_installed_says_so(study: Study, tmp_path: Path) -> None:
    run = napari_ubam.train(study, tmp_path / "run", preset="toy", device="cpu", steps=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(FAMILIES, "toy")
        with pytest.raises(FamilyError, match="family 'toy' are unknown here; install the package"):
            run.encoder("cpu")


def test_nothing_outside_asks_which_family_a_model_is_of() -> None:
    inside = {"families", "models", "learners"}
    asks = re.compile(
        r"\.paper\b|Ubam2021|FrameVae|ubam2021|family_options|\.family ==|isinstance\(\w*family"
    )
    found = [
        f"{path.relative_to(SOURCE)}: {line.strip()}"
        for path in sorted(SOURCE.rglob("*.py"))
        if path.relative_to(SOURCE).parts[0] not in inside
        for line in path.read_text(encoding="utf-8").splitlines()
        if asks.search(line)
    ]
    assert found == []
