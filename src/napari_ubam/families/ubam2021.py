"""The preset paper: CaffeNet, LSTM and variational autoencoder, as published in 2021, for comparison."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_ubam.learners.fitting import (
    EncoderData,
    MagnifierData,
    TrainedEncoders,
    TrainedMagnifier,
    Training,
)
from napari_ubam.models.config import (
    BehaviourConfig,
    MagnifierTraining,
    ModelConfig,
    PostureConfig,
    PostureTraining,
)
from napari_ubam.models.own_frames import OwnFrames
from napari_ubam.models.ubam2021.networks import Ubam2021Behaviour, Ubam2021Posture
from napari_ubam.models.ubam2021.sizes import FAMILY, Ubam2021Sizes
from napari_ubam.models.ubam2021.vae import FrameVae
from napari_ubam.study import Roi

from .family import Family, Image
from .region import with_region


class Ubam2021(Family[FrameVae]):
    """The published family (Brattoli, Büchler et al., Nature Machine Intelligence 2021)."""

    name = FAMILY
    presets: ClassVar[dict[str, ModelConfig]] = {
        "paper": ModelConfig(
            preset="paper",
            family=FAMILY,
            posture=PostureConfig(size=(227, 227), code=4096, colour=True),
            # Eight consecutive frames at 30 frames per second.
            behaviour=BehaviourConfig(window_ms=7000 / 30, steps=8, hidden=1024, code=1024),
            posture_training=PostureTraining(
                steps=20000, recordings=4, runs=1, run_length=8, learning_rate=0.01, weight_decay=5e-4
            ),
            magnifier_training=MagnifierTraining(
                steps=10000, recordings=4, pairs=1, learning_rate=5e-4, weight_decay=1e-5
            ),
            family_options=Ubam2021Sizes().options,
        ),
    }
    preset_notes: ClassVar[dict[str, str]] = {"paper": "the published networks for comparison, for a GPU"}
    unit_codes = False
    compares_postures = False
    frames_at_once = 32  # its maps are large
    time_shares: ClassVar[Mapping[str, float]] = {"posture": 1.0}  # one training for both encoders
    checkpoint_seconds = 120.0  # a checkpoint has 600 MB
    pretrained = frozenset({"weights", "vgg"})
    moves_pixels = False

    def posture_encoder(self, config: ModelConfig) -> Ubam2021Posture:
        """Make CaffeNet up to its layer fc6; see `Family.posture_encoder`."""
        return Ubam2021Posture(config)

    def behaviour_encoder(self, config: ModelConfig) -> Ubam2021Behaviour:
        """Make layer fc7 and the LSTM; see `Family.behaviour_encoder`."""
        return Ubam2021Behaviour(config)

    def train_encoders(self, training: Training, data: EncoderData) -> TrainedEncoders:
        """Train both encoders together; see `Family.train_encoders`."""
        # Here, since Lightning takes seconds to load, and only a training needs it.
        from napari_ubam.learners.ubam2021.order import SequenceBatches, Ubam2021Learner

        torch.manual_seed(training.seed)
        learner = Ubam2021Learner(training.config)
        if training.pretrained.weights is not None:
            training.say("posture", learner.load_checkpoint(training.pretrained.weights))
        batches = SequenceBatches(data.crops, training.config, training.seed)
        result = training.fit(learner, batches, "posture")
        tracks = data.posture_tracks(learner.posture)
        learner.motion = float(np.median(np.concatenate([track.motion for track in tracks])))
        return TrainedEncoders(learner.posture, learner, result, result)

    def magnifier(self, config: ModelConfig) -> FrameVae:
        """Make the variational autoencoder; see `Family.magnifier`."""
        return FrameVae(config)

    def train_magnifier(self, training: Training, data: MagnifierData) -> TrainedMagnifier:
        """Train the variational autoencoder; see `Family.train_magnifier`."""
        from napari_ubam.learners.ubam2021.vae import VaeBatches, VaeLearner, recorded_postures

        torch.manual_seed(training.seed)
        files = training.pretrained
        learner = VaeLearner(training.config, files.vgg)
        training.say(
            "magnifier",
            "Images are compared by pixels and edges, since no weights of VGG-16 were given."
            if files.vgg is None
            else f"Images are compared with VGG-16 from {files.vgg.name}, as published.",
        )
        if files.weights is not None:
            training.say("magnifier", learner.load_checkpoint(files.weights))
        batches = VaeBatches(recorded_postures(data), training.config, training.seed)
        result = training.fit(learner, batches, "magnifier")
        return TrainedMagnifier(learner.magnifier, result, {})

    @torch.inference_mode()
    def prepare_frame(
        self,
        magnifier: FrameVae,
        crop: Tensor,
        own: Tensor,
        change: Tensor,
        number: int = 0,
        others: OwnFrames | None = None,
    ) -> NDArray[np.float32]:
        """Encode the appearance; see `Family.prepare_frame`.

        The result (3, latents) holds appearance, own posture, and change of posture to the reference.
        """
        appearance = magnifier.encode_appearance(magnifier.as_squares(crop)).mean
        prepared: NDArray[np.float32] = torch.cat([appearance, own, change]).float().cpu().numpy()
        return prepared

    @torch.inference_mode()
    def render_frame(
        self,
        magnifier: FrameVae,
        frame: Image,
        prepared: NDArray[np.float32],
        roi: Roi,
        factor: float,
        crop_size: tuple[int, int],
    ) -> Image:
        """Generate the whole region; see `Family.render_frame`."""
        device = next(magnifier.parameters()).device
        appearance, own, change = (torch.from_numpy(part)[None].to(device) for part in prepared)
        crop = magnifier.decode_crops(appearance, own + (1 - factor) * change, crop_size)
        return with_region(frame, crop[0].float().cpu(), roi)
