"""Trains the published encoders: sequences of frames in order are separated from shuffled sequences.

As published (Brattoli, Büchler et al., Nature Machine Intelligence 2021), with two changes: the frames of a
sequence have the same augmentation, so that it cannot reveal their order, and subjects are held out.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_ubam.learners.augment import augmented
from napari_ubam.learners.learner import Learner
from napari_ubam.learners.posture_track import shuffled
from napari_ubam.learners.sampling import Crops, Sampler
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.images import as_images
from napari_ubam.models.ubam2021.checkpoint import (
    BEHAVIOUR_LAYERS,
    ORDER_LAYERS,
    POSTURE_LAYERS,
    load_layers,
    read_checkpoint,
)
from napari_ubam.models.ubam2021.networks import Ubam2021Behaviour, Ubam2021Posture
from napari_ubam.models.ubam2021.sizes import Ubam2021Sizes
from napari_ubam.models.weights import WeightsError

Batch = dict[str, Tensor]


class Ubam2021Learner(Learner):
    """Trains CaffeNet and the LSTM together to see whether a sequence is in order.

    Parameters
    ----------
    config : ModelConfig
        Configuration of the family ``ubam2021``.

    Attributes
    ----------
    motion : float
        Median motion of the windows; set after the training.
    """

    def __init__(self, config: ModelConfig) -> None:
        plan = config.posture_training
        super().__init__(plan.learning_rate, plan.weight_decay)
        self.sizes = Ubam2021Sizes.of(config)
        self.posture = Ubam2021Posture(config)
        self.encoder = Ubam2021Behaviour(config)
        self.order = nn.Linear(config.behaviour.code, 2)
        self.motion = 0.0

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return stochastic gradient descent, as published."""
        return torch.optim.SGD(
            self.parameters(),
            lr=self.learning_rate * 1e-2,
            momentum=self.sizes.momentum,
            weight_decay=self.weight_decay,
        )

    def in_order(self, codes: Tensor) -> Tensor:
        """Score whether windows are in their true order.

        Parameters
        ----------
        codes : (n, code) tensor
            Behaviour codes.

        Returns
        -------
        (n, 1) tensor
            Higher is more in order.
        """
        scores: Tensor = self.order(codes)
        return scores[:, 1:] - scores[:, :1]

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Compute the loss of a batch.

        Parameters
        ----------
        batch : dict of str to Tensor
            From `SequenceBatches`.
        batch_idx : int
            Number of the batch.

        Returns
        -------
        scalar tensor
        """
        sequences, steps = batch["crops"].shape[:2]
        images = augmented(as_images(batch["crops"].flatten(0, 1)), repeats=steps)
        maps = self.posture.convolved(images)
        self.part_done(maps, "convolutions")
        codes = F.dropout(self.posture.codes(maps), self.sizes.dropout, self.training)
        self.part_done(codes, "postures")
        true = self.encoder.inner(codes).view(sequences, steps, -1)
        self.part_done(true, "sequences")
        states = self.encoder.recurrent(torch.cat([true, shuffled(true, 0.0)]))
        scores = self.order(F.dropout(states, self.sizes.dropout, self.training))
        truth = torch.arange(2, device=scores.device).flip(0).repeat_interleave(len(true))
        return self.total_loss({"shuffle": F.cross_entropy(scores, truth)})

    def load_checkpoint(self, path: Path) -> str:
        """Load the weights of an original checkpoint.

        Parameters
        ----------
        path : Path
            A ``.pth.tar`` file of the published code.

        Returns
        -------
        str
            A sentence for the user: which layers were loaded.

        Raises
        ------
        WeightsError
            If the file is no such checkpoint.
        """
        tensors = read_checkpoint(path)
        if not load_layers(self.posture, tensors, POSTURE_LAYERS, path):
            raise WeightsError(
                f"{path} has no layer of CaffeNet; choose a checkpoint of the published network."
            )
        if "lstm.weight_ih_l0" not in tensors:
            return (
                f"The convolutions and layer fc6 were loaded from {path.name}; the other layers have random "
                "weights."
            )
        load_layers(self.encoder, tensors, BEHAVIOUR_LAYERS, path)
        load_layers(self, tensors, ORDER_LAYERS, path)
        return f"All layers were loaded from {path.name}."


class SequenceBatches:
    """Batches for `Ubam2021Learner`, as a pure function of the step.

    Parameters
    ----------
    recordings : sequence of Crops
        Recordings of the training.
    config : ModelConfig
        Settings of the training.
    seed : int
        Random seed.
    """

    def __init__(self, recordings: Sequence[Crops], config: ModelConfig, seed: int) -> None:
        steps = config.behaviour.steps
        step_ms = config.behaviour.window_ms / (steps - 1)
        self.sampler = Sampler(recordings, config.posture_training.runs, steps, step_ms, seed)
        self.steps = steps

    def __call__(self, step: int, count: int) -> Batch:
        """Return the batch of a step with sequences of ``count`` recordings."""
        batch = self.sampler.draw(step, count).batch(step)
        crops = batch["crops"]
        batch["crops"] = crops.view(-1, self.steps, *crops.shape[2:])
        return batch
