"""Posture encoder and behaviour encoder of a run, loaded with their weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from napari_ubam.analysis.unit_vectors import unit_vectors
from napari_ubam.crops import CropSpec
from napari_ubam.families import family_of
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.devices import choose_device
from napari_ubam.models.images import as_images
from napari_ubam.models.networks import BehaviourNetwork, PostureNetwork
from napari_ubam.models.weights import WeightsError, load_into, load_weights, read_header, weights_hash
from napari_ubam.models.windows import windows
from napari_ubam.progress import Cancel, check_cancelled
from napari_ubam.runfolder.paths import BEHAVIOUR, POSTURE

WINDOWS = 256  # number of windows that are encoded at once


def crops_for(config: ModelConfig) -> CropSpec:
    """Return the size and colour of the crops that a model expects.

    Parameters
    ----------
    config : ModelConfig
        Configuration of the model.

    Returns
    -------
    CropSpec
        Size in pixels, and grey or RGB.
    """
    return CropSpec(*config.posture.size, colour=config.posture.colour)


def config_of(folder: Path) -> ModelConfig:
    """Read the configuration of a run's model.

    Parameters
    ----------
    folder : Path
        Folder of the run.

    Returns
    -------
    ModelConfig
        Configuration of the model.

    Raises
    ------
    WeightsError
        If the run has no model, or if the model cannot be read.
    """
    return ModelConfig.model_validate(read_header(folder / POSTURE).config)


class ModelEncoder:
    """Compute posture codes from crops, and behaviour codes from posture codes.

    Parameters
    ----------
    config : ModelConfig
        Configuration of the model: sizes of crops, windows and codes.
    posture : PostureNetwork
        Posture encoder.
    behaviour : BehaviourNetwork
        Behaviour encoder.
    device : torch.device or str
        Compute device.
    """

    def __init__(
        self,
        config: ModelConfig,
        posture: PostureNetwork,
        behaviour: BehaviourNetwork,
        device: torch.device | str = "cpu",
    ) -> None:
        self.config, self.device, self.family = config, torch.device(device), family_of(config)
        self._posture, self._behaviour = posture.to(self.device).eval(), behaviour.to(self.device).eval()
        self.hashes = {
            "posture": weights_hash(posture.state_dict()),
            "behaviour": weights_hash(behaviour.state_dict()),
        }

    @classmethod
    def load(cls, folder: Path, device: torch.device | str = "cpu") -> ModelEncoder:
        """Load the encoders of a run.

        Parameters
        ----------
        folder : Path
            Folder of the run.
        device : torch.device or str
            Compute device.

        Returns
        -------
        ModelEncoder
            Both encoders.

        Raises
        ------
        WeightsError
            If weights are missing or damaged, belong to another network, or come from two different training
            runs.
        """
        tensors, header = load_weights(folder / POSTURE, "posture")
        config = ModelConfig.model_validate(header.config)
        family = family_of(config)
        posture = family.posture_encoder(config)
        load_into(posture, tensors, folder / POSTURE)
        posture.load_beside(folder)
        behaviour = family.behaviour_encoder(config)
        tensors, other = load_weights(folder / BEHAVIOUR, "behaviour")
        if other.trained_on and other.trained_on != weights_hash(posture.state_dict()):
            raise WeightsError(
                f"{folder / BEHAVIOUR} was trained on another posture encoder than {POSTURE} beside it, as "
                "after an interrupted save; resume the training, or train again."
            )
        load_into(behaviour, tensors, folder / BEHAVIOUR)
        return cls(config, posture, behaviour, device)

    @property
    def spec(self) -> CropSpec:
        """Size and colour of the crops that the posture encoder expects."""
        return crops_for(self.config)

    @torch.inference_mode()
    def posture(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Compute the posture code of each frame.

        Parameters
        ----------
        crops : (n, y, x) or (n, y, x, 3) uint8 array
            Grey or RGB crops with the size and colour of ``spec``, values 0 to 255.

        Returns
        -------
        (n, d) float32 array
            Posture code of each crop.
        """
        size = self.family.frames_at_once or max(len(crops), 1)
        pieces = torch.split(torch.from_numpy(crops), size)
        codes = torch.cat([self._posture(as_images(piece.to(self.device))).float().cpu() for piece in pieces])
        found: NDArray[np.float32] = codes.numpy()
        return found

    @torch.inference_mode()
    def behaviour(
        self,
        posture: NDArray[np.float32],
        times: NDArray[np.float64],
        segments: Sequence[range],
        *,
        cancel: Cancel | None = None,
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Compute the behaviour code of the window around each frame.

        Parameters
        ----------
        posture : (t, d) float32 array
            Posture code of each frame; NaN outside the segments.
        times : (t,) float64 array
            Time of each frame, in seconds.
        segments : sequence of range
            Ranges of rows without a gap or a pause. Each window lies inside one segment.
        cancel : Cancel, optional
            Flag that stops the work. It is checked before each batch of windows.

        Returns
        -------
        behaviour : (t, e) float32 array
            Behaviour code of the window around each frame; NaN if the window is not complete.
        valid : (t,) bool array
            True for frames with a complete window.

        Raises
        ------
        Cancelled
            If ``cancel`` is set.
        """
        sizes = self.config.behaviour
        selected = windows(times, segments, sizes.window_ms, sizes.steps, have_pauses=False)
        read = unit_vectors(posture) if self.family.unit_codes else posture
        codes = np.full((len(posture), sizes.code), np.nan, np.float32)
        for begin in range(0, len(selected), WINDOWS):
            check_cancelled(cancel)
            part = slice(begin, begin + WINDOWS)
            batch = torch.from_numpy(selected.of(read, part)).to(self.device)
            codes[selected.centres[part]] = self._behaviour(batch).float().cpu().numpy()
        valid = np.zeros(len(posture), bool)
        valid[selected.centres] = True
        return codes, valid


@dataclass(frozen=True)
class EncoderOf:
    """Function that loads the encoders of a run. It can be pickled and sent to the workers of a cluster.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    device : str
        Compute device, see `choose_device`. With ``"auto"``, each worker chooses its own device.
    """

    folder: Path
    device: str = "cpu"

    def __call__(self) -> ModelEncoder:
        """Load the encoders.

        Returns
        -------
        ModelEncoder
            Both encoders, on the compute device.
        """
        return ModelEncoder.load(self.folder, choose_device(self.device))
