"""Both encoders of a run with their weights, ready to be used."""

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

WINDOWS = 256  # windows that are encoded at once


def crops_for(config: ModelConfig) -> CropSpec:
    """Crops that the networks of a configuration take."""
    return CropSpec(*config.posture.size, colour=config.posture.colour)


def config_of(folder: Path) -> ModelConfig:
    """Read the configuration of a run's model.

    Parameters
    ----------
    folder : Path
        Folder of the run.

    Raises
    ------
    WeightsError
        If there is no model, or it cannot be read.
    """
    return ModelConfig.model_validate(read_header(folder / POSTURE).config)


class ModelEncoder:
    """Turns crops into posture codes, and those into behaviour codes.

    Parameters
    ----------
    config : ModelConfig
        Sizes.
    posture : PostureNetwork
    behaviour : BehaviourNetwork
    device : torch.device
        Where to compute.
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

        Raises
        ------
        WeightsError
            If weights are missing, damaged, of another network or of two different trainings.
        """
        tensors, header = load_weights(folder / POSTURE, "posture")
        config = ModelConfig.model_validate(header.config)
        family = family_of(config)
        posture = family.posture_encoder(config)
        load_into(posture, tensors, folder / POSTURE)
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
        """Crops that it takes."""
        return crops_for(self.config)

    @torch.inference_mode()
    def posture(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Encode frames.

        Parameters
        ----------
        crops : (n, y, x) or (n, y, x, 3) uint8 array
            Grey or RGB, as ``spec`` says.

        Returns
        -------
        (n, d) float32 array
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
        """Encode the windows that are centred on each frame.

        Parameters
        ----------
        posture : (t, d) float32 array
        times : (t,) float64 array
            Seconds of each frame.
        segments : sequence of range
            Rows without a gap; no window reaches over the end of one.
        cancel : Cancel, optional

        Returns
        -------
        behaviour : (t, e) float32 array
            NaN where the window is not whole.
        valid : (t,) bool array
            Frames whose window is whole.

        Raises
        ------
        Cancelled
            When ``cancel`` is set.
        """
        sizes = self.config.behaviour
        laid = windows(times, segments, sizes.window_ms, sizes.steps)
        read = unit_vectors(posture) if self.family.unit_codes else posture
        codes = np.full((len(posture), sizes.code), np.nan, np.float32)
        for begin in range(0, len(laid), WINDOWS):
            check_cancelled(cancel)
            part = slice(begin, begin + WINDOWS)
            batch = torch.from_numpy(laid.of(read, part)).to(self.device)
            codes[laid.centres[part]] = self._behaviour(batch).float().cpu().numpy()
        valid = np.zeros(len(posture), bool)
        valid[laid.centres] = True
        return codes, valid


@dataclass(frozen=True)
class EncoderOf:
    """Loads the encoders of a run's folder; can be sent to the workers of a cluster.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    device : str
        As `choose_device` takes it, chosen where the encoders are loaded: ``"auto"`` may be another device
        on each worker.
    """

    folder: Path
    device: str = "cpu"

    def __call__(self) -> ModelEncoder:
        """Load the encoders."""
        return ModelEncoder.load(self.folder, choose_device(self.device))
