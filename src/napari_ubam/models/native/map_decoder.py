"""Draws gradient maps from a posture code; only training needs it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WIDTH = 16


class MapDecoder(nn.Module):
    """Tells how a frame's gradient maps differ from the mean maps of its recording.

    The mean brings the looks of the individual and of the place, so that the code need not: what is left to
    tell is posture.

    Parameters
    ----------
    code : int
        Numbers in the posture code.
    channels : int
        Gradient maps.
    shape : tuple of int
        Rows and columns of the maps that are drawn.
    """

    def __init__(self, code: int, channels: int, shape: tuple[int, int]) -> None:
        super().__init__()
        self.shape, self.coarse = shape, (max(shape[0] // 2, 1), max(shape[1] // 2, 1))
        self.place = nn.Linear(code, WIDTH * self.coarse[0] * self.coarse[1])
        self.looks = nn.Sequential(
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
        """Draw maps.

        Parameters
        ----------
        codes : (n, d) tensor
            Posture codes; only their direction counts.
        means : (n, channels, y, x) tensor
            Mean maps of the recordings that they come from.

        Returns
        -------
        (n, channels, y, x) tensor
            To be added to ``means``.
        """
        codes = F.normalize(codes, dim=-1) * codes.shape[-1] ** 0.5
        places = F.relu(self.place(codes)).view(len(codes), WIDTH, *self.coarse)
        places = F.interpolate(places, size=self.shape, mode="bilinear", align_corners=False)
        drawn: Tensor = self.draw(torch.cat([places, self.looks(means)], 1))
        return drawn
