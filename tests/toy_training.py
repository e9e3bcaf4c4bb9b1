"""A training of moments that draws random numbers, for the tests of the machinery around trainings."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from napari_ubam.learners.learner import Learner
from napari_ubam.training.loop.fit import FitResult, fit
from napari_ubam.training.loop.plan import FitPlan


class ToyLearner(Learner):
    """One layer with dropout.

    Parameters
    ----------
    room : int
        Batches larger than this do not fit into the memory.
    delay : float
        Seconds a step takes at least.
    """

    def __init__(self, room: int = 1000, delay: float = 0.0) -> None:
        super().__init__(1e-2, 1e-2)
        torch.manual_seed(0)
        self.layer, self.drop = nn.Linear(4, 4), nn.Dropout(0.3)
        self.room, self.delay = room, delay

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        """Learn to give back what comes in."""
        if len(batch) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        time.sleep(self.delay)
        return self.total_loss({"toy": (self.drop(self.layer(batch)) - batch).square().mean()})


class StopAt:
    """Asks to stop as soon as a learner has done some steps.

    Parameters
    ----------
    learner : Learner
    step : int
    """

    def __init__(self, learner: Learner, step: int) -> None:
        self.learner, self.step = learner, step

    def is_set(self) -> bool:
        """Whether to stop."""
        trainer = self.learner._trainer
        return trainer is not None and trainer.global_step >= self.step


def toy_batches(step: int, size: int) -> Tensor:
    """Give the batch of a step."""
    return torch.rand(size, 4, generator=torch.Generator().manual_seed(step))


def train_toy(
    folder: Path, learner: ToyLearner | None = None, batches: Any = toy_batches, **options: Any
) -> tuple[Tensor, FitResult]:
    """Train for 40 steps unless told otherwise, and return the weights with the result.

    As ``cancel``, a number is the step to stop at.
    """
    keys = FitPlan.__dataclass_fields__.keys() & options.keys()
    plan = {"batch_size": 8, "steps": 40, "device": "cpu", **{key: options.pop(key) for key in keys}}
    learner = learner or ToyLearner()
    log = folder.parent / "log.jsonl"
    if isinstance(options.get("cancel"), int):
        options["cancel"] = StopAt(learner, options["cancel"])
    result = fit(learner, batches, FitPlan(**plan), folder=folder, stage="toy", log=log, **options)
    return learner.layer.weight.detach().clone(), result


if __name__ == "__main__":
    train_toy(Path(sys.argv[1]), ToyLearner(delay=0.02), steps=100_000, checkpoint_seconds=0.1)
