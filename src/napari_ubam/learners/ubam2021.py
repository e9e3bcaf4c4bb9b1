"""Training the published networks: sequences of frames in order are told from the same out of order.

As published (Brattoli, Büchler et al., Nature Machine Intelligence 2021), but that the frames of a sequence
share one augmentation, so that it cannot tell the order, and that subjects are kept out for the checks.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

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
from napari_ubam.models.weights import WeightsError

from .augment import another_view
from .behaviour import shuffled
from .learner import Learner
from .posture import Batch, batch_of
from .sampling import Crops, Sampler


class Ubam2021Learner(Learner):
    """Teaches CaffeNet and the LSTM together which sequences are in order.

    Parameters
    ----------
    config : ModelConfig
        Networks and training, of the preset ``paper``.
    """

    def __init__(self, config: ModelConfig) -> None:
        plan = config.posture_training
        super().__init__(plan.learning_rate, plan.weight_decay)
        self.sizes = config.published
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
        """How much windows look in order, (n, code) to (n, 1)."""
        says: Tensor = self.order(codes)
        return says[:, 1:] - says[:, :1]

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss of a batch, as `SequenceBatches` makes it."""
        sequences, steps = batch["crops"].shape[:2]
        images = another_view(as_images(batch["crops"].flatten(0, 1)), repeats=steps)
        maps = self.posture.convolved(images)
        self.part_done(maps, "convolutions")
        codes = F.dropout(self.posture.codes(maps), self.sizes.dropout, self.training)
        self.part_done(codes, "postures")
        true = self.encoder.inner(codes).view(sequences, steps, -1)
        self.part_done(true, "sequences")
        states = self.encoder.ordered(torch.cat([true, shuffled(true, 0.0)]))
        says = self.order(F.dropout(states, self.sizes.dropout, self.training))
        truth = torch.arange(2, device=says.device).flip(0).repeat_interleave(len(true))
        return self.together({"shuffle": F.cross_entropy(says, truth)})

    def load_checkpoint(self, path: Path) -> str:
        """Take the weights of an original checkpoint.

        Parameters
        ----------
        path : Path
            A ``.pth.tar`` file of the published code.

        Returns
        -------
        str
            A sentence that says what was taken.

        Raises
        ------
        WeightsError
            If it is none.
        """
        tensors = read_checkpoint(path)
        if not load_layers(self.posture, tensors, POSTURE_LAYERS, path):
            raise WeightsError(
                f"{path} has no layer of CaffeNet; choose a checkpoint of the published network."
            )
        if "lstm.weight_ih_l0" not in tensors:
            return f"The convolutions and layer fc6 are those of {path.name}; its other layers begin anew."
        load_layers(self.encoder, tensors, BEHAVIOUR_LAYERS, path)
        load_layers(self, tensors, ORDER_LAYERS, path)
        return f"All layers are those of {path.name}."


class SequenceBatches:
    """Batches for `Ubam2021Learner`: a pure function of the step.

    Parameters
    ----------
    recordings : sequence of Crops
    config : ModelConfig
    seed : int
    """

    def __init__(self, recordings: Sequence[Crops], config: ModelConfig, seed: int) -> None:
        steps = config.behaviour.steps
        apart = config.behaviour.window_ms / (steps - 1)
        self.sampler = Sampler(recordings, config.posture_training.runs, steps, apart, seed)
        self.steps = steps

    def __call__(self, step: int, count: int) -> Batch:
        """Draw the sequences of a step from ``count`` recordings."""
        batch = batch_of(self.sampler.draw(step, count), step)
        crops = batch["crops"]
        batch["crops"] = crops.view(-1, self.steps, *crops.shape[2:])
        return batch
