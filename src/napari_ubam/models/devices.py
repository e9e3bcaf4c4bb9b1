"""Which device computes, and what it is."""

from __future__ import annotations

import platform

import torch

from napari_ubam.errors import UbamError


class DeviceError(UbamError):
    """There is no such device, in one sentence."""


def choose_device(name: str = "auto") -> torch.device:
    """Return the device of a name.

    Parameters
    ----------
    name : str
        ``"auto"`` (CUDA where there is one, else Apple's MPS, else the processor), ``"cpu"``, ``"cuda"``,
        ``"cuda:1"`` or ``"mps"``.

    Raises
    ------
    DeviceError
        If there is no such device here.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise DeviceError(f"There is no device {name!r}; choose auto, cpu, cuda, cuda:1 or mps.") from None
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not there.get(device.type, False):
        raise DeviceError(f"The device {name!r} is not available on this computer; choose auto or cpu.")
    return device


def describe_device(name: str = "auto") -> str:
    """Name and memory of a device, for people.

    Raises
    ------
    DeviceError
        If there is no such device here.
    """
    device = choose_device(name)
    if device.type == "cuda":
        found = torch.cuda.get_device_properties(device)
        return f"{found.name}, {found.total_memory / 2**30:.0f} GB"
    processor = platform.processor() or platform.machine()
    if device.type == "mps":
        return f"Apple GPU of {processor}"
    return f"processor {processor}, {torch.get_num_threads()} threads"
