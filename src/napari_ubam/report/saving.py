"""Figures to files."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path

from matplotlib.figure import Figure

DPI = 150


def save(figure: Figure, path: str | os.PathLike[str]) -> Path:
    """Write a figure as PNG with 150 dots per inch.

    The file appears under its name when it is complete, so that a reader never sees half of it.

    Parameters
    ----------
    figure : Figure
        Any.
    path : path
        File; its folder is made where it is missing.

    Returns
    -------
    Path
        The file. Its metadata name this package and its version as the software.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        figure.savefig(
            partial, format="png", dpi=DPI, metadata={"Software": f"napari-ubam {version('napari-ubam')}"}
        )
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target
