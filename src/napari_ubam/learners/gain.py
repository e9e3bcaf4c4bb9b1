"""Makes a factor mean what it says: the rendering at 0 must have the posture of the reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from napari_ubam.models.images import as_images
from napari_ubam.models.native.magnifier import Magnifier
from napari_ubam.models.splatting import splat
from napari_ubam.progress import Cancel, check_cancelled

GAINS = (1.0, 1.5, 2.0, 2.5)


@dataclass(frozen=True)
class Sample:
    """Frames of a recording, and how far the reference is.

    Parameters
    ----------
    crops : (n, y, x) uint8 array
    own, change : (n, components) float32 array
        Coefficients of their postures, and from there to the reference's.
    """

    crops: NDArray[np.uint8]
    own: NDArray[np.float32]
    change: NDArray[np.float32]


@torch.inference_mode()
def reached(
    magnifier: Magnifier,
    encode: Callable[[NDArray[np.uint8]], NDArray[np.float32]],
    sample: Sample,
    gain: float,
) -> tuple[float, float]:
    """Part of the way to the reference that renderings at factor 0 go, by the encoder's own eyes.

    Parameters
    ----------
    magnifier : Magnifier
    encode : callable
        Posture codes of crops.
    sample : Sample
    gain : float
        Displacements are multiplied by it.

    Returns
    -------
    went, asked : float
        Sums over frames; their ratio is the part.
    """
    images = as_images(torch.from_numpy(sample.crops))
    own, change = torch.from_numpy(sample.own), torch.from_numpy(sample.change)
    rendered = splat(images, gain * magnifier(images, own, change))
    there = np.rint(rendered[:, 0].numpy() * 255).clip(0, 255).astype(np.uint8)
    went = magnifier.coefficients(torch.from_numpy(encode(there))) - own
    return float((went * change).sum()), float(change.square().sum())


def calibrate(
    magnifier: Magnifier,
    encode: Callable[[NDArray[np.uint8]], NDArray[np.float32]],
    samples: Sequence[Sample],
    cancel: Cancel | None = None,
) -> float:
    """Set the gain of a trained magnifier.

    What is learned by regression falls short: a displacement that is unsure is predicted too small. The gain
    is the factor on displacements at which renderings of the reference posture reach it, as the posture
    encoder sees them; between 1 and 2.5.

    Parameters
    ----------
    magnifier : Magnifier
        Its ``gain`` is set.
    encode : callable
        Posture codes of crops.
    samples : sequence of Sample
    cancel : Cancel, optional

    Returns
    -------
    float
        The gain; 1 where there is nothing to learn it from.
    """
    magnifier.gain.fill_(1.0)
    parts = []
    for gain in GAINS:
        sums = np.zeros(2)
        for sample in samples:
            check_cancelled(cancel)
            sums += reached(magnifier, encode, sample, gain)
        parts.append(sums[0] / sums[1] if sums[1] else 1.0)
        if parts[-1] >= 1:
            break
    # Never past the gain that gets furthest: beyond it, pictures fall apart.
    best = int(np.argmax(parts)) + 1
    found = float(np.interp(1.0, np.maximum.accumulate(parts[:best]), GAINS[:best])) if parts[0] < 1 else 1.0
    magnifier.gain.fill_(found)
    return found
