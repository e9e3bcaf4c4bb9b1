"""Save figures to files."""

from __future__ import annotations

import os
from importlib.metadata import version
from io import BytesIO
from pathlib import Path

from matplotlib.figure import Figure

from napari_ubam.files import write_atomic

DPI = 150


def save(figure: Figure, path: str | os.PathLike[str]) -> Path:
    """Save a figure as PNG with 150 dots per inch. The file is written atomically.

    Parameters
    ----------
    figure : Figure
        The figure.
    path : str or path-like
        File to write. Its folder is created if it does not exist.

    Returns
    -------
    Path
        The file. Its metadata contain the name and version of this package.
    """
    target, content = Path(path), BytesIO()
    software = {"Software": f"napari-ubam {version('napari-ubam')}"}
    figure.savefig(content, format="png", dpi=DPI, metadata=software)
    write_atomic(target, content.getvalue())
    return target
