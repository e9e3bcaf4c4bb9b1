"""What a family of models gets for a training, and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from napari_ubam.analysis import Codes
from napari_ubam.models.backbones.choice import BackboneChoice
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.networks import BehaviourNetwork, MagnifierNetwork, PostureNetwork
from napari_ubam.progress import Cancel, Progress, ProgressCallback, silent

from .posture_track import PostureTrack
from .sampling import Crops

if TYPE_CHECKING:
    from .learner import Learner  # Lightning takes seconds to load, and only a training needs it

Batches = Callable[[int, int], Any]
"""Returns the batch of a step: ``batches(step, batch_size)``, a pure function."""


@dataclass(frozen=True)
class HeldOutScore:
    """Score of a network on held-out recordings during its training.

    Parameters
    ----------
    step : int
        Steps so far.
    seconds : float
        Training time so far.
    score : float
        0 is chance, 1 is perfect; see `Learner.held_out_score`.
    """

    step: int
    seconds: float
    score: float


@dataclass(frozen=True)
class FitResult:
    """How one training ended.

    Parameters
    ----------
    steps : int
        Steps in all.
    seconds : float
        Training time in all, over all resumptions.
    batch_size : int
        Recordings in a batch at the end.
    losses : dict of str to float
        Means over the last steps, by name.
    held_out : tuple of HeldOutScore
        Scores on held-out recordings, in the order of steps. Empty if they were not measured.
    """

    steps: int
    seconds: float
    batch_size: int
    losses: dict[str, float]
    held_out: tuple[HeldOutScore, ...] = ()


Fit = Callable[["Learner", Batches, str, "Batches | None"], FitResult]
"""Trains a learner to the end of a stage: ``"posture"``, ``"behaviour"`` or ``"magnifier"``.

The last argument returns batches of held-out recordings, or is None.
"""


@dataclass(frozen=True)
class PretrainedFiles:
    """Weights of other programs that a training can use.

    Parameters
    ----------
    weights : Path, optional
        Checkpoint from which the networks begin.
    vgg : Path, optional
        Weights of VGG-16, for a loss that compares images.
    backbone : BackboneChoice, optional
        Pretrained network whose features take the place of the gradient maps.
    """

    weights: Path | None = None
    vgg: Path | None = None
    backbone: BackboneChoice | None = field(default=None, kw_only=True)

    @property
    def names(self) -> set[str]:
        """Names of the files that are given."""
        return {name for name, path in vars(self).items() if path is not None}


@dataclass(frozen=True)
class Training:
    """Settings of a training, and the function that runs it.

    Parameters
    ----------
    config : ModelConfig
        Networks and how they are trained.
    run : callable
        ``run(learner, batches, stage, held_out)`` trains a learner and returns a `FitResult`.
    seed : int
        Random seed.
    steps : int, optional
        Steps that the user asked for. With pretrained weights, 0 keeps them unchanged.
    pretrained : PretrainedFiles
        Weights of other programs.
    progress : callable
        Called at least every second.
    cancel : Cancel, optional
        Checked several times a second.
    folder : Path
        Folder of the run.
    device : str
        Compute device, as `napari_ubam.train` takes it.
    budget_bytes : int, optional
        Disk space for data of the training, in bytes.
    """

    config: ModelConfig
    run: Fit
    seed: int = 0
    steps: int | None = None
    pretrained: PretrainedFiles = field(default_factory=PretrainedFiles)
    progress: ProgressCallback = silent
    cancel: Cancel | None = None
    folder: Path = field(default_factory=Path)
    device: str = "cpu"
    budget_bytes: int | None = None

    def fit(
        self, learner: Learner, batches: Batches, stage: str, held_out: Batches | None = None
    ) -> FitResult:
        """Train a learner, unless its pretrained weights are to stay as they are.

        Parameters
        ----------
        learner : Learner
            Trained in place.
        batches : callable
            ``batches(step, batch_size)``.
        stage : str
            ``"posture"``, ``"behaviour"`` or ``"magnifier"``.
        held_out : callable, optional
            Batches of held-out recordings, for a learner that has a `Learner.held_out_score`.

        Returns
        -------
        FitResult
        """
        if self.pretrained.weights is not None and self.steps == 0:
            learner.eval()
            return FitResult(0, 0.0, 0, {})
        return self.run(learner, batches, stage, held_out)

    def say(self, stage: str, sentence: str) -> None:
        """Tell the user a sentence.

        Parameters
        ----------
        stage : str
            Stage of the training.
        sentence : str
            What to tell.
        """
        self.progress(Progress(stage, 0, 0, message=sentence))


@dataclass(frozen=True)
class EncoderData:
    """Recordings from which the encoders learn.

    Parameters
    ----------
    crops : sequence of Crops
        Crops of each recording, without what is held out.
    posture_tracks : callable
        Encodes the recordings with a trained posture encoder. It returns one `PostureTrack` for each
        recording, without what is held out.
    held_out : sequence of Crops
        Crops of what is held out, to follow the training. There may be none.
    """

    crops: Sequence[Crops]
    posture_tracks: Callable[[PostureNetwork], list[PostureTrack]]
    held_out: Sequence[Crops] = ()


@dataclass(frozen=True)
class MagnifierData:
    """Recordings from which the magnifier learns.

    Parameters
    ----------
    crops : sequence of Crops
        Crops of each recording.
    codes : sequence of Codes
        Codes of each of these recordings.
    encode : callable
        Returns the posture codes (n, d) of crops (n, y, x[, 3]).
    """

    crops: Sequence[Crops]
    codes: Sequence[Codes]
    encode: Callable[[NDArray[np.uint8]], NDArray[np.float32]]

    def usable_rows(self) -> Iterator[tuple[Crops, Codes, NDArray[np.int64]]]:
        """Find the frames of each recording that have both a crop and a code.

        Yields
        ------
        crops : Crops
            Crops of a recording.
        codes : Codes
            Codes of the same recording.
        rows : (n,) int64 array
            Rows of the codes whose frame has both.
        """
        for crops, own in zip(self.crops, self.codes, strict=True):
            has_crop = np.zeros(len(own), bool)
            first = int(own.frames[0])
            for start, stop in crops.runs:
                has_crop[start - first : stop - first] = True
            yield crops, own, np.flatnonzero(own.valid & has_crop)


class OrderLearner(Protocol):
    """A trained behaviour encoder that also knows whether a window is in its true order."""

    @property
    def encoder(self) -> BehaviourNetwork:
        """The trained behaviour encoder."""
        ...

    @property
    def motion(self) -> float:
        """Median motion of the training windows."""
        ...

    def in_order(self, codes: Tensor, /) -> Tensor:
        """Score whether windows are in their true order.

        Parameters
        ----------
        codes : (n, code) tensor
            Codes as ``encoder.raw`` returns them.

        Returns
        -------
        (n, 1) tensor
            Higher is more in order.
        """
        ...

    def eval(self) -> Any:
        """Switch to evaluation mode."""
        ...


@dataclass(frozen=True)
class TrainedEncoders:
    """Both trained encoders.

    Parameters
    ----------
    posture : PostureNetwork
        The posture encoder.
    behaviour : OrderLearner
        The behaviour encoder with its score of order.
    posture_fit, behaviour_fit : FitResult
        How the training of each ended. They are equal if one training teaches both.
    """

    posture: PostureNetwork
    behaviour: OrderLearner
    posture_fit: FitResult
    behaviour_fit: FitResult


@dataclass(frozen=True)
class TrainedMagnifier:
    """A trained magnifier.

    Parameters
    ----------
    network : MagnifierNetwork
        The magnifier.
    fit : FitResult
        How its training ended.
    metrics : mapping of str to float
        Numbers that are stored with the weights, beside the losses.
    """

    network: MagnifierNetwork
    fit: FitResult
    metrics: Mapping[str, float]
