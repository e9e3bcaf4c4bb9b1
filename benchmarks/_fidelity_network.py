"""The networks of the fidelity benchmark, trained by the package's own code."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _fidelity_data import Support
from safetensors.torch import load_file, save_file
from torch import nn

from napari_ubam.families.family import AnyBehaviour, AnyPosture, behaviour_encoder, posture_encoder
from napari_ubam.learners.augment import another_view
from napari_ubam.learners.behaviour import BehaviourBatches, BehaviourLearner, PostureTrack, whiten_behaviour
from napari_ubam.learners.learner import cycle
from napari_ubam.learners.posture import PostureBatches, PostureLearner, mean_maps, whiten_posture
from napari_ubam.learners.ubam2021 import CHECKPOINT_SECONDS, SequenceBatches, Ubam2021Learner
from napari_ubam.families import preset
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.devices import choose_device
from napari_ubam.models.images import as_images
from napari_ubam.models.native.posture import PostureEncoder
from napari_ubam.models.weights import weights_hash
from napari_ubam.models.windows import windows
from napari_ubam.progress import Progress, ProgressCallback
from napari_ubam.training.loop.fit import FitPlan, fit
from napari_ubam.training.pipeline.context import POSTURE_SHARE

BLOCK = 150  # frames or windows that are encoded at once
WIDE_BLOCK = 32  # frames that the published network encodes at once, since its maps are large


@dataclass(frozen=True)
class Budget:
    """How long is trained; as the preset says where neither is given.

    Parameters
    ----------
    steps : int, optional
        Of posture; behaviour takes as many more or fewer as in the preset.
    minutes : float, optional
        In all.
    """

    steps: int | None = None
    minutes: float | None = None

    def limits(self, config: ModelConfig) -> tuple[dict[str, Any], dict[str, Any]]:
        """Limits of the two trainings, as `FitPlan` takes them."""
        posture, behaviour = config.posture_training.steps, config.behaviour_training.steps
        if self.minutes is not None:
            parts = (POSTURE_SHARE, 1 - POSTURE_SHARE)
            return {"minutes": self.minutes * parts[0]}, {"minutes": self.minutes * parts[1]}
        if self.steps is not None:
            posture, behaviour = self.steps, max(round(self.steps * behaviour / posture), 1)
        return {"steps": posture}, {"steps": behaviour}


class Network:
    """Both encoders, ready to use.

    Parameters
    ----------
    posture_encoder : PostureEncoder or Ubam2021Posture
    behaviour_encoder : BehaviourEncoder or Ubam2021Behaviour
    config : ModelConfig
    device : str
        As `choose_device` takes it.
    keep : Path, optional
        Folder that posture codes are kept in for the next time.
    """

    def __init__(
        self,
        posture_encoder: AnyPosture,
        behaviour_encoder: AnyBehaviour,
        config: ModelConfig,
        device: str,
        keep: Path | None = None,
    ) -> None:
        self.config, self.device, self.keep = config, choose_device(device), keep
        self._hash = weights_hash(posture_encoder.state_dict())
        self._posture = posture_encoder.to(self.device).eval()
        self._behaviour = behaviour_encoder.to(self.device).eval()

    def posture(self, crops: np.ndarray) -> np.ndarray:
        """Encode crops (t, y, x), result (t, d)."""
        if self.keep is None:
            return self._encode(crops)
        content = hashlib.sha256(crops.tobytes()).hexdigest()[:16]
        kept = self.keep / f"{self._hash}-{content}.npy"
        if not kept.is_file():
            draft = kept.with_suffix(f".{os.getpid()}.npy")  # another run may look for the same
            np.save(draft, self._encode(crops))
            draft.replace(kept)
        return np.load(kept)

    def _encode(self, crops: np.ndarray) -> np.ndarray:
        block = BLOCK if self.config.paper is None else WIDE_BLOCK
        return encode(self._posture, crops, self.device, block)

    @torch.inference_mode()
    def behaviour(self, posture: np.ndarray, fps: float) -> tuple[np.ndarray, np.ndarray]:
        """Encode the windows around all frames: codes (t, d), and where the window is whole (t,)."""
        track = track_of(posture, fps, self.config)
        codes = np.zeros((len(posture), self.config.behaviour.code), np.float32)
        valid = np.zeros(len(posture), bool)
        for at in range(0, len(track.windows), BLOCK):
            read = torch.from_numpy(track.windows.of(track.posture, slice(at, at + BLOCK)))
            codes[track.windows.centres[at : at + BLOCK]] = (
                self._behaviour(read.to(self.device)).cpu().numpy()
            )
        valid[track.windows.centres] = True
        return codes, valid


@torch.inference_mode()
def encode(
    encoder: nn.Module, crops: np.ndarray, device: torch.device | str = "cpu", block: int = BLOCK
) -> np.ndarray:
    """Encode crops (t, y, x), some at once, result (t, d)."""
    parts = (torch.from_numpy(crops[at : at + block]) for at in range(0, len(crops), block))
    return torch.cat([encoder(as_images(part.to(device))).cpu() for part in parts]).numpy()


def track_of(posture: np.ndarray, fps: float, config: ModelConfig) -> PostureTrack:
    """Lay windows over a recording without gaps."""
    times = np.arange(len(posture)) / fps
    sizes = config.behaviour
    laid = windows(times, [range(len(posture))], sizes.window_ms, sizes.steps)
    return PostureTrack.of(posture, laid, unit=config.paper is None)


def config_for(films: Sequence[Support], name: str) -> ModelConfig:
    """Give a preset for the shape of the crops."""
    height, width = films[0].crops.shape[1:]
    return preset(name).with_crops(height, width)


def fresh(films: Sequence[Support], name: str, seed: int, device: str) -> Network:
    """Give networks with weights as they are drawn."""
    config = config_for(films, name)
    torch.manual_seed(seed)
    return Network(posture_encoder(config), behaviour_encoder(config), config, device)


def trained(
    films: Sequence[Support],
    name: str,
    budget: Budget,
    seed: int,
    device: str,
    folder: Path,
    say: Callable[[str], None],
    keep: Path | None = None,
) -> Network:
    """Train networks; the only place of the benchmark that does.

    Parameters
    ----------
    films : sequence of Support
        Their crops alone are used.
    name : str
        Of the preset.
    budget : Budget
        How long.
    seed : int
        Of the weights and of all that is drawn in training.
    device : str
        As `choose_device` takes it.
    folder : Path
        For checkpoints.
    say : callable
        Is told how far it is.
    keep : Path, optional
        Folder that the published networks and their codes are kept in, or read from.

    Returns
    -------
    Network
    """
    config, tell = config_for(films, name), teller(say)
    if config.paper is not None:
        return _published(films, config, budget, seed, device, folder, say, keep)
    limits = budget.limits(config)
    torch.manual_seed(seed)
    first = PostureLearner(config, mean_maps(PostureEncoder(config.posture), films))
    plan = FitPlan(config.posture_training.recordings, device=device, seed=seed, **limits[0])
    batches = PostureBatches(films, config, seed)
    fit(first, batches, plan, folder=folder / "posture", stage="posture", progress=tell)
    whiten_posture(first.encoder, films)

    network = Network(first.encoder, behaviour_encoder(config), config, device)
    tracks = [track_of(network.posture(film.crops), film.fps, config) for film in films]
    torch.manual_seed(seed)
    second = BehaviourLearner.of(config, tracks)
    plan = FitPlan(config.behaviour_training.recordings, device=device, seed=seed, **limits[1])
    following = BehaviourBatches(tracks, config, seed)
    fit(second, following, plan, folder=folder / "behaviour", stage="behaviour", progress=tell)
    whiten_behaviour(second.encoder, tracks)
    return Network(first.encoder, second.encoder, config, device)


def _published(
    films: Sequence[Support],
    config: ModelConfig,
    budget: Budget,
    seed: int,
    device: str,
    folder: Path,
    say: Callable[[str], None],
    keep: Path | None,
) -> Network:
    """Train the published networks, or read those that were kept."""
    torch.manual_seed(seed)
    learner = Ubam2021Learner(config)
    kept = None if keep is None else keep / f"paper-{seed}.safetensors"
    if kept is not None and kept.is_file():
        learner.load_state_dict(load_file(kept))
        return Network(learner.posture, learner.encoder, config, device, keep)
    limits: dict[str, Any] = {"minutes": budget.minutes} if budget.minutes else {"steps": budget.steps}
    every = CHECKPOINT_SECONDS
    size = config.posture_training.recordings
    plan = FitPlan(size, device=device, seed=seed, checkpoint_seconds=every, **limits)
    batches = SequenceBatches(films, config, seed)
    result = fit(learner, batches, plan, folder=folder / "paper", stage="paper", progress=teller(say))
    say(f"paper: {result.steps} steps in {result.seconds / 60:.1f} minutes, losses {result.losses}")
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        save_file(learner.state_dict(), kept)
    return Network(learner.posture, learner.encoder, config, device, keep)


def told(films: Sequence[Support], name: str, seed: int, steps: int, batch: int = 96) -> PostureEncoder:
    """Train the same encoder on the true joint angles: what it can reach with these animals.

    Parameters
    ----------
    films : sequence of Support
        Their crops, and their joint angles.
    name : str
        Of the preset.
    seed : int
    steps : int
    batch : int
        Frames a step.

    Returns
    -------
    PostureEncoder
        Its raw codes are what the joint angles were read from.
    """
    config = config_for(films, name)
    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    crops = np.concatenate([film.crops for film in films])
    angles = np.concatenate([film.angles for film in films])
    true = torch.from_numpy((angles - angles.mean(0)) / (angles.std(0) + 1e-9)).float()
    encoder, read = PostureEncoder(config.posture), nn.Linear(config.posture.code, angles.shape[1])
    rate = config.posture_training.learning_rate
    learned = [*encoder.parameters(), *read.parameters()]
    optimiser = torch.optim.AdamW(learned, rate, weight_decay=config.posture_training.weight_decay)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = rate * cycle(step / steps)
        chosen = generator.integers(0, len(crops), batch)
        images = as_images(torch.from_numpy(crops[chosen]))
        loss = (read(encoder.raw(another_view(images))) - true[chosen]).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return encoder.eval()


def teller(say: Callable[[str], None], seconds: float = 20.0) -> ProgressCallback:
    """Give what passes on events of long work now and then."""
    told = 0.0

    def tell(event: Progress) -> None:
        nonlocal told
        now = time.monotonic()
        if event.message or now - told > seconds or (event.of and event.step == event.of):
            told = now
            losses = ", ".join(f"{name} {value:.3f}" for name, value in event.losses.items())
            say(f"{event.stage} {event.step} of {event.of} {losses} {event.message}".rstrip())

    return tell
