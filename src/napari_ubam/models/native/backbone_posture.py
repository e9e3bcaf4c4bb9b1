"""The posture encoder on the features of a pretrained network."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_ubam.models.backbones.local import load_network
from napari_ubam.models.backbones.network import Backbone, cells_of
from napari_ubam.models.config import PostureConfig

from .posture import GridEncoder, PostureEncoder

LAST_CELLS = 4  # along each side, in the last maps: as in the presets without a backbone


class BackboneEncoder(GridEncoder):
    """Small residual network on the features of a pretrained network.

    A frozen backbone is no part of the weights of this network: they lie beside each other in the folder of a
    run. A backbone that is tuned is a part of it.

    Parameters
    ----------
    config : PostureConfig
        Sizes of the network, with a backbone.
    """

    def __init__(self, config: PostureConfig) -> None:
        chosen = config.backbone
        assert chosen is not None
        cells = cells_of(config, chosen)
        widths = _widths(config, cells)
        super().__init__(config, widths, cells)
        self.cells = cells
        self.narrow = nn.Conv2d(chosen.channels, widths[0], 1, bias=False)
        self.narrow_norm = nn.GroupNorm(8, widths[0])
        self.register_buffer("centre", torch.zeros(1, chosen.channels, 1, 1))
        self.register_buffer("spread", torch.ones(1, chosen.channels, 1, 1))
        self.centre: Tensor
        self.spread: Tensor
        self.backbone = Backbone(config) if chosen.tuned else None
        self._frozen: tuple[Backbone, ...] = ()  # a tuple hides it from the weights of this network

    @property
    def tuned(self) -> bool:
        """Whether the backbone is trained with the rest."""
        return self.backbone is not None

    def load_beside(self, folder: Path) -> None:
        """Read the weights of a frozen backbone; see `PostureNetwork.load_beside`."""
        if not self.tuned:
            self._frozen = (load_network(folder, self.config),)

    def start_from(self, folder: Path) -> None:
        """Give the backbone its pretrained weights, before a training.

        Parameters
        ----------
        folder : Path
            Folder of the run.

        Raises
        ------
        BackboneError
            If the weights are missing or damaged.
        """
        if self.backbone is None:
            self.load_beside(folder)
        else:
            self.backbone.load_state_dict(load_network(folder, self.config).state_dict())

    def features(self, crops: Tensor) -> Tensor:
        """Compute the features of the backbone; see `GridEncoder.features`."""
        if self.backbone is not None:
            tuned: Tensor = self.backbone(crops)
            return tuned
        (frozen,) = self._frozen
        with torch.no_grad():
            fixed: Tensor = frozen.to(crops.device)(crops)
        return fixed

    def encode(self, features: Tensor) -> Tensor:
        """Encode features; see `GridEncoder.encode`."""
        return self.encode_standardised(self.standardised(features))

    def encode_standardised(self, features: Tensor) -> Tensor:
        """Encode features that `standardised` returned.

        Parameters
        ----------
        features : (n, channels, rows, columns) float tensor
            With mean 0 and standard deviation 1 in each channel.

        Returns
        -------
        (n, code) float tensor
            Codes before whitening.
        """
        return super().encode(F.relu(self.narrow_norm(self.narrow(features))))

    def standardised(self, features: Tensor) -> Tensor:
        """Give each channel of features the mean 0 and the standard deviation 1, as over the training.

        Parameters
        ----------
        features : (n, channels, rows, columns) float tensor
            As `features` returns them.

        Returns
        -------
        (n, channels, rows, columns) float tensor
        """
        return (features.float() - self.centre) / self.spread

    @torch.no_grad()
    def fit_scale(self, features: Tensor) -> None:
        """Measure mean and standard deviation of each channel.

        Parameters
        ----------
        features : (n, channels, rows, columns) float tensor
            Features of frames of all recordings.
        """
        spread, centre = torch.std_mean(features.float(), (0, 2, 3), keepdim=True)
        self.centre.copy_(centre)
        self.spread.copy_(spread.clamp_min(1e-6))


def posture_encoder(config: PostureConfig) -> GridEncoder:
    """Make a posture encoder with random weights.

    Parameters
    ----------
    config : PostureConfig
        Sizes of the network, with or without a backbone.

    Returns
    -------
    GridEncoder

    Raises
    ------
    BackboneError
        If a backbone is to be tuned and timm is not installed.
    """
    return PostureEncoder(config) if config.backbone is None else BackboneEncoder(config)


def _widths(config: PostureConfig, cells: tuple[int, int]) -> tuple[int, ...]:
    """Channels of the projected features and of the stages that halve them to few cells."""
    halvings = round(math.log2(math.sqrt(cells[0] * cells[1]) / LAST_CELLS))
    return config.widths[-(1 + min(max(halvings, 1), len(config.widths) - 1)) :]
