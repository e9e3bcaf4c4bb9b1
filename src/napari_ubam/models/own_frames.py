"""Frames of a recording that a frame is compared with."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor

APART = 2  # frames; nearer ones in time look the same


@dataclass(frozen=True)
class OwnFrames:
    """Frames of a recording with their coefficients.

    Parameters
    ----------
    numbers : (n,) int64 tensor
        Frame numbers.
    crops : (n, 1, y, x) or (n, 3, y, x) float tensor
        Brightness or RGB, 0 to 1.
    coefficients : (n, components) float tensor
        Coefficients of their postures.
    """

    numbers: Tensor
    crops: Tensor
    coefficients: Tensor

    def nearest(self, number: int, own: Tensor, count: int) -> OwnFrames:
        """Choose the frames with the most similar coefficients, but not those near in time.

        Parameters
        ----------
        number : int
            Frame number.
        own : (1, components) float tensor
            Coefficients of its posture.
        count : int
            Number of frames at most.

        Returns
        -------
        OwnFrames
        """
        away = ((self.numbers - number).abs() >= APART).nonzero()[:, 0]
        distance = (self.coefficients[away] - own).square().sum(1)
        chosen = away[distance.argsort()[:count]]
        return replace(
            self,
            numbers=self.numbers[chosen],
            crops=self.crops[chosen],
            coefficients=self.coefficients[chosen],
        )
