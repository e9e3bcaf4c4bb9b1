"""A family of models as one object: its networks, how they learn, how codes compare, how frames are rendered.

Nothing outside of this room asks which family a model is of. A new family is one file with a class like
`napari_ubam.families.native.Native`, and one line in `napari_ubam.families.registry`; a new preset is one
entry of a family's ``presets``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from napari_ubam.learners.fitting import EncoderLesson, FitResult, MagnifierLesson, TrainedEncoders
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.networks import BehaviourNetwork, MagnifierNetwork, PostureNetwork
from napari_ubam.runfolder.errors import RunError
from napari_ubam.study import Roi

Image = NDArray[np.uint8]


class FamilyError(RunError):
    """A family of models cannot do what was asked."""


@dataclass(frozen=True)
class GivenFiles:
    """Weights of other programs that a training begins with.

    Parameters
    ----------
    weights : Path, optional
        Checkpoint of the published code.
    vgg : Path, optional
        Weights of VGG-16.
    """

    weights: Path | None = None
    vgg: Path | None = None

    def __bool__(self) -> bool:
        """Whether any is given."""
        return self.weights is not None or self.vgg is not None


@dataclass(frozen=True)
class TrainedMagnifier:
    """A magnifier that was trained.

    Parameters
    ----------
    network : MagnifierNetwork
    fit : FitResult
    metrics : mapping of str to float
        Noted with the weights, beside the losses.
    """

    network: MagnifierNetwork
    fit: FitResult
    metrics: Mapping[str, float]


class Family(ABC):
    """What a family of models has to offer.

    Attributes
    ----------
    name : str
        Stands in the configuration of each of its models.
    presets : dict of str to ModelConfig
        Sizes and trainings that a user can choose by name.
    unit_codes : bool
        Whether the behaviour encoder reads posture codes of length 1, or codes as they are.
    frames_at_once : int or None
        Frames that the posture encoder takes at once; None for any number.
    shares : mapping of str to float
        Stages of the encoders' training, and the share of the minutes that each gets.
    checkpoint_seconds : float
        Seconds between two checkpoints of a training.
    moves_pixels : bool
        Whether the magnifier displaces pixels, so that there are arrows.
    """

    name: ClassVar[str]
    presets: dict[str, ModelConfig]
    unit_codes: ClassVar[bool] = True
    frames_at_once: ClassVar[int | None] = None
    shares: ClassVar[Mapping[str, float]] = {"posture": 0.8, "behaviour": 0.2}
    checkpoint_seconds: ClassVar[float] = 20.0
    moves_pixels: ClassVar[bool] = True

    # networks, with random weights ---------------------------------------------------------------------

    @abstractmethod
    def posture_encoder(self, config: ModelConfig) -> PostureNetwork:
        """Make the posture encoder."""

    @abstractmethod
    def behaviour_encoder(self, config: ModelConfig) -> BehaviourNetwork:
        """Make the behaviour encoder."""

    @abstractmethod
    def magnifier(self, config: ModelConfig) -> MagnifierNetwork:
        """Make the magnifier."""

    # learning ------------------------------------------------------------------------------------------

    def refuse_files(self, config: ModelConfig, given: GivenFiles) -> None:
        """Refuse files that this family cannot begin with; it takes none unless it says otherwise.

        Raises
        ------
        FamilyError
        """
        if given:
            raise FamilyError(
                f"Checkpoints of the published code and weights of VGG-16 do not fit the preset "
                f"{config.preset!r}; leave them out, or choose the preset paper."
            )

    @abstractmethod
    def learn_encoders(self, lesson: EncoderLesson, given: GivenFiles) -> TrainedEncoders:
        """Train posture and behaviour encoder."""

    @abstractmethod
    def learn_magnifier(self, lesson: MagnifierLesson, given: GivenFiles) -> TrainedMagnifier:
        """Train the magnifier for encoders that are trained."""

    # rendering -----------------------------------------------------------------------------------------

    @abstractmethod
    def prepare_frame(
        self, magnifier: MagnifierNetwork, crop: Tensor, own: Tensor, change: Tensor
    ) -> NDArray[np.float32]:
        """Run the network on one frame; the result serves every factor and is cached.

        Parameters
        ----------
        magnifier : MagnifierNetwork
        crop : (1, 1 or 3, y, x) float tensor
            0 to 1.
        own, change : (1, components) float tensor
            Coefficients of the frame's posture, and from there to the reference's.

        Returns
        -------
        float32 array
            Of any shape, the same for all frames.
        """

    @abstractmethod
    def render_frame(
        self,
        magnifier: MagnifierNetwork,
        frame: Image,
        prepared: NDArray[np.float32],
        roi: Roi,
        factor: float,
        crop_size: tuple[int, int],
    ) -> Image:
        """Show a frame at a factor.

        Parameters
        ----------
        magnifier : MagnifierNetwork
        frame : (y, x, c) uint8 array
            The original, which is left as it is.
        prepared : float32 array
            What `prepare_frame` gave.
        roi : Roi
            Region that the crop was made of.
        factor : float
            0 shows the reference posture, 1 the original, above 1 magnifies.
        crop_size : tuple of int
            Height and width of the crop.

        Returns
        -------
        (y, x, c) uint8 array
            Outside of the region exactly the original.
        """

    def displacement(
        self, prepared: NDArray[np.float32], roi: Roi, shape: tuple[int, int]
    ) -> NDArray[np.float32]:
        """How the pixels of a frame are displaced from the reference posture.

        Parameters
        ----------
        prepared : float32 array
            What `prepare_frame` gave.
        roi : Roi
            Region that the crop was made of.
        shape : tuple of int
            Height and width of the frame.

        Returns
        -------
        (2, y, x) float32 array
            Pixels of the frame along x and y; 0 outside of the region.

        Raises
        ------
        FamilyError
            If the magnifier paints pictures and displaces nothing.
        """
        raise FamilyError(
            f"The magnifier of the preset {', '.join(self.presets)} paints pictures and displaces no pixels, "
            "so there are no arrows; train another preset for them."
        )
