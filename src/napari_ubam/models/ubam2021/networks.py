"""The encoders that were published in 2021: CaffeNet for posture, and an LSTM for behaviour.

Architecture of Brattoli, Büchler et al., Nature Machine Intelligence 2021 (arXiv 2012.09237): CaffeNet
(Jia et al., arXiv 1408.5093), whose layer fc6 is the posture code, with a recurrent layer on fc7.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_ubam.models.config import ModelConfig
from napari_ubam.models.networks import BehaviourNetwork, PostureNetwork
from napari_ubam.models.stem import OrientedGradients

from .sizes import Ubam2021Sizes

BIAS = 0.1  # initial bias of all layers


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
    """CaffeNet up to its layer fc6, which is the posture code.

    Parameters
    ----------
    config : ModelConfig
        Configuration of the family ``ubam2021``.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        sizes = Ubam2021Sizes.of(config)
        self.side = sizes.side
        self.convolutions = _convolutions(sizes.widths)
        cells = self.convolutions(torch.zeros(1, 3, self.side, self.side)).numel()
        self.fc6 = nn.Linear(cells, config.posture.code)
        self.apply(_initialise)

    def forward(self, crops: Tensor) -> Tensor:
        """Encode crops.

        Parameters
        ----------
        crops : (n, 1, y, x) or (n, 3, y, x) float tensor
            Brightness or RGB, 0 to 1. They are stretched to a square, as published.

        Returns
        -------
        (n, code) float tensor
            Codes are compared by their cosine.
        """
        return self.codes(self.convolved(crops))

    def convolved(self, crops: Tensor) -> Tensor:
        """Apply the convolutions.

        Parameters
        ----------
        crops : (n, 1, y, x) or (n, 3, y, x) float tensor
            Brightness or RGB, 0 to 1.

        Returns
        -------
        (n, cells) float tensor
            Flattened maps.
        """
        images = crops.expand(-1, 3, -1, -1).flip(1)  # BGR, as published
        square = (self.side, self.side)
        if images.shape[-2:] != square:
            images = F.interpolate(images, size=square, mode="bilinear", align_corners=False)
        # Faster on a CPU, with the same result.
        images = images.contiguous(memory_format=torch.channels_last)
        flat: Tensor = self.convolutions(images).contiguous().flatten(1)
        return flat

    def codes(self, maps: Tensor) -> Tensor:
        """Apply layer fc6.

        Parameters
        ----------
        maps : (n, cells) float tensor
            Output of `convolved`.

        Returns
        -------
        (n, code) float tensor
        """
        return F.relu(self.fc6(maps))

    def maps(self, crops: Tensor) -> Tensor:
        """Compute gradient maps, with which the checks of a training compare the codes.

        Parameters
        ----------
        crops : (n, 1, y, x) or (n, 3, y, x) float tensor
            Brightness or RGB, 0 to 1.

        Returns
        -------
        (n, 5, y / 4, x / 4) float tensor
        """
        maps: Tensor = OrientedGradients(4, 2).to(crops.device)(crops.mean(1, keepdim=True))
        return maps


class Ubam2021Behaviour(BehaviourNetwork):
    """Layer fc7 and the LSTM, whose state after the last frame is the behaviour code.

    Parameters
    ----------
    config : ModelConfig
        Configuration of the family ``ubam2021``.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        sizes = Ubam2021Sizes.of(config)
        self.fc7 = nn.Linear(config.posture.code, sizes.inner)
        self.drop = nn.Dropout(sizes.dropout)
        self.lstm = nn.LSTM(sizes.inner, config.behaviour.code, batch_first=True)
        self.apply(_initialise)

    def forward(self, windows: Tensor) -> Tensor:
        """Encode windows.

        Parameters
        ----------
        windows : (n, steps, posture) float tensor
            Posture codes at equal time steps. They are not normalised.

        Returns
        -------
        (n, code) float tensor
            Codes are compared by their cosine.
        """
        return self.recurrent(self.inner(windows))

    def inner(self, codes: Tensor) -> Tensor:
        """Apply layer fc7.

        Parameters
        ----------
        codes : (..., posture) float tensor
            Posture codes.

        Returns
        -------
        (..., inner) float tensor
        """
        inner: Tensor = self.drop(F.relu(self.fc7(codes)))
        return inner

    def recurrent(self, inner: Tensor) -> Tensor:
        """Apply the LSTM.

        Parameters
        ----------
        inner : (n, steps, inner) float tensor
            Output of `inner` for the frames of each window.

        Returns
        -------
        (n, code) float tensor
            State after the last frame.
        """
        states, _ = self.lstm(inner)
        last: Tensor = states[:, -1]
        return last


def _initialise(module: nn.Module) -> None:
    """Initialise weights as published: Xavier's normal distribution, and a constant bias."""
    if isinstance(module, nn.Conv2d | nn.Linear | nn.LSTM):
        for parameter in module.parameters(recurse=False):
            if parameter.ndim > 1:
                nn.init.xavier_normal_(parameter)
            else:
                nn.init.constant_(parameter, BIAS)
