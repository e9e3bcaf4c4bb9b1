"""The published networks with few channels, and checkpoints as the published code writes them, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from napari_ubam.families import preset
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.ubam2021.image_losses import CHANNELS
from napari_ubam.models.ubam2021.sizes import Ubam2021Sizes
from napari_ubam.models.ubam2021.vae import FrameVae

SIZES = Ubam2021Sizes(side=99, widths=(8, 16, 16, 16, 16), inner=32, picture=32, filters=4, latents=6)


def small_paper() -> ModelConfig:
    """Give the preset ``paper`` with narrow layers."""
    whole = preset("paper")
    return whole.model_copy(
        update={
            "family_options": SIZES.options,
            "posture": whole.posture.model_copy(update={"size": (64, 64), "code": 48}),
            "behaviour": whole.behaviour.model_copy(update={"code": 24}),
        }
    )


def checkpoint_of_encoders(prefix: str = "") -> dict[str, Tensor]:
    """Give random weights by the names of the published code, for the narrow layers."""
    a, b, c, d, e = SIZES.widths
    shapes: dict[str, tuple[int, ...]] = {
        "conv.conv1": (a, 3, 11, 11),
        "conv.conv2": (b, a // 2, 5, 5),
        "conv.conv3": (c, b, 3, 3),
        "conv.conv4": (d, c // 2, 3, 3),
        "conv.conv5": (e, d // 2, 3, 3),
        "fc6.fc6": (48, e * 2 * 2),
        "fc7.fc7": (32, 48),
        "classifier.fc8_permute": (2, 24),
    }
    torch.manual_seed(7)
    found = {f"{name}.weight": torch.randn(shape) / shape[-1] for name, shape in shapes.items()}
    found |= {f"{name}.bias": torch.randn(shape[0]) for name, shape in shapes.items()}
    lstm = nn.LSTM(32, 24).state_dict()
    found |= {f"lstm.{name}": tensor for name, tensor in lstm.items()}
    return {prefix + name: tensor for name, tensor in found.items()}


def checkpoint_of_vae() -> dict[str, Tensor]:
    """Give weights of the autoencoder by the names of the published code."""
    names = {"look": "en_app", "look_mean": "fc1", "look_variance": "fc2", "pose": "en_pos"}
    names |= {"pose_mean": "fc3", "pose_variance": "fc4", "first": "d1", "paint": "de_app"}
    torch.manual_seed(8)
    own = FrameVae(small_paper()).state_dict()
    return {f"{names[layer]}.{rest}": own[f"{layer}.{rest}"] for layer, _, rest in map(_parted, own)}


def _parted(name: str) -> tuple[str, str, str]:
    return name.partition(".")


def checkpoint(path: Path, weights: dict[str, Tensor], **beside: Any) -> Path:
    """Write a checkpoint as the published code does."""
    torch.save({"epoch": 3, "iter": 100, "state_dict": weights, "optimizer": {"state": {}}, **beside}, path)
    return path


def vgg_weights() -> dict[str, Tensor]:
    """Give random weights of VGG-16 by torchvision's names."""
    torch.manual_seed(9)
    found: dict[str, Tensor] = {}
    inside, place = 3, 0
    for outside in CHANNELS:
        if outside:
            found[f"features.{place}.weight"] = torch.randn(outside, inside, 3, 3) / (3 * inside**0.5)
            found[f"features.{place}.bias"] = torch.zeros(outside)
            inside = outside
        place += 2 if outside else 1
    return found
