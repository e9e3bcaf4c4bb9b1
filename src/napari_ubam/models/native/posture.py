"""The posture encoder: from a crop to the code of what the body does in it."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

from napari_ubam.models.config import PostureConfig
from napari_ubam.models.networks import PostureNetwork
from napari_ubam.models.stem import OrientedGradients
from napari_ubam.models.whitening import Whitening


class Block(nn.Module):
    """Residual block of two convolutions, which halves the maps.

    Parameters
    ----------
    inside, outside : int
        Channels before and after; ``outside`` a multiple of 8.
    """

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inside, outside, 3, 2, 1, bias=False)
        self.first_norm = nn.GroupNorm(8, outside)
        self.second = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.second_norm = nn.GroupNorm(8, outside)
        self.shortcut = nn.Conv2d(inside, outside, 1)

    def forward(self, maps: Tensor) -> Tensor:
        """Turn (n, inside, y, x) maps into (n, outside, y / 2, x / 2)."""
        inner = F.relu(self.first_norm(self.first(maps)))
        around = self.shortcut(F.avg_pool2d(maps, 2, ceil_mode=True))
        return F.relu(around + self.second_norm(self.second(inner)))


class PostureEncoder(PostureNetwork):
    """Small residual network on fixed gradient maps; the grid of places is kept up to the projection.

    Parameters
    ----------
    config : PostureConfig
        Sizes.
    """

    def __init__(self, config: PostureConfig) -> None:
        super().__init__()
        self.config = config
        self.maps = OrientedGradients(config.stride, config.harmonics)
        widths = (self.maps.channels, *config.widths)
        self.stages = nn.Sequential(*(Block(*pair) for pair in pairwise(widths)))
        self.reduce = nn.Conv2d(widths[-1], config.grid, 1)
        rows, columns = (side // config.stride for side in config.size)
        for _ in config.widths:
            rows, columns = -(-rows // 2), -(-columns // 2)
        self.project = nn.Linear(config.grid * rows * columns, config.code)
        self.whiten = Whitening(config.code)

    def forward(self, crops: Tensor) -> Tensor:
        """Encode crops.

        Parameters
        ----------
        crops : (n, 1, y, x) float tensor
            Grey levels, 0 to 1.

        Returns
        -------
        (n, code) float tensor
            Compare codes by the cosine.
        """
        codes: Tensor = self.whiten(self.raw(crops))
        return codes

    def raw(self, crops: Tensor) -> Tensor:
        """Encode crops into the codes that are trained, which only then are whitened."""
        grid = F.relu(self.reduce(self.stages(self.maps(crops))))
        codes: Tensor = self.project(grid.flatten(1))
        return codes
