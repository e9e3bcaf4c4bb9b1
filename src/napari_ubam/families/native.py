"""The presets tiny, small and base: gradient maps, contrasts within a recording, displaced pixels."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_ubam.learners.behaviour import BehaviourBatches, BehaviourLearner, whiten_behaviour
from napari_ubam.learners.fitting import EncoderLesson, MagnifierLesson, TrainedEncoders
from napari_ubam.learners.gain import calibrate, calibration_samples
from napari_ubam.learners.magnifier import MagnifierLearner, MotionBatches
from napari_ubam.learners.motion_pairs import motions_of
from napari_ubam.learners.posture import PostureBatches, PostureLearner, mean_maps, whiten_posture
from napari_ubam.models.config import (
    BehaviourConfig,
    BehaviourTraining,
    ModelConfig,
    PostureConfig,
    PostureTraining,
)
from napari_ubam.models.native.behaviour import BehaviourEncoder
from napari_ubam.models.native.magnifier import Magnifier
from napari_ubam.models.native.posture import PostureEncoder
from napari_ubam.models.networks import MagnifierNetwork
from napari_ubam.models.splatting import splat
from napari_ubam.models.strain import limit_strain
from napari_ubam.study import Roi

from .family import Family, GivenFiles, Image, TrainedMagnifier
from .region import in_frame

PRESETS = {
    "tiny": ModelConfig(preset="tiny"),
    "small": ModelConfig(
        preset="small",
        posture=PostureConfig(size=(144, 144), widths=(48, 96, 160)),
        posture_training=PostureTraining(steps=4000, recordings=8, runs=4, run_length=8),
        behaviour_training=BehaviourTraining(steps=2000, recordings=8),
    ),
    "base": ModelConfig(
        preset="base",
        posture=PostureConfig(size=(192, 192), widths=(64, 128, 192, 256), code=384),
        behaviour=BehaviourConfig(hidden=160, code=512, recurrent=96),
        posture_training=PostureTraining(
            steps=20000, recordings=12, runs=4, run_length=8, learning_rate=1e-3
        ),
        behaviour_training=BehaviourTraining(steps=6000, recordings=12, learning_rate=1e-3),
    ),
}


class Native(Family):
    """The default family."""

    name = "native"

    def __init__(self) -> None:
        self.presets = dict(PRESETS)

    def posture_encoder(self, config: ModelConfig) -> PostureEncoder:
        """Make the posture encoder."""
        return PostureEncoder(config.posture)

    def behaviour_encoder(self, config: ModelConfig) -> BehaviourEncoder:
        """Make the behaviour encoder."""
        return BehaviourEncoder(config.posture.code, config.behaviour)

    def magnifier(self, config: ModelConfig) -> Magnifier:
        """Make the magnifier."""
        return Magnifier(config.posture.code, config.magnifier)

    def learn_encoders(self, lesson: EncoderLesson, given: GivenFiles) -> TrainedEncoders:
        """Train the posture encoder, then the behaviour encoder on its codes."""
        config, seed = lesson.config, lesson.seed
        torch.manual_seed(seed)
        means = mean_maps(self.posture_encoder(config), lesson.crops, lesson.cancel, lesson.progress)
        posture = PostureLearner(config, means)
        first = lesson.fit(posture, PostureBatches(lesson.crops, config, seed), "posture")
        whiten_posture(posture.encoder, lesson.crops, lesson.cancel, lesson.progress)
        tracks = lesson.posture_trained(posture.encoder)
        torch.manual_seed(seed)
        behaviour = BehaviourLearner.of(config, tracks)
        second = lesson.fit(behaviour, BehaviourBatches(tracks, config, seed), "behaviour")
        whiten_behaviour(behaviour.encoder, tracks)
        return TrainedEncoders(posture.encoder, behaviour, first, second)

    def learn_magnifier(self, lesson: MagnifierLesson, given: GivenFiles) -> TrainedMagnifier:
        """Train the magnifier on the recordings' own motion, then set its gain."""
        motions = motions_of(lesson)
        torch.manual_seed(lesson.seed)
        learner = MagnifierLearner(lesson.config)
        batches = MotionBatches([one.motion for one in motions], lesson.config, lesson.seed)
        result = lesson.fit(learner, batches, "magnifier")
        samples = calibration_samples(learner.magnifier, motions, lesson.cancel)
        gain = calibrate(learner.magnifier, lesson.encode, samples, lesson.cancel)
        return TrainedMagnifier(learner.magnifier, result, {"gain": gain})

    @torch.inference_mode()
    def prepare_frame(
        self, magnifier: MagnifierNetwork, crop: Tensor, own: Tensor, change: Tensor
    ) -> NDArray[np.float32]:
        """Displacement (2, y, x) of the crop's pixels to the reference posture, along x and y."""
        found: NDArray[np.float32] = magnifier(crop, own, change)[0].float().cpu().numpy()
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
        """Displace the pixels of the region; what does not deviate stays exactly as it is."""
        seen = roi.clipped(*frame.shape[:2])
        if seen is None or not prepared.any():
            return frame
        # In pixels of the crop, since a limb has some dozen of these whatever the video's resolution.
        wanted = limit_strain((1 - factor) * torch.from_numpy(prepared)).numpy()
        device = next(magnifier.parameters()).device
        inside = in_frame(wanted, roi, seen)[None].to(device)
        image = torch.from_numpy(frame[seen.slices].copy()).permute(2, 0, 1)[None].float().to(device)
        done = splat(image, inside)[0].permute(1, 2, 0).clamp(0, 255).round().byte()
        result = frame.copy()
        result[seen.slices] = done.cpu().numpy()
        return result

    def displacement(
        self, prepared: NDArray[np.float32], roi: Roi, shape: tuple[int, int]
    ) -> NDArray[np.float32]:
        """How the pixels of a frame are displaced from the reference posture, (2, y, x)."""
        found = np.zeros((2, *shape), np.float32)
        seen = roi.clipped(*shape)
        if seen is not None and prepared.any():
            shown = limit_strain(torch.from_numpy(prepared)).numpy()  # as the reference is shown
            found[:, seen.slices[0], seen.slices[1]] = -in_frame(shown, roi, seen).numpy()
        return found
