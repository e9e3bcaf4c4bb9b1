"""The preset paper: CaffeNet, LSTM and variational autoencoder, as published in 2021, for comparison."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_ubam.learners.fitting import (
    EncoderLesson,
    FitResult,
    MagnifierLesson,
    TrainedEncoders,
)
from napari_ubam.learners.ubam2021 import SequenceBatches, Ubam2021Learner
from napari_ubam.learners.vae import VaeBatches, VaeLearner, frames_of
from napari_ubam.models.config import (
    BehaviourConfig,
    MagnifierTraining,
    ModelConfig,
    PaperConfig,
    PostureConfig,
    PostureTraining,
)
from napari_ubam.models.networks import MagnifierNetwork
from napari_ubam.models.ubam2021.networks import Ubam2021Behaviour, Ubam2021Posture
from napari_ubam.models.ubam2021.vae import FrameVae
from napari_ubam.progress import Progress
from napari_ubam.study import Roi

from .family import Family, GivenFiles, Image, TrainedMagnifier
from .region import painted

PRESETS = {
    "paper": ModelConfig(
        preset="paper",
        posture=PostureConfig(size=(227, 227), code=4096, colour=True),
        # Eight frames, which follow each other at 30 a second.
        behaviour=BehaviourConfig(window_ms=7000 / 30, steps=8, hidden=1024, code=1024),
        posture_training=PostureTraining(
            steps=20000, recordings=4, runs=1, run_length=8, learning_rate=0.01, weight_decay=5e-4
        ),
        magnifier_training=MagnifierTraining(
            steps=10000, recordings=4, pairs=1, learning_rate=5e-4, weight_decay=1e-5
        ),
        paper=PaperConfig(),
    ),
}


class Ubam2021(Family):
    """The published family (Brattoli, Büchler et al., Nature Machine Intelligence 2021)."""

    name = "ubam2021"
    unit_codes = False
    frames_at_once = 32  # its maps are large
    shares: ClassVar[Mapping[str, float]] = {"posture": 1.0}  # one training teaches both encoders
    checkpoint_seconds = 120.0  # checkpoints are 600 MB large
    moves_pixels = False

    def __init__(self) -> None:
        self.presets = dict(PRESETS)

    def posture_encoder(self, config: ModelConfig) -> Ubam2021Posture:
        """Make CaffeNet up to its layer fc6."""
        return Ubam2021Posture(config)

    def behaviour_encoder(self, config: ModelConfig) -> Ubam2021Behaviour:
        """Make layer fc7 and the LSTM."""
        return Ubam2021Behaviour(config)

    def magnifier(self, config: ModelConfig) -> FrameVae:
        """Make the variational autoencoder."""
        return FrameVae(config)

    def refuse_files(self, config: ModelConfig, given: GivenFiles) -> None:
        """Take all: checkpoints of the published code, and weights of VGG-16."""

    def learn_encoders(self, lesson: EncoderLesson, given: GivenFiles) -> TrainedEncoders:
        """Train both encoders together, with random weights or from an original checkpoint."""
        config = lesson.config
        torch.manual_seed(lesson.seed)
        learner = Ubam2021Learner(config)
        if given.weights is not None:
            lesson.progress(Progress("posture", 0, 0, message=learner.load_checkpoint(given.weights)))
        if given.weights is not None and lesson.steps == 0:
            result = FitResult(0, 0.0, config.posture_training.recordings, {})
        else:
            result = lesson.fit(learner, SequenceBatches(lesson.crops, config, lesson.seed), "posture")
        learner.eval()
        tracks = lesson.posture_trained(learner.posture)
        learner.motion = float(np.median(np.concatenate([track.motion for track in tracks])))
        return TrainedEncoders(learner.posture, learner, result, result)

    def learn_magnifier(self, lesson: MagnifierLesson, given: GivenFiles) -> TrainedMagnifier:
        """Train the autoencoder, with random weights or from an original checkpoint."""
        torch.manual_seed(lesson.seed)
        learner = VaeLearner(lesson.config, given.vgg)
        compared = (
            "Pictures are compared by pixels and edges, since no weights of VGG-16 were given."
            if given.vgg is None
            else f"Pictures are compared by VGG-16 of {given.vgg.name}, as published."
        )
        lesson.progress(Progress("magnifier", 0, 0, message=compared))
        if given.weights is not None:
            lesson.progress(Progress("magnifier", 0, 0, message=learner.load_checkpoint(given.weights)))
        batches = VaeBatches(frames_of(lesson), lesson.config, lesson.seed)
        if given.weights is not None and lesson.steps == 0:
            result = FitResult(0, 0.0, lesson.config.magnifier_training.recordings, {})
        else:
            result = lesson.fit(learner, batches, "magnifier")
        return TrainedMagnifier(learner.magnifier, result, {})

    @torch.inference_mode()
    def prepare_frame(
        self, magnifier: MagnifierNetwork, crop: Tensor, own: Tensor, change: Tensor
    ) -> NDArray[np.float32]:
        """Latents of appearance, own posture and change of posture, (3, latents)."""
        assert isinstance(magnifier, FrameVae)
        looks = magnifier.appearance(magnifier.squares(crop)).mean
        found: NDArray[np.float32] = torch.cat([looks, own, change]).float().cpu().numpy()
        return found

    @torch.inference_mode()
    def render_frame(
        self,
        magnifier: MagnifierNetwork,
        frame: Image,
        prepared: NDArray[np.float32],
        roi: Roi,
        factor: float,
        crop_size: tuple[int, int],
    ) -> Image:
        """Paint the whole region anew."""
        assert isinstance(magnifier, FrameVae)
        device = next(magnifier.parameters()).device
        looks, own, change = (torch.from_numpy(part)[None].to(device) for part in prepared)
        picture = magnifier.paint_crop(looks, own + (1 - factor) * change, crop_size)
        return painted(frame, picture[0].float().cpu(), roi)
