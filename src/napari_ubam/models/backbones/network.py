"""A pretrained network of timm that turns crops into maps of features."""

from __future__ import annotations

import inspect
import logging
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_ubam.models.config import BackboneConfig, PostureConfig

from .errors import BackboneError

AT_ONCE = 16  # crops, where no gradients are needed; larger batches are not faster and need more memory
SPARE = ("head", "fc_norm", "classifier", "pooler", "mask_token", "dino_head", "ibot_head", "local_cls_norm")
"""Beginnings of the names of weights that are not needed for maps of features."""
FORBIDDEN = ("pretrained", "checkpoint", "cache", "features_only", "num_classes")
"""Beginnings of the names of options of timm that are no sizes."""


class Backbone(nn.Module):
    """Pretrained network without its last layers.

    Parameters
    ----------
    config : PostureConfig
        Size of the crops, and the backbone.

    Raises
    ------
    BackboneError
        If timm is not installed, or does not know the architecture.
    """

    def __init__(self, config: PostureConfig) -> None:
        super().__init__()
        chosen = config.backbone
        assert chosen is not None
        self.size = input_size(config, chosen)
        self.network = timm_network(chosen.architecture, chosen.options)
        self.register_buffer("mean", torch.tensor(chosen.mean).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(chosen.std).view(1, -1, 1, 1), persistent=False)
        self.mean: Tensor
        self.std: Tensor

    def forward(self, crops: Tensor) -> Tensor:
        """Compute features.

        Parameters
        ----------
        crops : (n, 1, y, x) or (n, 3, y, x) float tensor
            Brightness or RGB, 0 to 1. Brightness is given to all three colour channels.

        Returns
        -------
        (n, channels, rows, columns) float tensor
            Features of the patches of the image.
        """
        if torch.is_grad_enabled():
            return self._features(crops)
        return torch.cat([self._features(piece) for piece in torch.split(crops, AT_ONCE)])

    def _features(self, crops: Tensor) -> Tensor:
        scaled = F.interpolate(crops, size=self.size, mode="bicubic", align_corners=False, antialias=True)
        images = (scaled.clamp(0, 1).expand(-1, 3, -1, -1) - self.mean) / self.std
        return last_maps(self.network, images)


def cells_of(config: PostureConfig, backbone: BackboneConfig) -> tuple[int, int]:
    """Rows and columns of the maps of a backbone.

    Parameters
    ----------
    config : PostureConfig
        Size of the crops.
    backbone : BackboneConfig
        Its cells for a square crop.

    Returns
    -------
    rows, columns : int
        In about the ratio of height and width of the crops.
    """
    height, width = config.size
    # Far beyond the resolution of the crop there is nothing to see.
    side = min(backbone.cells, max(round(2 * (height * width) ** 0.5 / backbone.stride), 2))
    stretch = (width / height) ** 0.5
    return max(round(side / stretch), 2), max(round(side * stretch), 2)


def input_size(config: PostureConfig, backbone: BackboneConfig) -> tuple[int, int]:
    """Height and width of the input of a backbone.

    Parameters
    ----------
    config : PostureConfig
        Size of the crops.
    backbone : BackboneConfig
        Its cells and their stride.

    Returns
    -------
    height, width : int
        In pixels. The crops are scaled to this size.
    """
    rows, columns = cells_of(config, backbone)
    return rows * backbone.stride, columns * backbone.stride


def timm_network(name: str, options: Mapping[str, Any]) -> nn.Module:
    """Make a network of timm with random weights. Nothing is downloaded.

    Parameters
    ----------
    name : str
        Name of the architecture.
    options : mapping
        Sizes that differ from those of the name.

    Returns
    -------
    nn.Module
        In evaluation mode, without a classifier.

    Raises
    ------
    BackboneError
        If timm is not installed, or does not know the architecture or an option.
    """
    timm = import_timm()
    if not timm.is_model(name):
        raise BackboneError(
            f"timm {timm.__version__} knows no architecture {name!r}; give the name of another, or install a "
            "newer timm."
        )
    # A configuration from elsewhere chooses sizes, and neither a download nor other files of this computer.
    sizes = {key: one for key, one in options.items() if not key.startswith(FORBIDDEN)}
    given = {**sizes, "pretrained": False, "num_classes": 0}
    try:
        try:  # transformers take other sizes than they were trained with only on demand
            network: nn.Module = timm.create_model(name, dynamic_img_size=True, **given)
        except TypeError:
            network = timm.create_model(name, **given)
    except (TypeError, ValueError, RuntimeError, AssertionError) as error:
        raise BackboneError(
            f"timm cannot make {name!r} with {dict(options)} ({error}); give the name to which the file "
            "belongs."
        ) from None
    return network.eval()


def import_timm() -> ModuleType:
    """Import timm.

    Returns
    -------
    module

    Raises
    ------
    BackboneError
        If it is not installed, or cannot be loaded.
    """
    try:
        import timm
    except ModuleNotFoundError as error:
        raise BackboneError(
            f"A backbone needs the package {error.name}; install it with: pip install "
            "'napari-ubam[backbones]'"
        ) from None
    except (ImportError, OSError, RuntimeError) as error:  # torchvision of another build than torch
        raise BackboneError(
            f"timm cannot be loaded ({error}); torch and torchvision do not fit together, so install both "
            "from the same place."
        ) from None
    logging.getLogger("timm").setLevel(logging.WARNING)
    module: ModuleType = timm
    return module


def last_maps(network: nn.Module, images: Tensor) -> Tensor:
    """Compute the last maps of features, without class and register tokens.

    Parameters
    ----------
    network : nn.Module
        Network of timm.
    images : (n, 3, y, x) float tensor
        Normalised images.

    Returns
    -------
    (n, channels, rows, columns) float tensor
    """
    found = network.forward_intermediates(  # type: ignore[operator]
        images, indices=1, norm=True, output_fmt="NCHW", intermediates_only=True
    )
    maps: Tensor = found[-1]
    return maps


def fill(network: nn.Module, tensors: Mapping[str, Tensor], where: str, name: str) -> None:
    """Copy weights of a file into a network of timm.

    Parameters
    ----------
    network : nn.Module
        Network of timm.
    tensors : mapping of str to Tensor
        Weights by the names of timm, or of the program that trained them.
    where, name : str
        File and architecture, for error messages.

    Raises
    ------
    BackboneError
        If they do not fit.
    """
    wanted = network.state_dict()
    remedy = f"the file is not of the architecture {name}, so give the right name, or choose another file."
    try:
        named = _converted(network, {key: one.float() for key, one in tensors.items()})
    except (RuntimeError, KeyError, AttributeError, ValueError, IndexError) as error:
        raise BackboneError(f"{where} does not fit ({error}); {remedy}") from None
    for key in wanted:
        if key not in named:
            raise BackboneError(f"{where} lacks {key!r}; {remedy}")
        if named[key].shape != wanted[key].shape:
            shapes = f"{tuple(named[key].shape)} instead of {tuple(wanted[key].shape)}"
            raise BackboneError(f"{where} holds {key!r} in the shape {shapes}; {remedy}")
    strange = sorted(key for key in named.keys() - wanted.keys() if not key.startswith(SPARE))
    if strange:
        raise BackboneError(f"{where} has an unknown {strange[0]!r}; {remedy}")
    network.load_state_dict({key: named[key] for key in wanted})


def _converted(network: nn.Module, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Let timm rename weights of other programs. Each of its modules has its own function for it."""
    module = sys.modules[type(network).__module__]
    convert = getattr(module, "checkpoint_filter_fn", None)
    if convert is None:
        return tensors
    both = len(inspect.signature(convert).parameters) > 1
    converted: dict[str, Tensor] = convert(tensors, network) if both else convert(tensors)
    return converted
