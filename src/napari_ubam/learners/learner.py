"""What both trainings share: the optimiser and its one cycle."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn

WARM = 0.1  # part of the training in which the learning rate rises


def cycle(share: float) -> float:
    """Learning rate, as a part of the highest, when a share of the training is done.

    It rises along a cosine over the first tenth and falls to zero (one cycle; Smith, arXiv 1708.07120).
    """
    if share < WARM:
        return 0.04 + 0.96 * (1 - math.cos(math.pi * share / WARM)) / 2
    return (1 + math.cos(math.pi * min((share - WARM) / (1 - WARM), 1.0))) / 2


class Learner(LightningModule):
    """Trains with AdamW; ``share`` says how far the training is, in steps or in time.

    Where a step takes seconds, ``within`` is told of its parts; it is set while a training runs.

    Parameters
    ----------
    learning_rate, weight_decay : float
        Of AdamW.
    """

    def __init__(self, learning_rate: float, weight_decay: float) -> None:
        super().__init__()
        self.learning_rate, self.weight_decay = learning_rate, weight_decay
        self.share = 0.0
        self.within: Callable[[str], None] | None = None

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return the optimiser; norms and biases do not decay."""
        parts = [list(self._learned(decays)) for decays in (True, False)]
        groups: list[dict[str, Any]] = [
            {"params": parts[0], "weight_decay": self.weight_decay},
            {"params": parts[1], "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, lr=self.learning_rate * cycle(0.0))

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Set the learning rate of this step."""
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = self.learning_rate * cycle(self.share)

    def together(self, losses: dict[str, Tensor]) -> Tensor:
        """Log losses and add them up."""
        for name, loss in losses.items():
            self.log(name, loss.detach())
        return torch.stack(list(losses.values())).sum()

    def part_done(self, result: Tensor, detail: str) -> None:
        """Tell within a step that a part of it is done, and once more when its gradient comes.

        Parameters
        ----------
        result : Tensor
            Of the part.
        detail : str
            Which part it is.
        """
        tell = self.within
        if tell is None:
            return
        tell(detail)
        if result.requires_grad:
            result.register_hook(lambda _: tell(detail))  # type: ignore[no-untyped-call]

    def _learned(self, decays: bool) -> Iterator[nn.Parameter]:
        for parameter in self.parameters():
            if parameter.requires_grad and (parameter.ndim > 1) == decays:
                yield parameter
