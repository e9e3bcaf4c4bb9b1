"""Trains the posture encoder without labels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from napari_ubam.learners.augment import augmented
from napari_ubam.learners.learner import Learner
from napari_ubam.learners.sampling import Crops, Sampler, read_images, spaced_frames
from napari_ubam.models import losses
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.images import as_images
from napari_ubam.models.native.backbone_posture import BackboneEncoder, posture_encoder
from napari_ubam.models.native.map_decoder import MapDecoder
from napari_ubam.models.native.posture import GridEncoder
from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled, silent

MEAN_FRAMES = 96  # of each recording, for its mean maps
WHITENING_FRAMES, FEWEST, MOST = 20_000, 16, 400  # in all, and of each recording at least and at most
HEAD_HIDDEN = 256
BLOCK = 128  # frames that are encoded together
TUNED_RATE = 0.01  # of the learning rate, for pretrained weights that are tuned
FEATURE_NOISE = 0.3  # largest standard deviation, where that of the features is 1

Batch = dict[str, Tensor]


class PostureLearner(Learner):
    """Trains the encoder to see posture, and neither the light nor the identity of the subject.

    Parameters
    ----------
    config : ModelConfig
        Sizes of the encoder and settings of the training.
    means : (r, channels, y, x) tensor
        Mean gradient maps of the recordings.
    """

    def __init__(self, config: ModelConfig, means: Tensor) -> None:
        plan = config.posture_training
        super().__init__(plan.learning_rate, plan.weight_decay)
        self.plan = plan
        self.encoder = posture_encoder(config.posture)
        self.decoder = MapDecoder(config.posture.code, means.shape[1], (means.shape[2], means.shape[3]))
        # The contrastive loss discards information that it does not need; with a projection head, the code
        # keeps it.
        self.head = nn.Sequential(
            nn.Linear(config.posture.code, HEAD_HIDDEN), nn.ReLU(), nn.Linear(HEAD_HIDDEN, plan.head)
        )
        self.register_buffer("means", means, persistent=False)
        self.means: Tensor

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Compute the loss of a batch.

        Parameters
        ----------
        batch : dict of str to Tensor
            From `PostureBatches`.
        batch_idx : int
            Number of the batch.

        Returns
        -------
        scalar tensor
        """
        plan, recordings = self.plan, batch["recordings"]
        videos, frames = batch["times"].shape
        crops = as_images(batch["crops"].flatten(0, 1))
        codes = self._codes(batch, crops)
        one, other = codes.view(2, videos, frames, -1)
        first, second = self.head(codes).view(2, videos, frames, -1)
        contrast = losses.contrast(first, second, batch["times"], 0.0, plan.temperature)
        found = {"contrast": plan.contrast * contrast}
        if plan.reconstruct:
            means = self.means[recordings].repeat_interleave(frames, 0)
            true = self.encoder.maps(crops) - means
            found["reconstruct"] = plan.reconstruct * losses.unexplained_variance(
                self.decoder(one.flatten(0, 1), means), true
            )
        if plan.align and videos > 1:
            shift = 1 + int(batch["step"]) % (videos - 1)
            found["align"] = plan.align * losses.align(first, second, shift, plan.temperature)
        if plan.centre:
            found["centre"] = plan.centre * losses.centre(torch.cat([one, other], 1))
        for name, loss in zip(("variance", "covariance"), _variance_covariance(one, other), strict=True):
            if weight := getattr(plan, name):
                found[name] = weight * loss
        return self.total_loss(found)

    def held_out_score(self, batch: Batch) -> float:
        """Score how well frames are told apart by posture: 0 as by guessing, 1 without doubt.

        Each frame is recognised in another light among the frames of its recording, as in the contrastive
        loss. That loss is given as a share of its value by guessing, and the score is what is missing to 1.

        Parameters
        ----------
        batch : dict of str to Tensor
            From `PostureBatches`.

        Returns
        -------
        float
        """
        videos, frames = batch["times"].shape
        codes = self._codes(batch, as_images(batch["crops"].flatten(0, 1)))
        first, second = self.head(codes).view(2, videos, frames, -1)
        loss = losses.contrast(first, second, batch["times"], 0.0, self.plan.temperature)
        return 1 - float(loss) / math.log(frames)

    def rate_scale(self, name: str) -> float:
        """Lower the learning rate of a backbone that is tuned; see `Learner.rate_scale`."""
        return TUNED_RATE if name.startswith("encoder.backbone.") else 1.0

    def _codes(self, batch: Batch, crops: Tensor) -> Tensor:
        """Codes of two views of each crop."""
        encoder = self.encoder
        if not isinstance(encoder, BackboneEncoder) or encoder.tuned:
            return self.encoder.raw(torch.cat([augmented(crops), augmented(crops)]))
        # A frozen backbone: its features were computed before the training.
        features = encoder.standardised(batch["features"].flatten(0, 2))
        strength = FEATURE_NOISE * torch.rand(len(features), 1, 1, 1, device=features.device)
        return encoder.encode_standardised(features + strength * torch.randn_like(features))


def _variance_covariance(one: Tensor, other: Tensor) -> list[Tensor]:
    """Variance and covariance losses, averaged over both views."""
    both = zip(losses.variance_covariance(one), losses.variance_covariance(other), strict=True)
    return [(first + second) / 2 for first, second in both]


class PostureBatches:
    """Batches for `PostureLearner`, as a pure function of the step.

    Parameters
    ----------
    recordings : sequence of Crops
        Recordings, in the order of the mean maps of the learner.
    config : ModelConfig
        Settings of the training.
    seed : int
        Random seed.
    """

    def __init__(self, recordings: Sequence[Crops], config: ModelConfig, seed: int) -> None:
        plan = config.posture_training
        self.sampler = Sampler(recordings, plan.runs, plan.run_length, plan.step_ms, seed)

    def __call__(self, step: int, count: int) -> Batch:
        """Return the batch of a step with ``count`` recordings."""
        return self.sampler.draw(step, count).batch(step)


@torch.no_grad()
def mean_maps(
    encoder: GridEncoder,
    recordings: Sequence[Crops],
    cancel: Cancel | None = None,
    progress: ProgressCallback = silent,
) -> Tensor:
    """Mean gradient maps of recordings, from evenly spaced frames.

    Parameters
    ----------
    encoder : GridEncoder
        Only its fixed first layer is used.
    recordings : sequence of Crops
        Recordings.
    cancel : Cancel, optional
        Checked before every recording.
    progress : callable
        Called for every recording, with the stage ``"means"``.

    Returns
    -------
    (r, channels, y, x) tensor

    Raises
    ------
    Cancelled
        When ``cancel`` is set.
    """
    means = []
    for number, crops in enumerate(recordings):
        check_cancelled(cancel)
        progress(Progress("means", number, len(recordings)))
        maps = encoder.maps(read_images(crops, spaced_frames(crops, MEAN_FRAMES)))
        means.append(maps.mean(0))
    return torch.stack(means)


@torch.no_grad()
def fit_posture_whitening(
    encoder: GridEncoder,
    recordings: Sequence[Crops],
    cancel: Cancel | None = None,
    progress: ProgressCallback = silent,
) -> None:
    """Fit the whitening of a trained encoder to evenly spaced frames of each recording.

    Parameters
    ----------
    encoder : GridEncoder
        Trained encoder in evaluation mode, on the CPU. Its last layer is fitted.
    recordings : sequence of Crops
        Recordings of the training.
    cancel : Cancel, optional
        Checked after every block of frames.
    progress : callable
        Called for every recording, with the stage ``"whitening"``.

    Raises
    ------
    Cancelled
        When ``cancel`` is set.
    """
    codes = []
    for number, crops in enumerate(recordings):
        progress(Progress("whitening", number, len(recordings)))
        frames = spaced_frames(crops, whitening_samples(len(recordings)))
        for begin in range(0, len(frames), BLOCK):
            check_cancelled(cancel)
            codes.append(encoder.raw(read_images(crops, frames[begin : begin + BLOCK])))
    encoder.whiten.fit(torch.cat(codes))


def whitening_samples(recordings: int) -> int:
    """Frames or windows of each recording for the whitening.

    Parameters
    ----------
    recordings : int
        Number of recordings.

    Returns
    -------
    int
    """
    return min(max(WHITENING_FRAMES // recordings, FEWEST), MOST)
