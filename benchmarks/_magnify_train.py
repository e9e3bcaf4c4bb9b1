"""Magnifiers of both families for the benchmark of magnified frames, and their change to the reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from _fidelity_data import Herd, RenderedRecording
from _fidelity_network import Network, teller

from napari_ubam.analysis import Codes
from napari_ubam.analysis.matches import cross_subject_match, same_phase_rows
from napari_ubam.families import family_of
from napari_ubam.learners.native.gain import GainSample, fit_gain
from napari_ubam.learners.native.magnifier import MagnifierLearner, MotionBatches
from napari_ubam.learners.native.motion_pairs import Motion
from napari_ubam.learners.sampling import evenly_spaced
from napari_ubam.learners.ubam2021.vae import RecordedPostures, VaeBatches, VaeLearner
from napari_ubam.magnification.change import changes_to_reference
from napari_ubam.magnification.own_frames import chosen_rows
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.images import as_images
from napari_ubam.models.networks import MagnifierNetwork, coefficients_of
from napari_ubam.models.own_frames import OwnFrames
from napari_ubam.models.ubam2021.vae import FrameVae
from napari_ubam.sample import Walker
from napari_ubam.training.loop.fit import fit
from napari_ubam.training.loop.plan import FitPlan

Say = Callable[[str], None]


@dataclass(frozen=True)
class Shown:
    """A held-out animal, and its change towards the reference.

    Parameters
    ----------
    film : RenderedRecording
    walker : Walker or None
    rows : ndarray of int, shape (t,)
        Frames with a code.
    own, measured, change : ndarray of float32, shape (t, k)
        Coefficients of their postures, the change from there to the reference, and what of it is magnified.
    others : OwnFrames
        Frames of the animal that each of its frames is compared with.
    reference : ndarray of float32, shape (t, y, x)
        Mean of the aligned crops of the reference.
    displacements : dict of int to (2, y, x) tensor
        Of the frames that were magnified before, by their place in ``rows``.
    """

    film: RenderedRecording
    walker: Walker | None
    rows: np.ndarray
    own: np.ndarray
    measured: np.ndarray
    change: np.ndarray
    others: OwnFrames
    reference: np.ndarray
    displacements: dict[int, torch.Tensor] = field(default_factory=dict)


def codes_of(film: RenderedRecording, network: Network) -> Codes:
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
        samples.append(GainSample(one.film.crops[one.rows[at]], one.own[at], one.measured[at]))
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
    film: RenderedRecording,
    walker: Walker | None,
    codes: dict[str, Codes],
    reference: Sequence[RenderedRecording],
    magnifier: MagnifierNetwork,
) -> Shown:
    """Compute the change of an animal towards the reference, as a run does."""
    own = codes[film.name]
    names = [one.name for one in reference]
    coefficients = {name: coefficients_of(magnifier, codes[name].posture) for name in {film.name, *names}}
    parts = changes_to_reference(own, [codes[name] for name in names], coefficients)
    crops = {one.name: one.crops.reshape(len(one.crops), -1) for one in reference}
    pixels = [part.alignment.mean([crops[name] for name in part.alignment.names]) for part in parts]
    frames, steps, measured, change = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("frames", "own", "measured", "change")
    )
    rows = chosen_rows(frames, range(len(film.crops)))
    images = as_images(torch.from_numpy(film.crops[frames[rows]]))
    others = OwnFrames(torch.from_numpy(frames[rows]), images, torch.from_numpy(steps[rows]))
    mean = np.concatenate(pixels).reshape(-1, *film.crops.shape[1:])
    return Shown(film, walker, frames, steps, measured, change, others, mean)
