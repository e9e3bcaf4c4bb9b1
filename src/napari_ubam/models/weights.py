"""Weights as safetensors with a header that tells what they are; the only place that reads or writes them."""

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
    """What is written with weights.

    Parameters
    ----------
    kind : str
        ``"posture"``, ``"behaviour"`` or ``"magnifier"``.
    layout : int
        Version of this header and of the network's parameters.
    config : dict
        Sizes of the network and how it was trained.
    preprocessing : dict
        What the network takes, such as the size of crops.
    seed, steps : int
        Of the training.
    study : str
        Hash of the recordings that it was trained on.
    trained_on : str
        Hash of the posture encoder that a behaviour encoder reads.
    metrics : dict
        Last losses, by name.
    versions : dict
        Of this package, torch and Python.
    created : str
        Date and time, UTC.
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
    """Write weights; a file that was there stays whole until the new one is.

    Parameters
    ----------
    path : Path
        Ends in ``.safetensors``.
    tensors : mapping of str to Tensor
    header : WeightsHeader
    """
    own = {name: apart(tensor) for name, tensor in tensors.items()}
    write_atomic(path, to_bytes(own, {KEY: header.model_dump_json()}))


def apart(tensor: Tensor) -> Tensor:
    """Copy a tensor to memory of its own: safetensors refuses what tensors share."""
    return tensor.detach().cpu().clone(memory_format=torch.contiguous_format)


def raw(tensor: Tensor) -> bytes:
    """Bytes of a tensor, whatever its type."""
    return apart(tensor).view(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""


def read_header(path: Path) -> WeightsHeader:
    """Read what weights are, without the weights.

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
        The file.
    kind : str
        What they should be: ``"posture"``, ``"behaviour"`` or ``"magnifier"``.

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
    """Put weights into a network.

    Raises
    ------
    WeightsError
        If names or shapes differ from those of the network.
    """
    wanted = module.state_dict()
    remedy = "the file does not belong to this configuration, so train anew or choose another file."
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
    """Short hash of weights, whatever their order and header.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(raw(tensor))
    return digest.hexdigest()[:16]


def _open(path: Path, *, with_tensors: bool = False) -> tuple[WeightsHeader, dict[str, Tensor]]:
    if not path.is_file():
        raise WeightsError(f"There are no weights at {path}; train a model or choose another folder.")
    try:
        with safe_open(path, "pt") as file:
            text = (file.metadata() or {}).get(KEY)
            tensors = {name: file.get_tensor(name) for name in file.keys()} if with_tensors else {}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise WeightsError(
            f"{path} is damaged or no safetensors file ({error}); copy or train it anew."
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
        raise WeightsError(f"The header of {path} cannot be read; train the model anew.") from None
    raise WeightsError(
        f"{path} has layout {layout}, and this version of napari-ubam knows {SCHEMA}; install the version "
        "that wrote it."
    )
