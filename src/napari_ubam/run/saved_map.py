"""The map that a run has: whether it is of the same codes and settings, and where its frames lie."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.paths import MAP_RESULT
from napari_ubam.runfolder.tables import has_result, read_result


def codes_digest(codes: npt.NDArray[np.float32]) -> str:
    """Compute a hash of the codes that are mapped.

    Parameters
    ----------
    codes : ndarray of float32, shape (n, d)

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    return hashlib.sha256(np.ascontiguousarray(codes).tobytes()).hexdigest()[:16]


def read_saved_map(folder: Path, facts: Mapping[str, Any], count: int) -> npt.NDArray[np.float64] | None:
    """Read the positions of the saved map.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    facts : mapping of str to object
        Codes and settings that the map must have.
    count : int
        Number of frames.

    Returns
    -------
    ndarray of float64, shape (count, 2), or None
        None if there is no map of these codes and settings.
    """
    if not has_result(folder, MAP_RESULT):
        return None
    try:
        saved = read_result(folder, MAP_RESULT)
    except RunError:
        return None
    if any(saved.facts.get(name) != value for name, value in facts.items()):
        return None
    points = saved.tables["map"][["x", "y"]].to_numpy(float)
    return points if len(points) == count else None
