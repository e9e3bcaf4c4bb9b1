"""Training the posture encoder without labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_ubam.models import losses
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.images import as_images
from napari_ubam.models.native.map_decoder import MapDecoder
from napari_ubam.models.native.posture import PostureEncoder
from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled, silent

from .augment import another_view
from .learner import Learner
from .sampling import Crops, Sample, Sampler, evenly

MEAN_FRAMES = 96  # of a recording, for its mean maps
WHITENED, LEAST, MOST = 20_000, 16, 400  # frames for the whitening: in all, and of a recording
HEAD_HIDDEN = 256
PIECE = 128  # frames that are encoded at once

Batch = dict[str, Tensor]


class PostureLearner(Learner):
    """Teaches the encoder posture, and neither light nor individual.

    Parameters
    ----------
    config : ModelConfig
        Encoder and training.
    means : (r, channels, y, x) tensor
        Mean gradient maps of the recordings.
    """

    def __init__(self, config: ModelConfig, means: Tensor) -> None:
        plan = config.posture_training
        super().__init__(plan.learning_rate, plan.weight_decay)
        self.plan = plan
        self.encoder = PostureEncoder(config.posture)
        self.decoder = MapDecoder(config.posture.code, means.shape[1], (means.shape[2], means.shape[3]))
        # Contrasts throw away what does not help them; a head of their own keeps that in the code.
        self.head = nn.Sequential(
            nn.Linear(config.posture.code, HEAD_HIDDEN), nn.ReLU(), nn.Linear(HEAD_HIDDEN, plan.head)
        )
        self.register_buffer("means", means, persistent=False)
        self.means: Tensor

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss of a batch, as `batch_of` makes it."""
        plan, recordings = self.plan, batch["recordings"]
        videos, frames = batch["times"].shape
        crops = as_images(batch["crops"].flatten(0, 1))
        codes = self.encoder.raw(torch.cat([another_view(crops), another_view(crops)]))
        one, other = codes.view(2, videos, frames, -1)
        seen, again = self.head(codes).view(2, videos, frames, -1)
        contrast = losses.contrast(seen, again, batch["times"], 0.0, plan.temperature)
        found = {"contrast": plan.contrast * contrast}
        if plan.reconstruct:
            means = self.means[recordings].repeat_interleave(frames, 0)
            true = self.encoder.maps(crops) - means
            found["reconstruct"] = plan.reconstruct * losses.explained(
                self.decoder(one.flatten(0, 1), means), true
            )
        if plan.align and videos > 1:
            shift = 1 + int(batch["step"]) % (videos - 1)
            found["align"] = plan.align * losses.align(seen, again, shift, plan.temperature)
        if plan.centre:
            found["centre"] = plan.centre * losses.centre(torch.cat([one, other], 1))
        for name, loss in zip(("variance", "covariance"), _spread_of(one, other), strict=True):
            if weight := getattr(plan, name):
                found[name] = weight * loss
        return self.together(found)


def _spread_of(one: Tensor, other: Tensor) -> list[Tensor]:
    """Variance and covariance loss, means over both views."""
    both = zip(losses.spread(one), losses.spread(other), strict=True)
    return [(first + second) / 2 for first, second in both]


class PostureBatches:
    """Batches for `PostureLearner`: a pure function of the step.

    Parameters
    ----------
    recordings : sequence of Crops
    config : ModelConfig
    seed : int
    """

    def __init__(self, recordings: Sequence[Crops], config: ModelConfig, seed: int) -> None:
        plan = config.posture_training
        self.sampler = Sampler(recordings, plan.runs, plan.run_length, plan.step_ms, seed)

    def __call__(self, step: int, count: int) -> Batch:
        """Draw the batch of a step with ``count`` recordings."""
        return batch_of(self.sampler.draw(step, count), step)


def batch_of(sample: Sample, step: int) -> Batch:
    """Turn a sample into tensors."""
    return {
        "recordings": torch.from_numpy(sample.recordings),
        # From the first one on: single precision, which is all that Apple's GPUs have, then suffices.
        "times": torch.from_numpy((sample.times - sample.times[:, :1]).astype(np.float32)),
        "crops": torch.from_numpy(sample.crops),
        "step": torch.tensor(step),
    }


@torch.no_grad()
def mean_maps(
    encoder: PostureEncoder,
    recordings: Sequence[Crops],
    cancel: Cancel | None = None,
    progress: ProgressCallback = silent,
) -> Tensor:
    """Mean gradient maps of recordings, from frames spread over all of each.

    Parameters
    ----------
    encoder : PostureEncoder
        Only its fixed first layer is used.
    recordings : sequence of Crops
    cancel : Cancel, optional
    progress : callable
        Told of every recording, as stage ``"means"``.

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
        maps = encoder.maps(images_of(crops, some_frames(crops, MEAN_FRAMES)))
        means.append(maps.mean(0))
    return torch.stack(means)


@torch.no_grad()
def whiten_posture(
    encoder: PostureEncoder,
    recordings: Sequence[Crops],
    cancel: Cancel | None = None,
    progress: ProgressCallback = silent,
) -> None:
    """Fit the last layer of a trained encoder to frames spread over all of each recording.

    Parameters
    ----------
    encoder : PostureEncoder
        In evaluation mode, on the processor.
    recordings : sequence of Crops
        Those that it was trained on.
    cancel : Cancel, optional
    progress : callable
        Told of every recording, as stage ``"whitening"``.

    Raises
    ------
    Cancelled
        When ``cancel`` is set.
    """
    codes = []
    for number, crops in enumerate(recordings):
        progress(Progress("whitening", number, len(recordings)))
        frames = some_frames(crops, share_of_whitening(len(recordings)))
        for begin in range(0, len(frames), PIECE):
            check_cancelled(cancel)
            codes.append(encoder.raw(images_of(crops, frames[begin : begin + PIECE])))
    encoder.whiten.fit(torch.cat(codes))


def share_of_whitening(recordings: int) -> int:
    """Frames or windows that each of so many recordings gives to the whitening."""
    return min(max(WHITENED // recordings, LEAST), MOST)


def some_frames(crops: Crops, most: int) -> NDArray[np.int64]:
    """Frame numbers spread evenly over a recording, at most so many."""
    frames = np.concatenate([np.arange(*run) for run in crops.runs])
    chosen: NDArray[np.int64] = frames[evenly(len(frames), most)]
    return chosen


def images_of(crops: Crops, frames: NDArray[np.int64]) -> Tensor:
    """Read frames as (n, 1, y, x) float tensor, 0 to 1."""
    read = np.concatenate([crops.read(int(frame), int(frame) + 1) for frame in frames])
    return as_images(torch.from_numpy(read))
