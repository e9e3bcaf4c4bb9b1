"""Presets and compute devices for a training. Needs neither Qt nor napari."""

from __future__ import annotations

from dataclasses import dataclass


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
