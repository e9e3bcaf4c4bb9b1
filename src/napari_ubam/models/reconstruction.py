"""Draws gradient maps from a posture code; only training needs it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WIDTH = 48


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
    side : int
        Cells along each axis of the maps that are drawn.
    """

    def __init__(self, code: int, channels: int, side: int) -> None:
        super().__init__()
        self.side, self.coarse = side, max(side // 2, 1)
        self.place = nn.Linear(code, WIDTH * self.coarse**2)
        self.looks = nn.Sequential(
            nn.Conv2d(channels, 32, 3, 1, 1), nn.ReLU(), nn.Conv2d(32, WIDTH, 3, 1, 1), nn.ReLU()
        )
        self.draw = nn.Sequential(
            nn.Conv2d(2 * WIDTH, 64, 3, 1, 1),
            nn.ReLU(),
            nn.Conv2d(64, 64, 3, 1, 1),
            nn.ReLU(),
            nn.Conv2d(64, channels, 1),
        )

    def forward(self, codes: Tensor, means: Tensor) -> Tensor:
        """Draw maps.

        Parameters
        ----------
        codes : (n, d) tensor
            Posture codes; only their direction counts.
        means : (n, channels, side, side) tensor
            Mean maps of the recordings that they come from.

        Returns
        -------
        (n, channels, side, side) tensor
            To be added to ``means``.
        """
        codes = F.normalize(codes, dim=-1) * codes.shape[-1] ** 0.5
        places = F.relu(self.place(codes)).view(len(codes), WIDTH, self.coarse, self.coarse)
        places = F.interpolate(places, size=(self.side, self.side), mode="bilinear", align_corners=False)
        drawn: Tensor = self.draw(torch.cat([places, self.looks(means)], 1))
        return drawn
