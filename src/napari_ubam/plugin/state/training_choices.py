"""Presets, compute devices and the present model of a training. Needs neither Qt nor napari."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from napari_ubam.runfolder.paths import BEHAVIOUR, MAGNIFIER, POSTURE

FILES = {"encoders": (POSTURE, BEHAVIOUR), "magnifier": (MAGNIFIER,)}


@dataclass(frozen=True)
class Choices:
    """What can be chosen for a training: name and description of each.

    Parameters
    ----------
    presets, devices : list of (str, str)
    """

    presets: list[tuple[str, str]]
    devices: list[tuple[str, str]]


def list_choices() -> Choices:
    """List presets and compute devices. Loads torch, so call it from a thread.

    Returns
    -------
    Choices
    """
    from napari_ubam.families import describe_presets
    from napari_ubam.models.devices import DeviceError, describe_device

    devices = []
    for name in ("auto", "cuda", "cuda:1", "cuda:2", "cuda:3", "mps", "cpu"):
        try:
            devices.append((name, describe_device(name)))
        except DeviceError:
            continue
    return Choices(list(describe_presets().items()), devices)


def is_trained(folder: Path, part: str) -> bool:
    """Find out whether a training would replace a model.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    part : str
        ``"encoders"`` or ``"magnifier"``.

    Returns
    -------
    bool
    """
    return all((folder / name).is_file() for name in FILES[part])
