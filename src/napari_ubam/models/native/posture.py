"""The posture encoder: from a crop to a posture code."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

from napari_ubam.models.config import PostureConfig
from napari_ubam.models.networks import PostureNetwork
from napari_ubam.models.stem import OrientedGradients
from napari_ubam.models.whitening import Whitening


class Block(nn.Module):
    """Residual block of two convolutions. It halves height and width of the maps.

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
        """Apply the block.

        Parameters
        ----------
        maps : (n, inside, y, x) tensor

        Returns
        -------
        (n, outside, y / 2, x / 2) tensor
        """
        inner = F.relu(self.first_norm(self.first(maps)))
        around = self.shortcut(F.avg_pool2d(maps, 2, ceil_mode=True))
        return F.relu(around + self.second_norm(self.second(inner)))


class GridEncoder(PostureNetwork):
    """Small residual network on maps of features. It has no pooling over positions.

    Parameters
    ----------
    config : PostureConfig
        Size of the code, and channels of the last maps.
    widths : sequence of int
        Channels of the features, and of each stage.
    cells : tuple of int
        Rows and columns of the features.
    """

    def __init__(self, config: PostureConfig, widths: Sequence[int], cells: tuple[int, int]) -> None:
        super().__init__()
        self.config = config
        self.maps = OrientedGradients(config.stride, config.harmonics)
        self.stages = nn.Sequential(*(Block(*pair) for pair in pairwise(widths)))
        self.reduce = nn.Conv2d(widths[-1], config.grid, 1)
        rows, columns = cells
        for _ in widths[1:]:
            rows, columns = -(-rows // 2), -(-columns // 2)
        self.project = nn.Linear(config.grid * rows * columns, config.code)
        self.whiten = Whitening(config.code)

    def forward(self, crops: Tensor) -> Tensor:
        """Encode crops.

        Parameters
        ----------
        crops : (n, 1, y, x) float tensor
            Brightness, 0 to 1.

        Returns
        -------
        (n, code) float tensor
            Codes are compared by their cosine.
        """
        codes: Tensor = self.whiten(self.raw(crops))
        return codes

    def raw(self, crops: Tensor) -> Tensor:
        """Encode crops before whitening.

        Parameters
        ----------
        crops : (n, 1, y, x) float tensor
            Brightness, 0 to 1.

        Returns
        -------
        (n, code) float tensor
        """
        return self.encode(self.features(crops))

    def features(self, crops: Tensor) -> Tensor:
        """Compute the features from which the network learns.

        Parameters
        ----------
        crops : (n, 1, y, x) float tensor
            Brightness, 0 to 1.

        Returns
        -------
        (n, channels, rows, columns) float tensor
        """
        raise NotImplementedError

    def encode(self, features: Tensor) -> Tensor:
        """Encode features.

        Parameters
        ----------
        features : (n, channels, rows, columns) float tensor
            As `features` returns them.

        Returns
        -------
        (n, code) float tensor
            Codes before whitening.
        """
        grid = F.relu(self.reduce(self.stages(features)))
        codes: Tensor = self.project(grid.flatten(1))
        return codes


class PostureEncoder(GridEncoder):
    """Small residual network on fixed gradient maps.

    Parameters
    ----------
    config : PostureConfig
        Sizes of the network.
    """

    def __init__(self, config: PostureConfig) -> None:
        widths = (1 + 2 * config.harmonics, *config.widths)
        rows, columns = (side // config.stride for side in config.size)
        super().__init__(config, widths, (rows, columns))

    def features(self, crops: Tensor) -> Tensor:
        """Compute gradient maps; see `GridEncoder.features`."""
        maps: Tensor = self.maps(crops)
        return maps
