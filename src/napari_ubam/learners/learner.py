"""The base of all learners: optimiser, learning rate, and reports within a step."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn

WARM_UP = 0.1  # share of the training in which the learning rate rises


def one_cycle(share: float) -> float:
    """Learning rate as a fraction of its maximum (one cycle, Smith, arXiv 1708.07120).

    It rises along a cosine over the first tenth of the training, and falls to zero along another.

    Parameters
    ----------
    share : float
        Share of the training that is done, 0 to 1.

    Returns
    -------
    float
    """
    if share < WARM_UP:
        return 0.04 + 0.96 * (1 - math.cos(math.pi * share / WARM_UP)) / 2
    return (1 + math.cos(math.pi * min((share - WARM_UP) / (1 - WARM_UP), 1.0))) / 2


class Learner(LightningModule):
    """Trains networks with AdamW and one cycle of the learning rate.

    Parameters
    ----------
    learning_rate, weight_decay : float
        Settings of AdamW.

    Attributes
    ----------
    share : float
        Share of the training that is done, in steps or in time. The training loop sets it.
    within : callable or None
        Called with the name of each finished part of a long step. The training loop sets it.
    """

    def __init__(self, learning_rate: float, weight_decay: float) -> None:
        super().__init__()
        self.learning_rate, self.weight_decay = learning_rate, weight_decay
        self.share = 0.0
        self.within: Callable[[str], None] | None = None

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return the optimiser. Normalisation layers and biases have no weight decay."""
        scales = sorted({self.rate_scale(name) for name, _ in self.named_parameters()}, reverse=True)
        groups: list[dict[str, Any]] = [
            {
                "params": list(self._learned(decays, scale)),
                "weight_decay": self.weight_decay if decays else 0.0,
                "scale": scale,
            }
            for scale in scales
            for decays in (True, False)
        ]
        return torch.optim.AdamW(groups, lr=self.learning_rate * one_cycle(0.0))

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Set the learning rate of the step.

        Parameters
        ----------
        batch : object
            Batch of the step.
        batch_idx : int
            Number of the batch.
        """
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = self.learning_rate * group.get("scale", 1.0) * one_cycle(self.share)

    def rate_scale(self, name: str) -> float:
        """Learning rate of a parameter, as a fraction of that of the training.

        Parameters
        ----------
        name : str
            Name of the parameter.

        Returns
        -------
        float
            1, unless a learner overrides this, as for pretrained parts.
        """
        return 1.0

    def held_out_score(self, batch: Any) -> float:
        """Score the network on a batch of recordings that it is not trained on.

        Parameters
        ----------
        batch : object
            As for ``training_step``.

        Returns
        -------
        float
            0 is chance, 1 is perfect.

        Raises
        ------
        NotImplementedError
            If this learner has no such score; its family then passes no held-out recordings.
        """
        raise NotImplementedError

    def total_loss(self, losses: dict[str, Tensor]) -> Tensor:
        """Log losses and return their sum.

        Parameters
        ----------
        losses : dict of str to scalar tensor
            Weighted losses by name.

        Returns
        -------
        scalar tensor
        """
        for name, loss in losses.items():
            self.log(name, loss.detach())
        return torch.stack(list(losses.values())).sum()

    def part_done(self, result: Tensor, detail: str) -> None:
        """Report a finished part of a long step, in the forward and in the backward pass.

        Parameters
        ----------
        result : Tensor
            Result of the part.
        detail : str
            Name of the part.
        """
        report = self.within
        if report is None:
            return
        report(detail)
        if result.requires_grad:
            result.register_hook(lambda _: report(detail))  # type: ignore[no-untyped-call]

    def _learned(self, decays: bool, scale: float) -> Iterator[nn.Parameter]:
        for name, parameter in self.named_parameters():
            if parameter.requires_grad and (parameter.ndim > 1) == decays and self.rate_scale(name) == scale:
                yield parameter
