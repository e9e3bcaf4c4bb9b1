"""The published networks: CaffeNet, whose layer fc6 is posture, and an LSTM after it, which is behaviour.

Architecture of Brattoli, Büchler et al., Nature Machine Intelligence 2021 (arXiv 2012.09237): CaffeNet
(Jia et al., arXiv 1408.5093) with a recurrent layer on fc7.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_ubam.models.config import ModelConfig
from napari_ubam.models.networks import BehaviourNetwork, PostureNetwork
from napari_ubam.models.stem import OrientedGradients

BIAS = 0.1  # of all layers at the start


def _convolutions(widths: tuple[int, int, int, int, int]) -> nn.Sequential:
    a, b, c, d, e = widths
    return nn.Sequential(
        *(nn.Conv2d(3, a, 11, 4), nn.ReLU(), nn.MaxPool2d(3, 2), nn.LocalResponseNorm(5)),
        *(nn.Conv2d(a, b, 5, padding=2, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2), nn.LocalResponseNorm(5)),
        *(nn.Conv2d(b, c, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(c, d, 3, padding=1, groups=2), nn.ReLU()),
        *(nn.Conv2d(d, e, 3, padding=1, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
    )


class Ubam2021Posture(PostureNetwork):
    """CaffeNet up to its layer fc6.

    Parameters
    ----------
    config : ModelConfig
        Sizes, of the preset ``paper``.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.side = config.published.side
        self.convolutions = _convolutions(config.published.widths)
        cells = self.convolutions(torch.zeros(1, 3, self.side, self.side)).numel()
        self.fc6 = nn.Linear(cells, config.posture.code)
        self.apply(_begin)

    def forward(self, crops: Tensor) -> Tensor:
        """Encode crops.

        Parameters
        ----------
        crops : (n, 1, y, x) or (n, 3, y, x) float tensor
            Grey or RGB, 0 to 1; stretched to a square, as published.

        Returns
        -------
        (n, code) float tensor
            Compare codes by the cosine.
        """
        return self.codes(self.convolved(crops))

    def convolved(self, crops: Tensor) -> Tensor:
        """Give maps of crops, laid flat (n, cells)."""
        # As published, blue comes first.
        images = crops.expand(-1, 3, -1, -1).flip(1)
        square = (self.side, self.side)
        if images.shape[-2:] != square:
            images = F.interpolate(images, size=square, mode="bilinear", align_corners=False)
        # Faster on processors; the result is the same.
        images = images.contiguous(memory_format=torch.channels_last)
        found: Tensor = self.convolutions(images).contiguous().flatten(1)
        return found

    def codes(self, maps: Tensor) -> Tensor:
        """Give layer fc6 of what `convolved` gives, (n, code)."""
        return F.relu(self.fc6(maps))

    def maps(self, crops: Tensor) -> Tensor:
        """Gradient maps of crops, which the checks of a training compare the codes with."""
        found: Tensor = OrientedGradients(4, 2).to(crops.device)(crops.mean(1, keepdim=True))
        return found


class Ubam2021Behaviour(BehaviourNetwork):
    """Layer fc7 and the LSTM; its state after the last frame is the code.

    Parameters
    ----------
    config : ModelConfig
        Sizes, of the preset ``paper``.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        sizes = config.published
        self.fc7 = nn.Linear(config.posture.code, sizes.inner)
        self.drop = nn.Dropout(sizes.dropout)
        self.lstm = nn.LSTM(sizes.inner, config.behaviour.code, batch_first=True)
        self.apply(_begin)

    def forward(self, windows: Tensor) -> Tensor:
        """Encode windows.

        Parameters
        ----------
        windows : (n, steps, posture) float tensor
            Posture codes at equal steps of time, of the length that they have.

        Returns
        -------
        (n, code) float tensor
            Compare codes by the cosine.
        """
        return self.ordered(self.inner(windows))

    def inner(self, codes: Tensor) -> Tensor:
        """Layer fc7 of posture codes (..., posture), (..., inner)."""
        found: Tensor = self.drop(F.relu(self.fc7(codes)))
        return found

    def ordered(self, inner: Tensor) -> Tensor:
        """State of the LSTM after (n, steps, inner), (n, code)."""
        states, _ = self.lstm(inner)
        last: Tensor = states[:, -1]
        return last


def _begin(module: nn.Module) -> None:
    """Draw weights as published: Xavier's normal distribution, and one bias for all."""
    if isinstance(module, nn.Conv2d | nn.Linear | nn.LSTM):
        for parameter in module.parameters(recurse=False):
            if parameter.ndim > 1:
                nn.init.xavier_normal_(parameter)
            else:
                nn.init.constant_(parameter, BIAS)
