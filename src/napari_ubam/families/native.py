"""The presets tiny, small and base: networks on gradient maps or on a backbone, and a magnifier of pixels."""

from __future__ import annotations

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
    BehaviourTraining,
    ModelConfig,
    PostureConfig,
    PostureTraining,
)
from napari_ubam.models.native.backbone_posture import BackboneEncoder, posture_encoder
from napari_ubam.models.native.behaviour import BehaviourEncoder
from napari_ubam.models.native.magnifier import Magnifier
from napari_ubam.models.native.own_frames import COUNT, displacement_by_own_frames
from napari_ubam.models.native.posture import GridEncoder
from napari_ubam.models.own_frames import OwnFrames
from napari_ubam.models.splatting import splat
from napari_ubam.models.strain import limit_strain
from napari_ubam.study import Roi

from .family import Family, Image
from .region import in_frame

TUNED_CHECKPOINT = 120.0  # seconds; a checkpoint of a small backbone has 260 MB


class Native(Family[Magnifier]):
    """The default family."""

    name = "native"
    compares_own_frames = True
    presets: ClassVar[dict[str, ModelConfig]] = {
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
    preset_notes: ClassVar[dict[str, str]] = {
        "tiny": "minutes on a laptop",
        "small": "an hour on a laptop, minutes on a GPU",
        "base": "the largest, for a GPU",
    }

    pretrained = frozenset({"backbone"})

    def posture_encoder(self, config: ModelConfig) -> GridEncoder:
        """Make the posture encoder; see `Family.posture_encoder`."""
        return posture_encoder(config.posture)

    def seconds_between_checkpoints(self, config: ModelConfig) -> float:
        """Write fewer checkpoints of a backbone that is tuned; see `Family.seconds_between_checkpoints`."""
        backbone = config.posture.backbone
        return TUNED_CHECKPOINT if backbone is not None and backbone.tuned else self.checkpoint_seconds

    def behaviour_encoder(self, config: ModelConfig) -> BehaviourEncoder:
        """Make the behaviour encoder; see `Family.behaviour_encoder`."""
        return BehaviourEncoder(config.posture.code, config.behaviour)

    def train_encoders(self, training: Training, data: EncoderData) -> TrainedEncoders:
        """Train the posture encoder, then the behaviour encoder on its codes; see `Family.train_encoders`."""
        # Here, since Lightning takes seconds to load, and only a training needs it.
        from napari_ubam.learners.native.behaviour import (
            BehaviourBatches,
            BehaviourLearner,
            fit_behaviour_whitening,
        )
        from napari_ubam.learners.native.posture import (
            PostureBatches,
            PostureLearner,
            fit_posture_whitening,
            mean_maps,
        )

        config, seed, cancel, progress = training.config, training.seed, training.cancel, training.progress
        torch.manual_seed(seed)
        means = mean_maps(self.posture_encoder(config), data.crops, cancel, progress)
        posture = PostureLearner(config, means)
        if isinstance(posture.encoder, BackboneEncoder):
            from napari_ubam.learners.native.backbone_batches import BackboneTraining

            with_backbone = BackboneTraining(posture.encoder, data, training)
            first = training.fit(posture, with_backbone.batches, "posture", with_backbone.held_out)
            with_backbone.fit_whitening()
        else:
            held_out = PostureBatches(data.held_out, config, seed) if data.held_out else None
            first = training.fit(posture, PostureBatches(data.crops, config, seed), "posture", held_out)
            fit_posture_whitening(posture.encoder, data.crops, cancel, progress)
        tracks = data.posture_tracks(posture.encoder)
        torch.manual_seed(seed)
        behaviour = BehaviourLearner.of(config, tracks)
        second = training.fit(behaviour, BehaviourBatches(tracks, config, seed), "behaviour")
        fit_behaviour_whitening(behaviour.encoder, tracks)
        return TrainedEncoders(posture.encoder, behaviour, first, second)

    def magnifier(self, config: ModelConfig) -> Magnifier:
        """Make the magnifier; see `Family.magnifier`."""
        return Magnifier(config.posture.code, config.magnifier)

    def train_magnifier(self, training: Training, data: MagnifierData) -> TrainedMagnifier:
        """Train the magnifier on motion in the videos, and fit its gain; see `Family.train_magnifier`."""
        from napari_ubam.learners.native.gain import fit_gain, gain_samples
        from napari_ubam.learners.native.magnifier import MagnifierLearner, MotionBatches
        from napari_ubam.learners.native.motion_pairs import recorded_motions

        motions = recorded_motions(training, data)
        torch.manual_seed(training.seed)
        learner = MagnifierLearner(training.config)
        batches = MotionBatches([one.motion for one in motions], training.config, training.seed)
        result = training.fit(learner, batches, "magnifier")
        samples = gain_samples(learner.magnifier, motions, training.cancel)
        gain = fit_gain(learner.magnifier, data.encode, samples, training.cancel)
        return TrainedMagnifier(learner.magnifier, result, {"gain": gain})

    @torch.inference_mode()
    def prepare_frame(
        self,
        magnifier: Magnifier,
        crop: Tensor,
        own: Tensor,
        change: Tensor,
        number: int = 0,
        others: OwnFrames | None = None,
    ) -> NDArray[np.float32]:
        """Compute the displacement (2, y, x) to the reference posture; see `Family.prepare_frame`.

        Along x and y, in pixels of the crop.
        """
        if others is None:
            found = magnifier(crop, own, change)
        else:
            nearest = others.nearest(number, own, COUNT)
            found = displacement_by_own_frames(magnifier, crop, own, change, nearest)
        prepared: NDArray[np.float32] = found[0].float().cpu().numpy()
        return prepared

    @torch.inference_mode()
    def render_frame(
        self,
        magnifier: Magnifier,
        frame: Image,
        prepared: NDArray[np.float32],
        roi: Roi,
        factor: float,
        crop_size: tuple[int, int],
    ) -> Image:
        """Displace the pixels of the region; see `Family.render_frame`."""
        visible = roi.clipped(*frame.shape[:2])
        if visible is None or not prepared.any():
            return frame
        # In pixels of the crop, so that the limit does not depend on the resolution of the video.
        limited = limit_strain((1 - factor) * torch.from_numpy(prepared)).numpy()
        device = next(magnifier.parameters()).device
        displacement = in_frame(limited, roi, visible)[None].to(device)
        image = torch.from_numpy(frame[visible.slices].copy()).permute(2, 0, 1)[None].float().to(device)
        moved = splat(image, displacement)[0].permute(1, 2, 0).clamp(0, 255).round().byte()
        result = frame.copy()
        result[visible.slices] = moved.cpu().numpy()
        return result

    def displacement(
        self, prepared: NDArray[np.float32], roi: Roi, shape: tuple[int, int]
    ) -> NDArray[np.float32]:
        """Displacement from the reference posture, as it is rendered; see `Family.displacement`."""
        displacement = np.zeros((2, *shape), np.float32)
        visible = roi.clipped(*shape)
        if visible is not None and prepared.any():
            limited = limit_strain(torch.from_numpy(prepared)).numpy()
            displacement[:, visible.slices[0], visible.slices[1]] = -in_frame(limited, roi, visible).numpy()
        return displacement
