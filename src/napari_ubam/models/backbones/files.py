"""Reads pretrained networks in the forms in which people have them on disk."""

from __future__ import annotations

import hashlib
import json
import pickle
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from .errors import BackboneError
from .hugging_face import architecture_of, original_names
from .names import name_in, timm_name

CONFIG, PREPROCESSOR, CARD = "config.json", "preprocessor_config.json", "README.md"
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
INDEX = "model.safetensors.index.json"  # of weights in several files
CHECKPOINTS = (".pth", ".pt", ".bin")
FORMS = (
    "a Hugging Face folder with config.json and model.safetensors, a .safetensors file of timm, or a .pth "
    "file of torch.hub"
)
NOT_STATED = "not stated in the file"


@dataclass(frozen=True)
class BackboneFile:
    """A pretrained network as it was found on disk.

    Parameters
    ----------
    path : Path
        File or folder.
    form : str
        ``"Hugging Face folder"``, ``"timm folder"``, ``"timm file"`` or ``"torch.hub file"``.
    name : str
        Name of the architecture in timm.
    tensors : dict of str to Tensor
        Weights by name, as timm reads them.
    sha256 : str
        Hash of the file, or of all files with weights.
    licence : str
        What the files say about the licence.
    options : dict
        Sizes that differ from those of the name.
    mean, std : tuple of float, optional
        Normalisation of the input, None if the files do not say it.
    """

    path: Path
    form: str
    name: str
    tensors: dict[str, Tensor]
    sha256: str
    licence: str = NOT_STATED
    options: dict[str, Any] = field(default_factory=dict)
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None


def read_backbone_file(path: Path, name: str | None = None) -> BackboneFile:
    """Read a pretrained network.

    Parameters
    ----------
    path : Path
        A folder as Hugging Face has it (``config.json`` and ``model.safetensors``), a ``.safetensors`` file
        of timm, or a ``.pth`` file of torch.hub.
    name : str, optional
        Architecture, in the words of timm or torch.hub. A folder says it itself, and the file names of
        DINOv2 and DINOv3 do.

    Returns
    -------
    BackboneFile

    Raises
    ------
    BackboneError
        If there is no such file, it is damaged, of another form, or does not say its architecture.
    """
    if not path.exists():
        raise BackboneError(f"There is no backbone at {path}; choose {FORMS}.")
    if path.is_dir():
        return _from_folder(path, name)
    if path.suffix == ".safetensors":
        if name is None and (path.parent / CONFIG).is_file() and path.name in WEIGHTS:
            return _from_folder(path.parent, None)
        return _from_file(path, "timm file", name)
    if path.suffix in CHECKPOINTS:
        return _from_file(path, "torch.hub file", name)
    raise BackboneError(f"{path} is no backbone that can be read; choose {FORMS}.")


def _from_folder(folder: Path, name: str | None) -> BackboneFile:
    if not (folder / CONFIG).is_file():
        raise BackboneError(f"{folder} holds no {CONFIG}; choose {FORMS}.")
    config = _json(folder / CONFIG)
    files = _weight_files(folder)
    tensors = {key: tensor for file in files for key, tensor in _tensors(file).items()}
    shared: dict[str, Any] = {"sha256": _sha256(files), "licence": _licence(folder, config)}
    if "architecture" in config:
        known = config.get("pretrained_cfg") or {}
        return BackboneFile(
            folder,
            "timm folder",
            timm_name(name or str(config["architecture"])),
            tensors,
            options=dict(config.get("model_args") or {}),
            mean=_three(known.get("mean")),
            std=_three(known.get("std")),
            **shared,
        )
    if name is not None:
        raise BackboneError(f"{folder / CONFIG} says the architecture itself; leave out its name.")
    found, options = architecture_of(config, str(folder / CONFIG))
    shown = _json(folder / PREPROCESSOR) if (folder / PREPROCESSOR).is_file() else {}
    plain = shown.get("do_normalize", True) is False
    return BackboneFile(
        folder,
        "Hugging Face folder",
        found,
        original_names(tensors),
        options=options,
        mean=(0.0, 0.0, 0.0) if plain else _three(shown.get("image_mean")),
        std=(1.0, 1.0, 1.0) if plain else _three(shown.get("image_std")),
        **shared,
    )


def _from_file(path: Path, form: str, name: str | None) -> BackboneFile:
    found = timm_name(name) if name else name_in(path.name)
    if not found:
        raise BackboneError(
            f"{path} does not say its architecture; give the name that timm or torch.hub has for it, such as "
            "vit_small_patch14_dinov2 or dinov2_vits14."
        )
    tensors = _tensors(path)
    if any(key.endswith("embeddings.cls_token") for key in tensors):
        raise BackboneError(f"{path} belongs to a Hugging Face folder; choose the folder with its {CONFIG}.")
    return BackboneFile(path, form, found, tensors, _sha256([path]), _licence_in(path))


def _weight_files(folder: Path) -> list[Path]:
    if (folder / INDEX).is_file():
        names = sorted(set(_json(folder / INDEX).get("weight_map", {}).values()))
        # Only names beside the index: a folder from elsewhere must not choose other files of this computer.
        files = [folder / Path(str(one)).name for one in names]
    else:
        files = [folder / one for one in WEIGHTS if (folder / one).is_file()][:1]
    missing = [file.name for file in files if not file.is_file()]
    if missing or not files:
        raise BackboneError(f"{folder} lacks {missing[0] if missing else WEIGHTS[0]}; copy the folder again.")
    return files


def _tensors(path: Path) -> dict[str, Tensor]:
    """Read the weights of a file."""
    try:
        if path.suffix == ".safetensors":
            with safe_open(path, "pt") as file:
                return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        # Nothing but tensors and plain containers: a file from elsewhere must not run a program here.
        return _weights_in(torch.load(path, map_location="cpu", weights_only=True), path)
    except (SafetensorError, OSError, RuntimeError, EOFError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise BackboneError(f"{path} is damaged or no file of weights ({reason}); copy it again.") from None
    except pickle.UnpicklingError:
        raise BackboneError(
            f"{path} holds more than weights, and only weights are read, since other content can run "
            "programs; choose a file of weights alone, best as safetensors."
        ) from None


def _weights_in(content: Any, path: Path) -> dict[str, Tensor]:
    """Find the weights in a checkpoint, which may hold them beside other things."""
    for key in ("teacher", "model", "state_dict"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping):
        raise BackboneError(f"{path} holds no weights by name; choose {FORMS}.")
    found = {str(name): tensor for name, tensor in content.items() if isinstance(tensor, Tensor)}
    for prefix in ("module.", "backbone."):
        if any(name.startswith(prefix) for name in found):
            found = {name[len(prefix) :]: one for name, one in found.items() if name.startswith(prefix)}
    if not found:
        raise BackboneError(f"{path} holds no weights by name; choose {FORMS}.")
    return found


def _sha256(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            while block := file.read(2**20):
                digest.update(block)
    return digest.hexdigest()


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BackboneError(f"{path} cannot be read ({error}); copy it again.") from None
    if not isinstance(content, dict):
        raise BackboneError(f"{path} does not describe a network; copy it again.")
    return content


def _three(values: Any) -> tuple[float, ...] | None:
    if isinstance(values, list) and len(values) == 3:
        return tuple(float(value) for value in values)
    return None


def _licence(folder: Path, config: Mapping[str, Any]) -> str:
    """Read the licence from the configuration or from the head of the model card."""
    known = config.get("license") or (config.get("pretrained_cfg") or {}).get("license")
    if known:
        return str(known)
    try:
        card = (folder / CARD).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return NOT_STATED
    head = re.match(r"---\s*\n(.*?)\n---", card, re.DOTALL)
    lines = dict(re.findall(r"^(license|license_name):[ \t]*(\S+)", head[1], re.MULTILINE)) if head else {}
    return str(lines.get("license_name") or lines.get("license") or NOT_STATED)


def _licence_in(path: Path) -> str:
    """Read the licence from the header of a safetensors file."""
    if path.suffix != ".safetensors":
        return NOT_STATED
    with safe_open(path, "pt") as file:
        known = file.metadata() or {}
    return str(known.get("license") or known.get("licence") or NOT_STATED)
