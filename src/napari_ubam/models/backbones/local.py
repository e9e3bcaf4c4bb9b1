"""From a local file to a backbone that a run can keep, or to features of any frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from napari_ubam.files import write_atomic
from napari_ubam.models.config import BackboneConfig, PostureConfig
from napari_ubam.models.images import as_images
from napari_ubam.models.weights import copy_to_cpu, load_into, weights_hash
from napari_ubam.runfolder.paths import backbone_file

from .choice import BackboneChoice
from .errors import BackboneError
from .files import NOT_STATED, BackboneFile, read_backbone_file
from .network import Backbone, fill, last_maps, timm_network

KEY = "napari_ubam_backbone"
IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class LocalBackbone:
    """A pretrained network from a local file.

    Parameters
    ----------
    config : BackboneConfig
        What it is, and where it comes from.
    tensors : mapping of str to Tensor
        Weights by the names of timm.
    """

    config: BackboneConfig
    tensors: Mapping[str, Tensor]

    @classmethod
    def read(cls, choice: BackboneChoice) -> LocalBackbone:
        """Read a backbone, and try it.

        Parameters
        ----------
        choice : BackboneChoice
            File, and how it is used.

        Returns
        -------
        LocalBackbone

        Raises
        ------
        BackboneError
            If timm is not installed, or the file cannot be read, does not fit its architecture, or gives no
            maps of features.
        """
        file = read_backbone_file(choice.path, choice.name)
        network = timm_network(file.name, file.options)
        fill(network, file.tensors, str(choice.path), file.name)
        channels, stride = _maps_of(network, file)
        known = getattr(network, "pretrained_cfg", None) or {}
        tensors = network.state_dict()
        config = BackboneConfig(
            architecture=file.name,
            options=file.options,
            channels=channels,
            stride=stride,
            mean=file.mean or tuple(known.get("mean") or IMAGENET[0]),
            std=file.std or tuple(known.get("std") or IMAGENET[1]),
            tuned=choice.tuned,
            file=file.path.name,
            form=file.form,
            sha256=file.sha256,
            weights=weights_hash(tensors),
            licence=_licence(file, known),
        )
        return cls(config, tensors)

    def store(self, folder: Path) -> Path:
        """Copy the weights to the folder of a run. A copy that is there already is kept.

        Parameters
        ----------
        folder : Path
            Folder of the run.

        Returns
        -------
        Path
            The file.
        """
        path = folder / backbone_file(self.config.weights)
        if not path.is_file():
            own = {name: copy_to_cpu(tensor) for name, tensor in self.tensors.items()}
            write_atomic(path, to_bytes(own, {KEY: self.config.model_dump_json()}))
        return path

    def network(self, size: tuple[int, int]) -> Backbone:
        """Make the network for crops of a size.

        Parameters
        ----------
        size : tuple of int
            Height and width of the crops in pixels.

        Returns
        -------
        Backbone
            With its weights, in evaluation mode.
        """
        made = Backbone(PostureConfig(size=size, backbone=self.config))
        made.network.load_state_dict(dict(self.tensors))
        return made.eval()


def load_stored(folder: Path, config: BackboneConfig) -> dict[str, Tensor]:
    """Read the weights of a backbone from the folder of a run.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    config : BackboneConfig
        The backbone.

    Returns
    -------
    dict of str to Tensor

    Raises
    ------
    BackboneError
        If they are missing or damaged.
    """
    path = folder / backbone_file(config.weights)
    origin = f"the weights of {config.file} (sha256 {config.sha256[:16]}…)"
    remedy = "copy it from the computer on which the run was trained, or train again."
    if not path.is_file():
        raise BackboneError(f"{path} is missing, which holds {origin}; {remedy}")
    try:
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise BackboneError(f"{path} is damaged ({error}), which holds {origin}; {remedy}") from None
    if weights_hash(tensors) != config.weights:
        raise BackboneError(f"{path} holds other weights than {origin[4:]}; {remedy}")
    return tensors


def load_network(folder: Path, config: PostureConfig) -> Backbone:
    """Make the backbone of a run.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    config : PostureConfig
        Size of the crops, and the backbone.

    Returns
    -------
    Backbone
        In evaluation mode, without gradients.

    Raises
    ------
    BackboneError
        If its weights are missing or damaged, or timm is not installed.
    """
    assert config.backbone is not None
    tensors = load_stored(folder, config.backbone)
    made = Backbone(config)
    load_into(made.network, tensors, folder / backbone_file(config.backbone.weights))
    return made.eval().requires_grad_(False)


@torch.inference_mode()
def backbone_features(
    choice: BackboneChoice, frames: NDArray[np.uint8], device: torch.device | str = "cpu", batch: int = 64
) -> NDArray[np.float32]:
    """Compute features of frames with a pretrained network alone, without any training.

    Parameters
    ----------
    choice : BackboneChoice
        The network.
    frames : (n, y, x) or (n, y, x, 3) uint8 array
        Grey or RGB frames or crops of one size.
    device : torch.device or str
        Compute device.
    batch : int
        Frames that are moved to the device together.

    Returns
    -------
    (n, channels, rows, columns) float32 array
        Features of the patches of each frame. Flattened, they keep where the limbs are.

    Raises
    ------
    BackboneError
        If the network cannot be used.
    """
    network = LocalBackbone.read(choice).network((frames.shape[1], frames.shape[2])).to(device)
    found = [
        network(as_images(torch.from_numpy(frames[begin : begin + batch]).to(device))).float().cpu().numpy()
        for begin in range(0, len(frames), batch)
    ]
    return np.concatenate(found)


@torch.inference_mode()
def _maps_of(network: nn.Module, file: BackboneFile) -> tuple[int, int]:
    """Channels of the maps of a network, and pixels for each cell, found by trying it on two sizes."""
    patch = getattr(getattr(network, "patch_embed", None), "patch_size", None)
    unit = int(patch[0] if isinstance(patch, tuple) else patch or 32)
    tried = f"{file.path} ({file.name})"
    fault = (
        "so it cannot take the place of the gradient maps; choose another network, best a DINOv2 or DINOv3."
    )
    if not hasattr(network, "forward_intermediates"):
        raise BackboneError(f"{tried} gives no maps of features, {fault}")
    try:
        square, wide = (last_maps(network, torch.zeros(1, 3, 8 * unit, by * unit)) for by in (8, 12))
    except (RuntimeError, AssertionError, ValueError, TypeError) as error:
        raise BackboneError(f"{tried} takes no crops of other sizes ({error}), {fault}") from None
    if square.ndim != 4 or square.shape[2] < 2 or wide.shape[3] * 2 != square.shape[3] * 3:
        raise BackboneError(f"{tried} gives maps of the shape {tuple(square.shape[1:])}, {fault}")
    return int(square.shape[1]), 8 * unit // int(square.shape[2])


def _licence(file: BackboneFile, known: Mapping[str, object]) -> str:
    """Licence as the file says it, else what timm lists for weights of this name."""
    if file.licence != NOT_STATED or not (
        known.get("license") and (known.get("hf_hub_id") or known.get("url"))
    ):
        return file.licence
    return f"{NOT_STATED}; timm lists {known['license']} for {file.name}"
