"""One reader for all files with key points."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from napari_ubam.files import existing_form

from .by_packages import read_dataset, read_slp
from .hdf5 import read_hdf5
from .poses import LIKELIHOOD, Poses, PosesError
from .tables import read_text_table

_READERS: Mapping[str, Callable[[Path], Poses]] = {
    ".csv": read_text_table,
    ".tsv": read_text_table,
    ".txt": read_text_table,
    ".h5": read_hdf5,
    ".hdf5": read_hdf5,
    ".slp": read_slp,
    ".nc": read_dataset,
    ".nwb": read_dataset,
}

SUFFIXES = tuple(_READERS)
"""Endings of the files that can be read."""


def read_poses(path: str | Path, *, least: float = LIKELIHOOD) -> Poses:
    """Read key points.

    Parameters
    ----------
    path : str or Path
        File of DeepLabCut (CSV, h5), SLEAP (``.slp``, ``.analysis.h5``), Lightning Pose or Anipose (CSV),
        movement (netCDF) or NWB; or a table of your own. A long one has the columns ``frame, keypoint, x, y``
        and, if wanted, ``likelihood`` and ``individual``; a wide one ``frame, nose_x, nose_y,
        nose_likelihood`` and so on.
    least : float
        Smallest likelihood of a point. Points below it become gaps; 0 keeps all.

    Returns
    -------
    Poses
        Positions (t, i, k, s) in pixels of the full frame, NaN in gaps.

    Raises
    ------
    PosesError
        If the file is missing, of another kind, or damaged; or if it needs a package that is not installed.
    """
    path = existing_form(Path(path))
    if not path.is_file():
        raise PosesError(f"There is no file {path}; check the path of the key points.")
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        kinds = ", ".join(SUFFIXES)
        raise PosesError(f"{path.name} is of an unknown kind; key points are read from {kinds}.")
    return reader(path).confident(least)
