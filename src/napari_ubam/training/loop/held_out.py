"""The score of a network on held-out recordings while it is trained."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from lightning.fabric.utilities import move_data_to_device

from napari_ubam.learners.fitting import Batches, HeldOutScore
from napari_ubam.learners.learner import Learner

POINTS = 10  # scores in a training, besides the one before its first step
BATCHES, RECORDINGS = 2, 4  # few, so that the scores take a few percent of the time of a short training


class HeldOutScores:
    """Scores a network on the same held-out batches, before the training and after each tenth of it.

    Parameters
    ----------
    batches : callable, optional
        Returns batches of held-out recordings. None: nothing is scored.
    """

    def __init__(self, batches: Batches | None) -> None:
        self._batches = batches
        self._read: list[Any] = []
        self.scores: tuple[HeldOutScore, ...] = ()

    def restore(self, scores: Iterable[Any]) -> None:
        """Take over the scores of a checkpoint.

        Parameters
        ----------
        scores : iterable of dict
            Fields of each score.
        """
        self.scores = tuple(HeldOutScore(**one) for one in scores)

    def follow(self, module: Learner, step: int, seconds: float, before: float, share: float) -> bool:
        """Score the network if a tenth of the training has passed since the last step.

        Parameters
        ----------
        module : Learner
            The network. Neither its weights nor its mode are changed.
        step : int
            Steps so far.
        seconds : float
            Training time so far.
        before, share : float
            Share of the training that was done before the step, and that is done now.

        Returns
        -------
        bool
            Whether there is a new score.
        """
        if self._batches is None or (step and int(POINTS * share) == int(POINTS * before)):
            return False
        known = [one for one in self.scores if one.step < step]
        self.scores = (*known, HeldOutScore(step, round(seconds, 2), self._score(module, self._batches)))
        return True

    @torch.no_grad()
    def _score(self, module: Learner, batches: Batches) -> float:
        """Mean score of the batches, each with the same augmentation every time."""
        self._read = self._read or [batches(number, RECORDINGS) for number in range(BATCHES)]
        training, found = module.training, []
        module.eval()
        try:
            for number, batch in enumerate(self._read):
                with torch.random.fork_rng(devices=[]):
                    torch.manual_seed(number)
                    found.append(module.held_out_score(move_data_to_device(batch, module.device)))
        finally:
            module.train(training)
        return sum(found) / len(found)
