"""Fits the gain of the magnifier, so that a rendering at factor 0 has the posture of the reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from napari_ubam.analysis import DeviationError
from napari_ubam.analysis.phase_alignment import phase_alignment
from napari_ubam.learners.sampling import evenly_spaced
from napari_ubam.models.images import as_images
from napari_ubam.models.native.magnifier import Magnifier
from napari_ubam.models.networks import coefficients_of
from napari_ubam.models.splatting import splat
from napari_ubam.progress import Cancel, check_cancelled

from .motion_pairs import RecordedMotion

GAINS = (1.0, 1.5, 2.0, 2.5)
RECORDINGS = 12  # at most
ALIGNED, RENDERED = 600, 24  # frames of each recording, at most

Encode = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


@dataclass(frozen=True)
class GainSample:
    """Frames of a recording, and their change to the reference.

    Parameters
    ----------
    crops : (n, y, x) uint8 array
        Crops of the frames.
    own, change : (n, components) float32 array
        Coefficients of their postures, and the change of the coefficients to the reference.
    """

    crops: NDArray[np.uint8]
    own: NDArray[np.float32]
    change: NDArray[np.float32]


@torch.inference_mode()
def reached_change(
    magnifier: Magnifier, encode: Encode, sample: GainSample, gain: float
) -> tuple[float, float]:
    """Measure how close renderings at factor 0 come to the reference, with the posture encoder.

    Parameters
    ----------
    magnifier : Magnifier
        Trained magnifier with a gain of 1.
    encode : callable
        Returns the posture codes of crops.
    sample : GainSample
        Frames to render.
    gain : float
        Factor for all displacements.

    Returns
    -------
    reached, wanted : float
        Sums over frames. Their ratio is 1 if renderings have the posture of the reference.
    """
    images = as_images(torch.from_numpy(sample.crops))
    own, change = torch.from_numpy(sample.own), torch.from_numpy(sample.change)
    rendered = splat(images, gain * magnifier(images, own, change))
    crops = np.rint(rendered[:, 0].numpy() * 255).clip(0, 255).astype(np.uint8)
    reached = magnifier.coefficients(torch.from_numpy(encode(crops))) - own
    return float((reached * change).sum()), float(change.square().sum())


def fit_gain(
    magnifier: Magnifier, encode: Encode, samples: Sequence[GainSample], cancel: Cancel | None = None
) -> float:
    """Fit the gain of a trained magnifier.

    Regression predicts uncertain displacements too small. The gain is the factor at which renderings of the
    reference posture reach it, as the posture encoder measures it.

    Parameters
    ----------
    magnifier : Magnifier
        Its ``gain`` is set.
    encode : callable
        Returns the posture codes of crops.
    samples : sequence of GainSample
        Frames to render.
    cancel : Cancel, optional
        Checked before every recording.

    Returns
    -------
    float
        From 1 to 2.5; 1 without samples.

    Raises
    ------
    Cancelled
        When ``cancel`` is set.
    """
    magnifier.gain.fill_(1.0)
    shares = []
    for gain in GAINS:
        sums = np.zeros(2)
        for sample in samples:
            check_cancelled(cancel)
            sums += reached_change(magnifier, encode, sample, gain)
        shares.append(sums[0] / sums[1] if sums[1] else 1.0)
        if shares[-1] >= 1:
            break
    # Not beyond the gain that comes closest, since larger displacements spoil the images.
    best = int(np.argmax(shares)) + 1
    gain = 1.0
    if shares[0] < 1:
        gain = float(np.interp(1.0, np.maximum.accumulate(shares[:best]), GAINS[:best]))
    magnifier.gain.fill_(gain)
    return gain


def gain_samples(
    magnifier: Magnifier, motions: Sequence[RecordedMotion], cancel: Cancel | None = None
) -> list[GainSample]:
    """Choose frames, and compute their change to the posture of other subjects at the same phase.

    Parameters
    ----------
    magnifier : Magnifier
        Trained magnifier.
    motions : sequence of RecordedMotion
        Recordings of the training.
    cancel : Cancel, optional
        Checked during the phase alignment.

    Returns
    -------
    list of GainSample
        Empty if there is no other recording.

    Raises
    ------
    Cancelled
        When ``cancel`` is set.
    """
    chosen = [motions[index] for index in evenly_spaced(len(motions), RECORDINGS)]
    others = [one.codes for one in chosen]
    coefficients = {one.name: coefficients_of(magnifier, one.posture) for one in others}
    samples = []
    for one in chosen:
        own, motion = one.codes, one.motion
        runs = np.split(motion.frames, np.flatnonzero(np.diff(motion.frames) > 1) + 1)
        run = max(runs, key=len)[:ALIGNED]
        start = int(run[0]) - int(own.frames[0])
        rows = slice(start, start + len(run))
        try:
            aligned = phase_alignment(own, others, window=rows, cancel=cancel)
        except DeviationError:  # there is no other recording
            continue
        goal = aligned.mean([coefficients[name] for name in aligned.names])
        present = coefficients[own.name][rows]
        some = evenly_spaced(len(run), RENDERED)
        crops = np.concatenate([motion.crops.read(int(run[at]), int(run[at]) + 1) for at in some])
        samples.append(GainSample(crops, present[some], (goal - present)[some]))
    return samples
