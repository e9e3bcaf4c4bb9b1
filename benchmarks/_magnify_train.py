"""Magnifiers of either family for the benchmark of magnified frames, and what leads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from _fidelity_data import Herd, Support
from _fidelity_network import Network, teller
from scipy.ndimage import gaussian_filter1d

from napari_ubam.analysis import Codes
from napari_ubam.analysis.matches import cross_subject_match, same_phase_rows
from napari_ubam.analysis.phase_alignment import phase_alignment
from napari_ubam.families import family_of
from napari_ubam.learners.native.gain import GainSample, fit_gain
from napari_ubam.learners.native.magnifier import MagnifierLearner, MotionBatches
from napari_ubam.learners.native.motion_pairs import Motion
from napari_ubam.learners.sampling import evenly_spaced
from napari_ubam.learners.ubam2021.vae import RecordedPostures, VaeBatches, VaeLearner
from napari_ubam.magnification.defaults import SMOOTHING_MS
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.networks import MagnifierNetwork, coefficients_of
from napari_ubam.models.ubam2021.vae import FrameVae
from napari_ubam.sample import Walker
from napari_ubam.training.loop.fit import fit
from napari_ubam.training.loop.plan import FitPlan

Say = Callable[[str], None]


@dataclass(frozen=True)
class Shown:
    """A held-out animal, its codes and what leads it."""

    film: Support
    walker: Walker | None
    rows: np.ndarray
    own: np.ndarray
    change: np.ndarray
    reference: np.ndarray  # mean of the reference's crops at each row, (t, y, x)


def codes_of(film: Support, network: Network) -> Codes:
    """Encode an animal's crops."""
    posture = network.posture(film.crops)
    behaviour, valid = network.behaviour(posture, film.fps)
    frames = np.arange(len(posture))
    return Codes(film.name, film.name, film.group, "0", posture, behaviour, frames / film.fps, frames, valid)


def limit_of(config: ModelConfig, steps: int | None, minutes: float | None, seed: int) -> FitPlan:
    """Limit a training as asked, or as the preset says."""
    plan = config.magnifier_training
    every = family_of(config).checkpoint_seconds
    steps = steps if minutes is not None or steps is not None else plan.steps
    return FitPlan(plan.recordings, steps, minutes, device="cpu", seed=seed, checkpoint_seconds=every)


def magnifier_of(
    herd: Herd, codes: dict[str, Codes], network: Network, limit: FitPlan, folder: Path, say: Say
) -> MagnifierNetwork:
    """Train a magnifier on the codes of the training animals."""
    if not family_of(network.config).moves_pixels:
        return _painter(herd, codes, network, limit, folder, say)
    seed = limit.seed
    known = [codes[film.name] for film in herd.training]
    motions = []
    for film, own in zip(herd.training, known, strict=True):
        rows = np.flatnonzero(own.valid)
        place = np.full(len(own) + 1, -1)
        place[rows] = np.arange(len(rows))
        told_by = cross_subject_match(known, own)[rows]
        motions.append(Motion(film, rows, own.posture[rows], told_by, place[same_phase_rows(own)[rows]]))
    torch.manual_seed(seed)
    learner = MagnifierLearner(network.config)
    batches = MotionBatches(motions, network.config, seed)
    say(f"training the magnifier, {limit.minutes or limit.steps} {'minutes' if limit.minutes else 'steps'}")
    done = fit(learner, batches, limit, folder=folder / "magnifier", stage="magnifier")
    say(f"{done.steps} steps")
    magnifier = learner.magnifier
    some = evenly_spaced(len(known), 12)
    others = [herd.training[place] for place in some]
    samples = []
    for place in some.tolist():
        one = shown_of(herd.training[place], None, codes, others, magnifier)
        at = evenly_spaced(len(one.rows), 24)
        samples.append(GainSample(one.film.crops[one.rows[at]], one.own[at], one.change[at]))
    say(f"gain {fit_gain(magnifier, network.posture, samples):.2f}")
    return magnifier


def _painter(
    herd: Herd, codes: dict[str, Codes], network: Network, limit: FitPlan, folder: Path, say: Say
) -> FrameVae:
    """Train the published magnifier, its pictures compared by pixels and edges."""
    known = [
        RecordedPostures(film, np.flatnonzero(own.valid), own.posture[own.valid])
        for film in herd.training
        for own in [codes[film.name]]
    ]
    torch.manual_seed(limit.seed)
    learner = VaeLearner(network.config)
    say("training the published magnifier")
    batches = VaeBatches(known, network.config, limit.seed)
    done = fit(
        learner,
        batches,
        limit,
        folder=folder / "magnifier",
        stage="magnifier",
        progress=teller(say, 60.0),
    )
    say(f"published magnifier: {done.steps} steps in {done.seconds / 60:.1f} minutes, {done.losses}")
    return learner.magnifier


@torch.inference_mode()
def shown_of(
    film: Support,
    walker: Walker | None,
    codes: dict[str, Codes],
    reference: Sequence[Support],
    magnifier: MagnifierNetwork,
) -> Shown:
    """Lead an animal by the reference."""
    own = codes[film.name]
    rows = np.flatnonzero(own.valid)
    window = slice(int(rows[0]), int(rows[-1]) + 1)
    found = phase_alignment(own, [codes[one.name] for one in reference], window=window)

    mine = coefficients_of(magnifier, own.posture)[window]
    goal = found.mean([coefficients_of(magnifier, codes[name].posture) for name in found.names])
    change = gaussian_filter1d(goal - mine, SMOOTHING_MS / 1000 * film.fps, axis=0, mode="nearest")
    by_name = {one.name: one for one in reference}
    flat = found.mean([by_name[name].crops.reshape(len(by_name[name].crops), -1) for name in found.names])
    pixels = flat.reshape(-1, *film.crops.shape[1:])
    return Shown(film, walker, rows, mine, change.astype(np.float32), pixels)
