"""A family of models as one object: its networks, their training, and how frames are rendered.

Code outside of families, models and learners does not ask to which family a model belongs. To add a family,
write one file with a subclass of `Family`, and call `napari_ubam.families.register` with an instance; another
package declares an instance as entry point ``napari_ubam.families``. To add a preset, add an entry to the
``presets`` of its family.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Generic, NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from napari_ubam.errors import UbamError
from napari_ubam.learners.fitting import (
    EncoderData,
    MagnifierData,
    TrainedEncoders,
    TrainedMagnifier,
    Training,
)
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.networks import BehaviourNetwork, MagnifierNetwork, PostureNetwork
from napari_ubam.models.own_frames import OwnFrames
from napari_ubam.study import Roi

Image = NDArray[np.uint8]
M = TypeVar("M", bound=MagnifierNetwork)


class FamilyError(UbamError):
    """A family of models cannot do what was asked."""


class Family(ABC, Generic[M]):
    """Networks, their training, and rendering of one family of models.

    The encoders are required. A family without a magnifier leaves out the methods for it. The type parameter
    is the class of the magnifier.

    Attributes
    ----------
    name : str
        Name of the family, ``family`` in the configuration of each of its models.
    presets : dict of str to ModelConfig
        Configurations that a user can choose by name.
    preset_notes : mapping of str to str
        For the user: how long the training of a preset takes, and on which device.
    unit_codes : bool
        Whether the behaviour encoder reads posture codes of length 1. Otherwise it reads them unchanged.
    compares_postures : bool
        Whether scores compare windows posture by posture. Otherwise they compare behaviour codes.
    frames_at_once : int or None
        Largest number of frames in a batch of the posture encoder; None for any number.
    time_shares : mapping of str to float
        Stages of the training of the encoders, and the share of the training time that each gets.
    checkpoint_seconds : float
        Seconds between two checkpoints of a training.
    pretrained : frozenset of str
        Pretrained files that a training can use: names of the fields of `PretrainedFiles`.
    moves_pixels : bool
        Whether the magnifier displaces pixels, so that arrows can be shown.
    compares_own_frames : bool
        Whether `prepare_frame` takes other frames of the recording.
    """

    name: ClassVar[str]
    presets: ClassVar[dict[str, ModelConfig]]
    preset_notes: ClassVar[Mapping[str, str]] = {}
    unit_codes: ClassVar[bool] = True
    compares_postures: ClassVar[bool] = True
    frames_at_once: ClassVar[int | None] = None
    time_shares: ClassVar[Mapping[str, float]] = {"posture": 0.8, "behaviour": 0.2}
    checkpoint_seconds: ClassVar[float] = 20.0
    pretrained: ClassVar[frozenset[str]] = frozenset()
    moves_pixels: ClassVar[bool] = True
    compares_own_frames: ClassVar[bool] = False

    # Encoders ------------------------------------------------------------------------------------------

    @abstractmethod
    def posture_encoder(self, config: ModelConfig) -> PostureNetwork:
        """Make the posture encoder with random weights.

        Parameters
        ----------
        config : ModelConfig
            Sizes of the network.

        Returns
        -------
        PostureNetwork
        """

    @abstractmethod
    def behaviour_encoder(self, config: ModelConfig) -> BehaviourNetwork:
        """Make the behaviour encoder with random weights.

        Parameters
        ----------
        config : ModelConfig
            Sizes of the network.

        Returns
        -------
        BehaviourNetwork
        """

    @abstractmethod
    def train_encoders(self, training: Training, data: EncoderData) -> TrainedEncoders:
        """Train both encoders.

        Parameters
        ----------
        training : Training
            Settings, and the function that runs a training.
        data : EncoderData
            Recordings of the training.

        Returns
        -------
        TrainedEncoders
            In evaluation mode.
        """

    def seconds_between_checkpoints(self, config: ModelConfig) -> float:
        """Seconds between two checkpoints of a training.

        Parameters
        ----------
        config : ModelConfig
            The model.

        Returns
        -------
        float
            ``checkpoint_seconds``, unless the checkpoints of this model are large.
        """
        return self.checkpoint_seconds

    # Magnifier -----------------------------------------------------------------------------------------

    def magnifier(self, config: ModelConfig) -> M:
        """Make the magnifier with random weights.

        Parameters
        ----------
        config : ModelConfig
            Sizes of the network.

        Returns
        -------
        MagnifierNetwork

        Raises
        ------
        FamilyError
            If the family has no magnifier.
        """
        self._refuse_magnifier()

    def require_magnifier(self) -> None:
        """Refuse if the family has no magnifier.

        Raises
        ------
        FamilyError
            If the family has no magnifier.
        """
        if type(self).train_magnifier is Family.train_magnifier:
            self._refuse_magnifier()

    def train_magnifier(self, training: Training, data: MagnifierData) -> TrainedMagnifier:
        """Train the magnifier of a run with trained encoders.

        Parameters
        ----------
        training : Training
            Settings, and the function that runs a training.
        data : MagnifierData
            Recordings of the training.

        Returns
        -------
        TrainedMagnifier
            In evaluation mode.

        Raises
        ------
        FamilyError
            If the family has no magnifier.
        """
        self._refuse_magnifier()

    def prepare_frame(
        self,
        magnifier: M,
        crop: Tensor,
        own: Tensor,
        change: Tensor,
        number: int = 0,
        others: OwnFrames | None = None,
    ) -> NDArray[np.float32]:
        """Run the network on one frame. The result serves every magnification factor, and is cached.

        Parameters
        ----------
        magnifier : MagnifierNetwork
            Trained magnifier.
        crop : (1, 1, y, x) or (1, 3, y, x) float tensor
            Brightness or RGB, 0 to 1.
        own, change : (1, components) float tensor
            Coefficients of the posture in the frame, and their change to the reference.
        number : int
            Frame number.
        others : OwnFrames, optional
            Other frames of the recording, if the family compares the frame with them.

        Returns
        -------
        float32 array
            Of any shape, the same for all frames.

        Raises
        ------
        FamilyError
            If the family has no magnifier.
        """
        self._refuse_magnifier()

    def render_frame(
        self,
        magnifier: M,
        frame: Image,
        prepared: NDArray[np.float32],
        roi: Roi,
        factor: float,
        crop_size: tuple[int, int],
    ) -> Image:
        """Render a frame at a magnification factor.

        Parameters
        ----------
        magnifier : MagnifierNetwork
            Trained magnifier.
        frame : (y, x, c) uint8 array
            The original frame. It is not changed.
        prepared : float32 array
            Result of `prepare_frame`.
        roi : Roi
            Region of the crop.
        factor : float
            0 shows the reference posture, 1 the original, above 1 magnifies.
        crop_size : tuple of int
            Height and width of the crop in pixels.

        Returns
        -------
        (y, x, c) uint8 array
            Identical to the original outside of the region.

        Raises
        ------
        FamilyError
            If the family has no magnifier.
        """
        self._refuse_magnifier()

    def displacement(
        self, prepared: NDArray[np.float32], roi: Roi, shape: tuple[int, int]
    ) -> NDArray[np.float32]:
        """Displacement of the pixels of a frame from the reference posture.

        Parameters
        ----------
        prepared : float32 array
            Result of `prepare_frame`.
        roi : Roi
            Region of the crop.
        shape : tuple of int
            Height and width of the frame in pixels.

        Returns
        -------
        (2, y, x) float32 array
            Along x and y in pixels of the frame; 0 outside of the region.

        Raises
        ------
        FamilyError
            If the magnifier displaces no pixels.
        """
        raise FamilyError(
            f"The magnifier of the preset {', '.join(self.presets)} displaces no pixels, so there are no "
            "arrows; train another preset for them."
        )

    def _refuse_magnifier(self) -> NoReturn:
        raise FamilyError(
            f"The preset {', '.join(self.presets)} has no magnifier; train a run with another preset."
        )
