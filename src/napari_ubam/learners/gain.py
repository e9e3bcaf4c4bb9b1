"""Makes a factor mean what it says: the rendering at 0 must have the posture of the reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from napari_ubam.analysis import DeviationError
from napari_ubam.analysis.phase_alignment import phase_alignment
from napari_ubam.models.images import as_images
from napari_ubam.models.native.magnifier import Magnifier
from napari_ubam.models.networks import coefficients_of
from napari_ubam.models.splatting import splat
from napari_ubam.progress import Cancel, check_cancelled

from .motion_pairs import RecordedMotion
from .sampling import evenly

GAINS = (1.0, 1.5, 2.0, 2.5)
RECORDINGS, FRAMES, SHOWN = 12, 600, 24  # recordings; frames of each that are aligned; and that are rendered


@dataclass(frozen=True)
class GainSample:
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
    sample: GainSample,
    gain: float,
) -> tuple[float, float]:
    """Part of the way to the reference that renderings at factor 0 go, by the encoder's own eyes.

    Parameters
    ----------
    magnifier : Magnifier
    encode : callable
        Posture codes of crops.
    sample : GainSample
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
    samples: Sequence[GainSample],
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
    samples : sequence of GainSample
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


def calibration_samples(
    magnifier: Magnifier, motions: Sequence[RecordedMotion], cancel: Cancel | None = None
) -> list[GainSample]:
    """Take some frames of some recordings, and the change to the other subjects' posture at the same phase.

    Parameters
    ----------
    magnifier : Magnifier
    motions : sequence of RecordedMotion
    cancel : Cancel, optional

    Returns
    -------
    list of GainSample
        Empty where there is no other recording.
    """
    chosen = [motions[place] for place in evenly(len(motions), RECORDINGS)]
    others = [one.codes for one in chosen]
    values = {one.name: coefficients_of(magnifier, one.posture) for one in others}
    found = []
    for one in chosen:
        own, motion = one.codes, one.motion
        runs = np.split(motion.frames, np.flatnonzero(np.diff(motion.frames) > 1) + 1)
        run = max(runs, key=len)[:FRAMES]
        start = int(run[0]) - int(own.frames[0])
        rows = slice(start, start + len(run))
        try:
            aligned = phase_alignment(own, others, window=rows, cancel=cancel)
        except DeviationError:  # there is no other recording
            continue
        goal = aligned.mean([values[name] for name in aligned.names])
        mine = values[own.name][rows]
        some = evenly(len(run), SHOWN)
        crops = np.concatenate([motion.crops.read(int(run[at]), int(run[at]) + 1) for at in some])
        found.append(GainSample(crops, mine[some], (goal - mine)[some]))
    return found
