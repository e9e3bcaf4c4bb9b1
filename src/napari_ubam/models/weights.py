"""Reads and writes weights as safetensors, with a header that describes them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from napari_ubam.errors import UbamError
from napari_ubam.files import write_atomic
from napari_ubam.versions import versions

SCHEMA = 1
KEY = "napari_ubam"


class WeightsError(UbamError):
    """A file of weights cannot be used; the message is one sentence that says what to do."""


class WeightsHeader(BaseModel):
    """Description that is stored with weights.

    Parameters
    ----------
    kind : str
        ``"posture"``, ``"behaviour"`` or ``"magnifier"``.
    layout : int
        Version of this header and of the network's parameters.
    config : dict
        Sizes of the networks and settings of the training, see `ModelConfig`.
    preprocessing : dict
        Input of the network: size and colour of the crops.
    seed, steps : int
        Random seed and number of steps of the training.
    study : str
        Hash of the recordings of the training.
    trained_on : str
        Hash of the posture encoder whose codes a behaviour encoder or a magnifier reads.
    metrics : dict
        Last losses and other numbers, by name.
    versions : dict
        Versions of this package, torch and Python.
    created : str
        Date and time in UTC.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    kind: Literal["posture", "behaviour", "magnifier"]
    layout: int = SCHEMA
    config: dict[str, Any]
    preprocessing: dict[str, Any] = Field(default_factory=dict)
    seed: int = 0
    steps: int = 0
    study: str = ""
    trained_on: str = ""
    metrics: dict[str, float] = Field(default_factory=dict)
    versions: dict[str, str] = Field(default_factory=versions)
    created: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))


def save_weights(path: Path, tensors: Mapping[str, Tensor], header: WeightsHeader) -> None:
    """Write weights. An existing file is replaced only when the new one is complete.

    Parameters
    ----------
    path : Path
        File that ends in ``.safetensors``.
    tensors : mapping of str to Tensor
        Weights by name.
    header : WeightsHeader
        Their description.
    """
    own = {name: copy_to_cpu(tensor) for name, tensor in tensors.items()}
    write_atomic(path, to_bytes(own, {KEY: header.model_dump_json()}))


def copy_to_cpu(tensor: Tensor) -> Tensor:
    """Copy a tensor to contiguous memory of its own, since safetensors refuses shared memory.

    Parameters
    ----------
    tensor : Tensor
        Tensor on any device.

    Returns
    -------
    Tensor
    """
    return tensor.detach().cpu().clone(memory_format=torch.contiguous_format)


def tensor_bytes(tensor: Tensor) -> bytes:
    """Bytes of a tensor of any type.

    Parameters
    ----------
    tensor : Tensor
        Tensor on any device.

    Returns
    -------
    bytes
    """
    return copy_to_cpu(tensor).view(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""


def read_header(path: Path) -> WeightsHeader:
    """Read the description of weights, without the weights.

    Parameters
    ----------
    path : Path
        File that `save_weights` wrote.

    Returns
    -------
    WeightsHeader

    Raises
    ------
    WeightsError
        If the file is missing, damaged, of another program or of a newer version.
    """
    return _open(path)[0]


def load_weights(path: Path, kind: str) -> tuple[dict[str, Tensor], WeightsHeader]:
    """Read weights.

    Parameters
    ----------
    path : Path
        File that `save_weights` wrote.
    kind : str
        Expected kind: ``"posture"``, ``"behaviour"`` or ``"magnifier"``.

    Returns
    -------
    tensors : dict of str to Tensor
    header : WeightsHeader

    Raises
    ------
    WeightsError
        If the file is missing, damaged, of another program, of a newer version or of another kind.
    """
    header, tensors = _open(path, with_tensors=True)
    if header.kind != kind:
        raise WeightsError(f"{path} holds {header.kind} weights, not {kind} weights; choose the other file.")
    return tensors, header


def load_into(module: nn.Module, tensors: Mapping[str, Tensor], where: Path) -> None:
    """Copy weights into a network.

    Parameters
    ----------
    module : nn.Module
        The network.
    tensors : mapping of str to Tensor
        Weights by name.
    where : Path
        File of the weights, for error messages.

    Raises
    ------
    WeightsError
        If names or shapes differ from those of the network.
    """
    wanted = module.state_dict()
    remedy = "the file does not belong to this configuration, so train again, or choose another file."
    strange = sorted(wanted.keys() ^ tensors.keys())
    if strange:
        verb = "lacks" if strange[0] in wanted else "has an unknown"
        raise WeightsError(f"{where} {verb} {strange[0]!r}; {remedy}")
    for name, tensor in tensors.items():
        if tensor.shape != wanted[name].shape:
            shapes = f"{tuple(tensor.shape)} instead of {tuple(wanted[name].shape)}"
            raise WeightsError(f"{where} holds {name!r} in the shape {shapes}; {remedy}")
    module.load_state_dict(dict(tensors))


def weights_hash(tensors: Mapping[str, Tensor]) -> str:
    """Hash of weights. It depends neither on their order nor on the header.

    Parameters
    ----------
    tensors : mapping of str to Tensor
        Weights by name.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor_bytes(tensor))
    return digest.hexdigest()[:16]


def _open(path: Path, *, with_tensors: bool = False) -> tuple[WeightsHeader, dict[str, Tensor]]:
    if not path.is_file():
        raise WeightsError(f"There are no weights at {path}; train a model, or choose another folder.")
    try:
        with safe_open(path, "pt") as file:
            text = (file.metadata() or {}).get(KEY)
            tensors = {name: file.get_tensor(name) for name in file.keys()} if with_tensors else {}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise WeightsError(
            f"{path} is damaged or no safetensors file ({error}); copy it again, or train again."
        ) from None
    if text is None:
        raise WeightsError(f"{path} was not written by napari-ubam; choose weights that it trained.")
    return _header(path, text), tensors


def _header(path: Path, text: str) -> WeightsHeader:
    try:
        noted = json.loads(text)
        layout = noted["layout"]
        if layout == SCHEMA:
            return WeightsHeader.model_validate(noted)
    except (ValueError, KeyError, TypeError, ValidationError):
        raise WeightsError(f"The header of {path} cannot be read; train the model again.") from None
    raise WeightsError(
        f"{path} has layout {layout}, and this version of napari-ubam knows {SCHEMA}; install the version "
        "that wrote it."
    )
