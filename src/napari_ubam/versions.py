"""Versions of the software, which are written with every result."""

from __future__ import annotations

import platform
from importlib.metadata import version


def versions() -> dict[str, str]:
    """Return the versions of this package, torch and Python.

    Returns
    -------
    dict of str to str
        Version by name. torch itself is not loaded.
    """
    return {
        "napari-ubam": version("napari-ubam"),
        "torch": version("torch"),
        "python": platform.python_version(),
    }
