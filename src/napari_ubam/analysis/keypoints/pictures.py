"""Codes of pictures without learning, which a learnt code is compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from napari_ubam.crops import CropSpec, iter_crops, regions_of, shape_for
from napari_ubam.progress import Cancel
from napari_ubam.study import Recording

Images = npt.NDArray[np.uint8]

HOG_CELLS = {"orientations": 8, "pixels_per_cell": (8, 8), "cells_per_block": (2, 2)}


def histograms(crops: Images) -> npt.NDArray[np.float32]:
    """Describe pictures by histograms of oriented gradients (Dalal and Triggs, CVPR 2005).

    Parameters
    ----------
    crops : ndarray of uint8, shape (n, y, x)

    Returns
    -------
    ndarray of float32, shape (n, d)
        Cells of 8 pixels, 8 directions, blocks of 2 by 2 cells.
    """
    from skimage.feature import hog  # it takes a second to load

    return np.stack([hog(crop, **HOG_CELLS) for crop in crops]).astype(np.float32)


def small_crops(
    frames: Sequence[tuple[Recording, Sequence[int]]],
    side: int,
    cancel: Cancel | None,
    done: Callable[[int], None],
) -> Images:
    """Read the crops of some frames.

    Parameters
    ----------
    frames : sequence of (Recording, sequence of int)
        Frame numbers of each recording, ascending.
    side : int
        The crops have about as many pixels as a square with this side.
    cancel : object with ``is_set()``, optional
    done : callable
        Called with the number of crops that were read.

    Returns
    -------
    ndarray of uint8, shape (n, y, x)
        In the order of the recordings and frames.
    """
    spec = CropSpec(*shape_for(regions_of([one for one, _ in frames], cancel), side))
    found = []
    for recording, numbers in frames:
        with iter_crops(recording, spec, list(numbers), cancel=cancel) as stream:
            for _, crops, _ in stream:
                found.append(crops)
                done(len(crops))
    return np.concatenate(found)
