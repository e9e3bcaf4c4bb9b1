"""What every network of a family offers, whatever it is made of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


class PostureNetwork(nn.Module):
    """From crops to posture codes."""

    maps: Callable[[Tensor], Tensor]
    """Gradient maps (n, channels, y, x) of crops; the checks of a training compare the codes with them."""

    def raw(self, crops: Tensor) -> Tensor:
        """Encode crops (n, 1 or 3, y, x) without layers that are fitted after the training, (n, code)."""
        codes: Tensor = self(crops)
        return codes


class BehaviourNetwork(nn.Module):
    """From windows of posture codes to behaviour codes."""

    def raw(self, windows: Tensor) -> Tensor:
        """Encode windows (n, steps, posture) without layers fitted after the training, (n, code)."""
        codes: Tensor = self(windows)
        return codes


class MagnifierNetwork(nn.Module):
    """Shows a frame in another posture."""

    def coefficients(self, codes: Tensor) -> Tensor:
        """Turn posture codes (n, code) into coefficients (n, components); a factor scales their change."""
        raise NotImplementedError


@torch.inference_mode()
def coefficients_of(network: MagnifierNetwork, posture: NDArray[np.floating]) -> NDArray[np.float32]:
    """Turn the posture codes of a recording into coefficients.

    Parameters
    ----------
    network : MagnifierNetwork
    posture : (t, d) float array
        Codes; NaN where there is none.

    Returns
    -------
    (t, components) float32 array
        Rows of frames without a code mean nothing.
    """
    values = torch.from_numpy(np.nan_to_num(posture.astype(np.float32)))
    found: NDArray[np.float32] = network.coefficients(values).numpy()
    return found
