"""Both encoders of a run with their weights, ready to be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from napari_ubam.crops import CropSpec
from napari_ubam.families.family import AnyBehaviour, AnyPosture, behaviour_encoder, posture_encoder
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.devices import choose_device
from napari_ubam.models.images import as_images
from napari_ubam.models.ubam2021.networks import Ubam2021Behaviour
from napari_ubam.models.weights import WeightsError, load_into, load_weights, weights_hash
from napari_ubam.models.windows import windows
from napari_ubam.progress import Cancel, check_cancelled
from napari_ubam.runfolder.paths import BEHAVIOUR, POSTURE

WINDOWS = 256  # windows that are encoded at once
PUBLISHED_PIECE = 32  # frames that the published network encodes at once, since its maps are large


def crops_for(config: ModelConfig) -> CropSpec:
    """Crops that the networks of a configuration take."""
    return CropSpec(*config.posture.size, colour=config.posture.colour)


def comparable(posture: NDArray[np.float32], behaviour: AnyBehaviour) -> NDArray[np.float32]:
    """Posture codes (t, d) as a behaviour encoder reads them: of length 1, or as they are if published."""
    if isinstance(behaviour, Ubam2021Behaviour):
        return posture
    unit: NDArray[np.float32] = posture / np.maximum(np.linalg.norm(posture, axis=1, keepdims=True), 1e-9)
    return unit


class ModelEncoder:
    """Turns crops into posture codes, and those into behaviour codes.

    Parameters
    ----------
    config : ModelConfig
        Sizes.
    posture : PostureEncoder or Ubam2021Posture
    behaviour : BehaviourEncoder or Ubam2021Behaviour
    device : torch.device
        Where to compute.
    """

    def __init__(
        self,
        config: ModelConfig,
        posture: AnyPosture,
        behaviour: AnyBehaviour,
        device: torch.device | str = "cpu",
    ) -> None:
        self.config, self.device = config, torch.device(device)
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
            Of the run.
        device : torch.device or str

        Raises
        ------
        WeightsError
            If weights are missing, damaged, of another network or of two different trainings.
        """
        tensors, header = load_weights(folder / POSTURE, "posture")
        config = ModelConfig.model_validate(header.config)
        posture = posture_encoder(config)
        load_into(posture, tensors, folder / POSTURE)
        behaviour = behaviour_encoder(config)
        tensors, other = load_weights(folder / BEHAVIOUR, "behaviour")
        if other.trained_on and other.trained_on != weights_hash(posture.state_dict()):
            raise WeightsError(
                f"{folder / BEHAVIOUR} was trained on another posture encoder than {POSTURE} beside it, as "
                "when saving was cut off; resume the training, or train anew."
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
        size = max(len(crops), 1) if self.config.paper is None else PUBLISHED_PIECE
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
        read = comparable(posture, self._behaviour)
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
        Of the run.
    device : str
        As `choose_device` takes it, chosen where the encoders are loaded: ``"auto"`` may be another device
        on each worker.
    """

    folder: Path
    device: str = "cpu"

    def __call__(self) -> ModelEncoder:
        """Load the encoders."""
        return ModelEncoder.load(self.folder, choose_device(self.device))
