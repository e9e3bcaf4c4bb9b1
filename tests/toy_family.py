"""A family of models in one file: pooled pixels, linear layers, and a training of moments."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_ubam.families import Family
from napari_ubam.learners.fitting import EncoderData, TrainedEncoders, Training
from napari_ubam.learners.learner import Learner
from napari_ubam.learners.sampling import Sampler
from napari_ubam.models.config import BehaviourConfig, ModelConfig, PostureConfig
from napari_ubam.models.images import as_images
from napari_ubam.models.networks import BehaviourNetwork, MagnifierNetwork, PostureNetwork

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


TOY = Toy()
