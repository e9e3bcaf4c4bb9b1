"""Training the posture encoder without labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from napari_ubam.models import losses
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.posture import PostureEncoder
from napari_ubam.models.reconstruction import MapDecoder

from .augment import another_view
from .learner import Learner
from .sampling import Crops, Sample, Sampler

MEAN_FRAMES = 96  # of a recording, for its mean maps
COARSE = 2  # cells of the maps for one that is drawn

Batch = dict[str, Tensor]


class PostureLearner(Learner):
    """Teaches the encoder posture, and neither light nor individual.

    Parameters
    ----------
    config : ModelConfig
        Encoder and training.
    means : (r, channels, side, side) tensor
        Mean gradient maps of the recordings.
    """

    def __init__(self, config: ModelConfig, means: Tensor) -> None:
        plan = config.posture_training
        super().__init__(plan.learning_rate, plan.weight_decay)
        self.plan = plan
        self.encoder = PostureEncoder(config.posture)
        self.decoder = MapDecoder(config.posture.code, means.shape[1], means.shape[-1])
        self.register_buffer("means", means, persistent=False)
        self.means: Tensor

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss of a batch, as `batch_of` makes it."""
        plan, recordings = self.plan, batch["recordings"]
        videos, frames = batch["times"].shape
        crops = batch["crops"].flatten(0, 1)[:, None].float() / 255
        codes = self.encoder(torch.cat([another_view(crops), another_view(crops)]))
        one, other = codes.view(2, videos, frames, -1)
        found = {
            "contrast": plan.contrast * losses.contrast(one, other, batch["times"], 0.0, plan.temperature)
        }
        if plan.reconstruct:
            means = self.means[recordings].repeat_interleave(frames, 0)
            true = F.avg_pool2d(self.encoder.maps(crops), COARSE) - means
            found["reconstruct"] = plan.reconstruct * losses.explained(
                self.decoder(one.flatten(0, 1), means), true
            )
        if plan.align and videos > 1:
            shift = 1 + int(batch["step"]) % (videos - 1)
            found["align"] = plan.align * losses.align(one, other, shift, plan.temperature)
        if plan.centre:
            found["centre"] = plan.centre * losses.centre(torch.cat([one, other], 1))
        return self.together(found)


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

    def __call__(self, step: int, count: int, rank: int = 0) -> Batch:
        """Draw the batch of a step with ``count`` recordings."""
        return batch_of(self.sampler.draw(step, count, rank), step)


def batch_of(sample: Sample, step: int) -> Batch:
    """Turn a sample into tensors."""
    return {
        "recordings": torch.from_numpy(sample.recordings),
        "times": torch.from_numpy(sample.times),
        "crops": torch.from_numpy(sample.crops),
        "step": torch.tensor(step),
    }


@torch.no_grad()
def mean_maps(encoder: PostureEncoder, recordings: Sequence[Crops]) -> Tensor:
    """Mean gradient maps of recordings, from frames spread over all of each.

    Parameters
    ----------
    encoder : PostureEncoder
        Only its fixed first layer is used.
    recordings : sequence of Crops

    Returns
    -------
    (r, channels, side, side) tensor
    """
    means = []
    for crops in recordings:
        frames = np.concatenate([np.arange(*run) for run in crops.runs])
        chosen = frames[np.linspace(0, len(frames) - 1, min(MEAN_FRAMES, len(frames))).astype(int)]
        images = np.concatenate([crops.read(int(frame), int(frame) + 1) for frame in chosen])
        maps = encoder.maps(torch.from_numpy(images)[:, None].float() / 255)
        means.append(F.avg_pool2d(maps, COARSE).mean(0))
    return torch.stack(means)
