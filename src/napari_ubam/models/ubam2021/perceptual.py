"""How unlike pictures are: by a network for photographs that the user has, or by pixels and edges."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from napari_ubam.models.weights import WeightsError

from .checkpoint import read_checkpoint

# Channels of VGG-16 (Simonyan & Zisserman, arXiv 1409.1556) up to its tenth convolution; 0 halves the maps.
CHANNELS = (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512)
READ = (3, 8, 15, 22)  # layers whose maps are compared: the last before each halving
LEVELS = 4
PIXELS = 20.0  # so that the loss of usual pictures is of the size that it has by VGG


class ByVgg(nn.Module):
    """Compares pictures by maps of VGG-16, as published.

    Parameters
    ----------
    path : Path
        Weights of VGG-16 by torchvision's names (``features.0.weight``), as ``.pth`` or ``.safetensors``.

    Raises
    ------
    WeightsError
        If the file is none.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.layers = _vgg()
        tensors = _read(path)
        wanted = self.layers.state_dict()
        found = {name: tensors.get(f"features.{name}", torch.empty(0)) for name in wanted}
        wrong = [name for name, tensor in found.items() if tensor.shape != wanted[name].shape]
        if wrong:
            raise WeightsError(
                f"{path} lacks 'features.{wrong[0]}' as VGG-16 has it; choose the weights of torchvision's "
                "vgg16."
            )
        self.layers.load_state_dict(found)
        self.requires_grad_(False)

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        """Compare pictures (n, 3, y, x) from 0 to 1; scalar tensor."""
        total = one.new_zeros(())
        for number, layer in enumerate(self.layers):
            one, other = layer(one), layer(other)
            if number in READ:
                total = total + (one - other).square().mean()
        return total


class ByPixels(nn.Module):
    """Compares pictures by grey levels and edges on a pyramid, without weights."""

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        """Compare pictures (n, 3, y, x) from 0 to 1; scalar tensor."""
        total = one.new_zeros(())
        for level in range(LEVELS):
            if level:
                one, other = F.avg_pool2d(one, 2), F.avg_pool2d(other, 2)
            away = one - other
            edges = away.diff(dim=2).abs().mean() + away.diff(dim=3).abs().mean()
            total = total + away.abs().mean() + edges
        return PIXELS * total


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
        raise WeightsError(f"{path} is damaged or no safetensors file ({error}); copy it anew.") from None
