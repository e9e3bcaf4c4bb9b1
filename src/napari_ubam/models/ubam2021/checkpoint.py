"""Reads checkpoints of the published code, as plain tensors only, and translates the names of the layers."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from napari_ubam.models.weights import WeightsError

# Layer in the published code (after the bar: in a CaffeNet without a recurrent layer) -> layer here.
POSTURE_LAYERS = {
    "conv.conv1|features.0": "convolutions.0",
    "conv.conv2|features.4": "convolutions.4",
    "conv.conv3|features.8": "convolutions.8",
    "conv.conv4|features.10": "convolutions.10",
    "conv.conv5|features.12": "convolutions.12",
    "fc6.fc6|classifier.0": "fc6",
}
BEHAVIOUR_LAYERS = {"fc7.fc7|classifier.3": "fc7", "lstm": "lstm"}
ORDER_LAYERS = {"classifier.fc8_permute": "order"}
VAE_LAYERS = {
    "en_app": "look",
    "fc1": "look_mean",
    "fc2": "look_variance",
    "en_pos": "pose",
    "fc3": "pose_mean",
    "fc4": "pose_variance",
    "d1": "first",
    "de_app": "paint",
}
COUNTER = "num_batches_tracked"  # older releases of torch did not store it


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a checkpoint by their original names.

    Parameters
    ----------
    path : Path
        A ``.pth.tar`` file of the published code: a dictionary with ``state_dict``, or a state dictionary.

    Returns
    -------
    dict of str to Tensor
        Without the prefix ``module.``, which a training on several devices adds.

    Raises
    ------
    WeightsError
        If the file is missing, damaged, or holds anything but plain tensors and numbers.
    """
    if not path.is_file():
        raise WeightsError(f"There is no checkpoint at {path}; check the path.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise WeightsError(
            f"{path} holds more than tensors and numbers, which could run any program, and is not read; save "
            "its state_dict alone with torch.save and choose that file."
        ) from None
    except (RuntimeError, OSError, EOFError, ValueError, LookupError):
        raise WeightsError(f"{path} is damaged or no checkpoint of torch; copy it again.") from None
    tensors = _tensors(content)
    if not tensors:
        raise WeightsError(f"{path} holds no weights under 'state_dict'; choose a checkpoint of a network.")
    return tensors


def _tensors(content: Any) -> dict[str, Tensor]:
    inside = content.get("state_dict", content) if isinstance(content, Mapping) else {}
    if not isinstance(inside, Mapping):
        return {}
    named = {str(name).removeprefix("module."): value for name, value in inside.items()}
    return {name: value for name, value in named.items() if isinstance(value, Tensor)}


def load_layers(
    module: nn.Module, tensors: Mapping[str, Tensor], layers: Mapping[str, str], path: Path
) -> bool:
    """Copy layers of an original checkpoint into a network.

    Parameters
    ----------
    module : nn.Module
        Network of this package.
    tensors : mapping of str to Tensor
        Output of `read_checkpoint`.
    layers : mapping of str to str
        Name of each layer in the checkpoint (alternatives are separated by a bar), and in the network.
    path : Path
        The checkpoint, for error messages.

    Returns
    -------
    bool
        False if the checkpoint has none of these layers. The network is then unchanged.

    Raises
    ------
    WeightsError
        If some of these layers are missing, or have another shape.
    """
    own = {name: tensor for name, tensor in module.state_dict().items() if _is_in(name, layers.values())}
    found = {name: original for name in own if (original := _original(name, tensors, layers)) is not None}
    found |= {name: tensor for name, tensor in own.items() if name not in found and name.endswith(COUNTER)}
    missing = sorted(own.keys() - found.keys())
    if len(missing) == sum(not name.endswith(COUNTER) for name in own):
        return False
    remedy = "it is no checkpoint of the published network, so choose another file."
    if missing:
        raise WeightsError(f"{path} has no layer for {missing[0]!r}; {remedy}")
    for name, tensor in found.items():
        if tensor.shape != own[name].shape:
            shapes = f"{tuple(tensor.shape)} instead of {tuple(own[name].shape)}"
            raise WeightsError(f"{path} holds {name!r} in the shape {shapes}; {remedy}")
    module.load_state_dict(found, strict=False)
    return True


def _is_in(name: str, layers: Any) -> bool:
    return any(name.startswith(f"{layer}.") for layer in layers)


def _original(name: str, tensors: Mapping[str, Tensor], layers: Mapping[str, str]) -> Tensor | None:
    """Tensor of a checkpoint that belongs to a parameter of the network."""
    for names, here in layers.items():
        if name.startswith(f"{here}."):
            for there in names.split("|"):
                found = tensors.get(there + name.removeprefix(here))
                if found is not None:
                    return found
    return None
