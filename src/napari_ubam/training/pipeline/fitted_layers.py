"""Layers that are fitted after a training, kept so that a resumed training has exactly the same ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from napari_ubam.learners.errors import TrainingError
from napari_ubam.models.weights import weights_hash
from napari_ubam.training.loop.checkpoints import SafeCheckpoints

FITTED = "fitted.safetensors"


@torch.no_grad()
def keep_fitted(network: nn.Module, checkpoints: Path) -> None:
    """Give a network the layers that were fitted to the same weights before; else keep those that it has.

    Another number of threads or another device rounds differently. A fit that differs in the last digit
    would make another encoder of the same weights, and discard what was trained on its codes.

    Parameters
    ----------
    network : Module
        Trained network with its fitted layers; these are buffers, and what was trained are parameters.
    checkpoints : Path
        Folder of the checkpoints.
    """
    trained = weights_hash(dict(network.named_parameters()))
    buffers = dict(network.named_buffers())
    kept = _read(checkpoints / FITTED)
    if kept.get("trained") != trained or kept["buffers"].keys() != buffers.keys():
        SafeCheckpoints().save_checkpoint({"trained": trained, "buffers": buffers}, checkpoints / FITTED)
        return
    for name, buffer in buffers.items():
        buffer.copy_(kept["buffers"][name])


def _read(path: Path) -> dict[str, Any]:
    try:
        return SafeCheckpoints().load_checkpoint(path)
    except TrainingError:  # there is none, or it is damaged
        return {}
