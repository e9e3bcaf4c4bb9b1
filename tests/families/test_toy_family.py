"""A family of models is one file: this one is trained, embeds and scores like those of the package."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from typer.testing import CliRunner

import napari_ubam
from napari_ubam.cli import app
from napari_ubam.families import FAMILIES, Family, FamilyError, describe_presets, register
from napari_ubam.learners.fitting import EncoderData, TrainedEncoders, Training
from napari_ubam.learners.learner import Learner
from napari_ubam.learners.sampling import Sampler
from napari_ubam.models.config import BehaviourConfig, ModelConfig, PostureConfig
from napari_ubam.models.images import as_images
from napari_ubam.models.networks import BehaviourNetwork, MagnifierNetwork, PostureNetwork
from napari_ubam.runfolder.log import lines
from napari_ubam.sample import write_sample
from napari_ubam.study import Study

SOURCE = Path(napari_ubam.__file__).parent
GRID = 8


class ToyPosture(PostureNetwork):
    """Pooled pixels and a linear layer."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.layer = nn.Linear(GRID**2, config.posture.code)

    def maps(self, crops: Tensor) -> Tensor:
        """Pool pixels."""
        return F.adaptive_avg_pool2d(crops, GRID)

    def forward(self, crops: Tensor) -> Tensor:
        """Encode crops."""
        return self.layer(self.maps(crops).flatten(1))


class ToyBehaviour(BehaviourNetwork):
    """Postures of a window and a linear layer."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.layer = nn.Linear(config.posture.code * config.behaviour.steps, config.behaviour.code)

    def forward(self, windows: Tensor) -> Tensor:
        """Encode windows."""
        return self.layer(windows.flatten(1))


class ToyLearner(Learner):
    """Reconstructs pooled pixels; the behaviour encoder stays random."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(1e-2, 0.0)
        self.posture, self.encoder = ToyPosture(config), ToyBehaviour(config)
        self.back = nn.Linear(config.posture.code, GRID**2)
        self.order = nn.Linear(config.behaviour.code, 1)
        self.motion = 0.0
        self.scale = float(config.family_options["scale"])

    def in_order(self, codes: Tensor) -> Tensor:
        """Score order."""
        return self.order(codes)

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        """Compute the loss."""
        pooled = self.posture.maps(as_images(batch)).flatten(1)
        error = self.back(self.posture.layer(pooled)) - pooled
        return self.total_loss({"pixels": self.scale * error.square().mean()})


class Toy(Family[MagnifierNetwork]):
    """The toy family."""

    name = "toy"
    presets: ClassVar[dict[str, ModelConfig]] = {
        "toy": ModelConfig(
            preset="toy",
            family="toy",
            posture=PostureConfig(size=(48, 48), code=12),
            behaviour=BehaviourConfig(window_ms=200, steps=5, code=10),
            family_options={"scale": 2.0},
        )
    }
    preset_notes: ClassVar[dict[str, str]] = {"toy": "seconds"}
    time_shares: ClassVar[dict[str, float]] = {"posture": 1.0}

    def posture_encoder(self, config: ModelConfig) -> ToyPosture:
        """Make the posture encoder."""
        return ToyPosture(config)

    def behaviour_encoder(self, config: ModelConfig) -> ToyBehaviour:
        """Make the behaviour encoder."""
        return ToyBehaviour(config)

    def train_encoders(self, training: Training, data: EncoderData) -> TrainedEncoders:
        """Train for some steps."""
        torch.manual_seed(training.seed)
        learner = ToyLearner(training.config)
        sampler = Sampler(data.crops, 1, 4, 33.0, training.seed)

        def batches(step: int, count: int) -> Tensor:
            return sampler.draw(step, count).batch(step)["crops"].flatten(0, 1)

        result = training.fit(learner, batches, "posture")
        tracks = data.posture_tracks(learner.posture)
        learner.motion = float(np.median(np.concatenate([track.motion for track in tracks])))
        return TrainedEncoders(learner.posture, learner, result, result)


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


def test_it_needs_no_magnifier(study: Study, tmp_path: Path) -> None:
    run = napari_ubam.train(study, tmp_path / "run", preset="toy", device="cpu", steps=1)
    with pytest.raises(FamilyError, match=r"^The preset toy has no magnifier; train a run with another"):
        run.train_magnifier(study, device="cpu", steps=1)
    assert not (run.folder / "embeddings.zarr").exists()  # refused before the recordings are embedded


def test_its_preset_is_described() -> None:
    assert describe_presets()["toy"] == "crops of about 48 × 48 pixels; seconds"


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
