"""What a learner gets from a training, and what it gives back; how it is done is the training's business."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from napari_ubam.analysis import Codes
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.networks import BehaviourNetwork, PostureNetwork
from napari_ubam.progress import Cancel, ProgressCallback

from .behaviour import PostureTrack
from .learner import Learner
from .sampling import Crops

Batches = Callable[[int, int, int], Any]
"""Gives the batch of a step: ``batches(step, batch_size, rank)``, a pure function."""


@dataclass(frozen=True)
class FitResult:
    """How a training ended.

    Parameters
    ----------
    steps : int
        Steps in all.
    seconds : float
        Time in all, over all resumptions.
    batch_size : int
        At the end.
    losses : dict of str to float
        Means over the last moments.
    """

    steps: int
    seconds: float
    batch_size: int
    losses: dict[str, float]


class OrderLearner(Protocol):
    """A trained behaviour encoder that can also say whether a window is in its true order."""

    @property
    def encoder(self) -> BehaviourNetwork:
        """The trained encoder."""
        ...

    @property
    def motion(self) -> float:
        """Median motion of the training windows."""
        ...

    def in_order(self, codes: Tensor, /) -> Tensor:
        """How much windows look in order, (n, code) to (n, 1)."""
        ...

    def eval(self) -> Any:
        """Switch to evaluation mode."""
        ...


class Lesson(Protocol):
    """What the training of either part of a model offers to a family."""

    @property
    def config(self) -> ModelConfig:
        """Networks and training."""
        ...

    @property
    def seed(self) -> int:
        """Random seed."""
        ...

    @property
    def steps(self) -> int | None:
        """Steps that were asked for; 0 takes given weights as they are."""
        ...

    @property
    def progress(self) -> ProgressCallback:
        """Told of long work."""
        ...

    @property
    def cancel(self) -> Cancel | None:
        """Asks the work to stop."""
        ...

    def fit(self, learner: Learner, batches: Batches, stage: str) -> FitResult:
        """Train a learner to the end of a stage: ``"posture"``, ``"behaviour"`` or ``"magnifier"``."""
        ...


class EncoderLesson(Lesson, Protocol):
    """What the encoders learn from."""

    @property
    def crops(self) -> Sequence[Crops]:
        """Crops of the recordings that training may see."""
        ...

    def posture_trained(self, encoder: PostureNetwork) -> list[PostureTrack]:
        """Note the trained posture encoder, and give the postures that behaviour may be learned from."""
        ...


class MagnifierLesson(Lesson, Protocol):
    """What the magnifier learns from."""

    @property
    def crops(self) -> Sequence[Crops]:
        """Crops of each recording."""
        ...

    @property
    def codes(self) -> Sequence[Codes]:
        """Codes of each of these recordings."""
        ...

    def encode(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Posture codes (n, d) of crops (n, y, x[, 3])."""
        ...


@dataclass(frozen=True)
class TrainedEncoders:
    """Both encoders of a run, the behaviour encoder within its learner.

    Parameters
    ----------
    posture : PostureNetwork
    behaviour : OrderLearner
    posture_fit, behaviour_fit : FitResult
        How the training of each ended; the same where one training teaches both.
    """

    posture: PostureNetwork
    behaviour: OrderLearner
    posture_fit: FitResult
    behaviour_fit: FitResult
