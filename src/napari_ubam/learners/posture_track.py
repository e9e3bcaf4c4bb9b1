"""Postures of a recording with the windows on them, and windows in wrong order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_ubam.analysis.unit_vectors import unit_vectors
from napari_ubam.models.windows import Windows

STILL = 0.35  # times the median motion; windows with less motion have no order to learn


@dataclass(frozen=True)
class PostureTrack:
    """Postures of a recording, and the windows on them.

    Parameters
    ----------
    posture : (t, d) float32 array
        Posture codes.
    windows : Windows
        At least one window.
    motion : (n,) float32 array
        Motion of each window, see `motion_of`.
    """

    posture: NDArray[np.float32]
    windows: Windows
    motion: NDArray[np.float32]

    @classmethod
    def of(cls, posture: NDArray[np.float32], windows: Windows, *, unit: bool = True) -> PostureTrack:
        """Measure the motion of the windows of a recording.

        Parameters
        ----------
        posture : (t, d) float32 array
            Posture codes.
        windows : Windows
            At least one window.
        unit : bool
            Whether to scale the codes to length 1 first.

        Returns
        -------
        PostureTrack
        """
        if unit:
            posture = unit_vectors(posture)
        blocks = np.array_split(np.arange(len(windows)), max(1, len(windows) // 256))
        motion = np.concatenate([motion_of(windows.of(posture, block)) for block in blocks])
        return cls(posture.astype(np.float32), windows, motion)

    def of_windows(self, which: NDArray[np.integer[Any]] | NDArray[np.bool_]) -> PostureTrack:
        """Keep some of the windows.

        Parameters
        ----------
        which : array of int or bool
            Indices of the windows, or one value for each window.

        Returns
        -------
        PostureTrack
            With the postures of the whole recording.
        """
        own = self.windows
        kept = Windows(own.centres[which], own.before[which], own.weight[which])
        return PostureTrack(self.posture, kept, self.motion[which])


def motion_of(codes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Motion of windows: the standard deviation of posture over the window.

    Parameters
    ----------
    codes : (n, steps, d) float32 array
        Posture codes of each window.

    Returns
    -------
    (n,) float32 array
        Square root of the variance, summed over dimensions.
    """
    motion: NDArray[np.float32] = np.sqrt(codes.var(axis=1).sum(axis=1))
    return motion


def shuffled(windows: Tensor, hardness: float) -> Tensor:
    """Shuffle the steps of windows.

    Parameters
    ----------
    windows : (n, steps, d) tensor
        Windows in order.
    hardness : float
        0 shuffles all steps. The closer to 1, the less far each step moves. 1 swaps two neighbours.

    Returns
    -------
    (n, steps, d) tensor
        No window is in order.
    """
    count, steps, _ = windows.shape
    device = windows.device
    bias = hardness**2 / 1.5  # towards the true order, against random numbers from 0 to 1
    keys = bias * torch.arange(steps, device=device) + torch.rand(count, steps, device=device)
    order = keys.argsort(1)
    first = torch.randint(0, steps - 1, (count, 1), device=device)
    # Windows that are still in order get two neighbours swapped.
    unchanged = (order == torch.arange(steps, device=device)).all(1, keepdim=True)
    swap = torch.arange(steps, device=device).expand(count, steps).clone()
    swap.scatter_(1, first, first + 1).scatter_(1, first + 1, first)
    order = torch.where(unchanged, swap, order)
    return windows.gather(1, order[..., None].expand_as(windows))
