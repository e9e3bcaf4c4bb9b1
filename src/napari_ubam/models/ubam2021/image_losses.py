"""Losses that compare images: by a network for photographs that the user has, or by pixels and edges."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from napari_ubam.models.weights import WeightsError

from .checkpoint import read_checkpoint

# Channels of VGG-16 (Simonyan & Zisserman, arXiv 1409.1556) up to its tenth convolution; 0 is pooling.
CHANNELS = (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512)
COMPARED = (3, 8, 15, 22)  # layers whose maps are compared: the last one before each pooling layer
LEVELS = 4  # of the image pyramid
PIXEL_WEIGHT = 20.0  # brings the loss of usual images to the size that it has with VGG-16


class VggLoss(nn.Module):
    """Compares images by maps of VGG-16, as published.

    Parameters
    ----------
    path : Path
        Weights of VGG-16 with torchvision's names (``features.0.weight``), as ``.pth`` or ``.safetensors``.

    Raises
    ------
    WeightsError
        If the file does not hold such weights.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.layers = _vgg()
        tensors = _read(path)
        wanted = self.layers.state_dict()
        weights = {name: tensors.get(f"features.{name}", torch.empty(0)) for name in wanted}
        wrong = [name for name, tensor in weights.items() if tensor.shape != wanted[name].shape]
        if wrong:
            raise WeightsError(
                f"{path} has no 'features.{wrong[0]}' of the right shape for VGG-16; choose the weights of "
                "torchvision's vgg16."
            )
        self.layers.load_state_dict(weights)
        self.requires_grad_(False)

    def forward(self, images: Tensor, targets: Tensor) -> Tensor:
        """Compare images.

        Parameters
        ----------
        images, targets : (n, 3, y, x) float tensor
            RGB, 0 to 1.

        Returns
        -------
        scalar tensor
            0 if they are equal.
        """
        total = images.new_zeros(())
        for number, layer in enumerate(self.layers):
            images, targets = layer(images), layer(targets)
            if number in COMPARED:
                total = total + (images - targets).square().mean()
        return total


class PixelLoss(nn.Module):
    """Compares images by brightness and edges on a pyramid. It needs no weights."""

    def forward(self, images: Tensor, targets: Tensor) -> Tensor:
        """Compare images.

        Parameters
        ----------
        images, targets : (n, 3, y, x) float tensor
            RGB, 0 to 1.

        Returns
        -------
        scalar tensor
            0 if they are equal.
        """
        total = images.new_zeros(())
        for level in range(LEVELS):
            if level:
                images, targets = F.avg_pool2d(images, 2), F.avg_pool2d(targets, 2)
            difference = images - targets
            edges = difference.diff(dim=2).abs().mean() + difference.diff(dim=3).abs().mean()
            total = total + difference.abs().mean() + edges
        return PIXEL_WEIGHT * total


def _vgg() -> nn.Sequential:
    layers: list[nn.Module] = []
    inside = 3
    for outside in CHANNELS:
        if outside:
            layers += [nn.Conv2d(inside, outside, 3, padding=1), nn.ReLU()]
            inside = outside
        else:
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


def _read(path: Path) -> dict[str, Tensor]:
    if path.suffix != ".safetensors" or not path.is_file():
        return read_checkpoint(path)
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path} is damaged or no safetensors file ({error}); copy it again.") from None
