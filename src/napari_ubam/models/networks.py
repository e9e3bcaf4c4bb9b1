"""What the networks of every family have in common."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


class PostureNetwork(nn.Module):
    """Posture encoder: from crops to posture codes."""

    maps: Callable[[Tensor], Tensor]
    """Gradient maps (n, channels, y, x) of crops. The checks of a training compare the codes with them."""

    def load_beside(self, folder: Path) -> None:
        """Read weights that lie beside those of this network. Most networks have none.

        Parameters
        ----------
        folder : Path
            Folder of the run.

        Raises
        ------
        UbamError
            If they are missing or damaged.
        """

    def raw(self, crops: Tensor) -> Tensor:
        """Encode crops without the layers that are fitted after the training.

        Parameters
        ----------
        crops : (n, 1, y, x) or (n, 3, y, x) float tensor
            Brightness or RGB, 0 to 1.

        Returns
        -------
        (n, code) float tensor
        """
        codes: Tensor = self(crops)
        return codes


class BehaviourNetwork(nn.Module):
    """Behaviour encoder: from windows of posture codes to behaviour codes."""

    def raw(self, windows: Tensor) -> Tensor:
        """Encode windows without the layers that are fitted after the training.

        Parameters
        ----------
        windows : (n, steps, posture) float tensor
            Posture codes at equal time steps.

        Returns
        -------
        (n, code) float tensor
        """
        codes: Tensor = self(windows)
        return codes


class MagnifierNetwork(nn.Module):
    """Magnifier: shows a frame in another posture."""

    def coefficients(self, codes: Tensor) -> Tensor:
        """Turn posture codes into coefficients. A magnification factor scales their change.

        Parameters
        ----------
        codes : (n, code) float tensor
            Posture codes.

        Returns
        -------
        (n, components) float tensor
        """
        raise NotImplementedError


@torch.inference_mode()
def coefficients_of(network: MagnifierNetwork, posture: NDArray[np.floating]) -> NDArray[np.float32]:
    """Turn the posture codes of a recording into coefficients.

    Parameters
    ----------
    network : MagnifierNetwork
        Magnifier, on the CPU.
    posture : (t, d) float array
        Posture codes, NaN for frames without a code.

    Returns
    -------
    (t, components) float32 array
        Rows of frames without a code have no meaning.
    """
    values = torch.from_numpy(np.nan_to_num(posture.astype(np.float32)))
    coefficients: NDArray[np.float32] = network.coefficients(values).numpy()
    return coefficients
