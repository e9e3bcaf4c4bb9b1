"""Reconstructs gradient maps from a posture code; it is used in the training only."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WIDTH = 16


class MapDecoder(nn.Module):
    """Reconstructs the difference between the gradient maps of a frame and the mean maps of its recording.

    The mean maps contain the appearance of subject and surroundings, so that the code only needs posture.

    Parameters
    ----------
    code : int
        Dimensions of the posture code.
    channels : int
        Number of gradient maps.
    shape : tuple of int
        Height and width of the maps.
    """

    def __init__(self, code: int, channels: int, shape: tuple[int, int]) -> None:
        super().__init__()
        self.shape, self.coarse = shape, (max(shape[0] // 2, 1), max(shape[1] // 2, 1))
        self.place = nn.Linear(code, WIDTH * self.coarse[0] * self.coarse[1])
        self.appearance = nn.Sequential(
            nn.Conv2d(channels, WIDTH, 3, 1, 1), nn.ReLU(), nn.Conv2d(WIDTH, WIDTH, 3, 1, 1), nn.ReLU()
        )
        self.draw = nn.Sequential(
            nn.Conv2d(2 * WIDTH, WIDTH, 3, 1, 1),
            nn.ReLU(),
            nn.Conv2d(WIDTH, WIDTH, 3, 1, 1),
            nn.ReLU(),
            nn.Conv2d(WIDTH, channels, 1),
        )

    def forward(self, codes: Tensor, means: Tensor) -> Tensor:
        """Reconstruct maps.

        Parameters
        ----------
        codes : (n, code) tensor
            Posture codes; only their direction counts.
        means : (n, channels, y, x) tensor
            Mean maps of the recordings.

        Returns
        -------
        (n, channels, y, x) tensor
            Differences from ``means``.
        """
        codes = F.normalize(codes, dim=-1) * codes.shape[-1] ** 0.5
        places = F.relu(self.place(codes)).view(len(codes), WIDTH, *self.coarse)
        places = F.interpolate(places, size=self.shape, mode="bilinear", align_corners=False)
        maps: Tensor = self.draw(torch.cat([places, self.appearance(means)], 1))
        return maps
