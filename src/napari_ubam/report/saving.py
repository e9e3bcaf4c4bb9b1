"""Figures to files."""

from __future__ import annotations

import os
from importlib.metadata import version
from io import BytesIO
from pathlib import Path

from matplotlib.figure import Figure

from napari_ubam.files import write_atomic

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
    target, content = Path(path), BytesIO()
    software = {"Software": f"napari-ubam {version('napari-ubam')}"}
    figure.savefig(content, format="png", dpi=DPI, metadata=software)
    write_atomic(target, content.getvalue())
    return target
