"""Compute devices: the choice by name, and their description."""

from __future__ import annotations

import platform

import torch

from napari_ubam.errors import UbamError


class DeviceError(UbamError):
    """A compute device is not available."""


def choose_device(name: str = "auto") -> torch.device:
    """Return the compute device of a name.

    Parameters
    ----------
    name : str
        ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or ``"mps"``. ``"auto"`` is CUDA if available, else
        Apple's MPS, else the CPU.

    Returns
    -------
    torch.device

    Raises
    ------
    DeviceError
        If this computer has no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise DeviceError(f"There is no device {name!r}; choose auto, cpu, cuda, cuda:1 or mps.") from None
    available = {
        "cpu": True,
        "cuda": torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not available.get(device.type, False):
        raise DeviceError(f"The device {name!r} is not available on this computer; choose auto or cpu.")
    return device


def describe_device(name: str = "auto") -> str:
    """Describe a compute device for the user.

    Parameters
    ----------
    name : str
        As `choose_device` takes it.

    Returns
    -------
    str
        Name of the device, with its memory or number of threads.

    Raises
    ------
    DeviceError
        If this computer has no such device.
    """
    device = choose_device(name)
    if device.type == "cuda":
        found = torch.cuda.get_device_properties(device)
        return f"{found.name}, {found.total_memory / 2**30:.0f} GB"
    processor = platform.processor() or platform.machine()
    if device.type == "mps":
        return f"Apple GPU of {processor}"
    count = torch.get_num_threads()
    return f"CPU {processor}, {count} thread{'' if count == 1 else 's'}"
