"""The networks of the fidelity benchmark, trained by the package's own code."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _fidelity_data import Filmed
from torch import nn

from napari_ubam.models.behaviour import BehaviourEncoder
from napari_ubam.models.config import ModelConfig, preset
from napari_ubam.models.devices import choose_device
from napari_ubam.models.posture import PostureEncoder, as_images
from napari_ubam.models.windows import windows
from napari_ubam.progress import Progress, ProgressCallback
from napari_ubam.run.learning import POSTURE_SHARE
from napari_ubam.training.augment import another_view
from napari_ubam.training.behaviour import BehaviourBatches, BehaviourLearner, PostureTrack, whiten_behaviour
from napari_ubam.training.fit import FitPlan, fit
from napari_ubam.training.learner import cycle
from napari_ubam.training.posture import PostureBatches, PostureLearner, mean_maps, whiten_posture

BLOCK = 150  # frames or windows that are encoded at once


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
    posture_encoder : PostureEncoder
    behaviour_encoder : BehaviourEncoder
    config : ModelConfig
    device : str
        As `choose_device` takes it.
    """

    def __init__(
        self,
        posture_encoder: PostureEncoder,
        behaviour_encoder: BehaviourEncoder,
        config: ModelConfig,
        device: str,
    ) -> None:
        self.config, self.device = config, choose_device(device)
        self._posture = posture_encoder.to(self.device).eval()
        self._behaviour = behaviour_encoder.to(self.device).eval()

    def posture(self, crops: np.ndarray) -> np.ndarray:
        """Encode crops (t, y, x), result (t, d)."""
        return encode(self._posture, crops, self.device)

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
def encode(encoder: nn.Module, crops: np.ndarray, device: torch.device | str = "cpu") -> np.ndarray:
    """Encode crops (t, y, x), result (t, d)."""
    parts = (torch.from_numpy(crops[at : at + BLOCK]) for at in range(0, len(crops), BLOCK))
    return torch.cat([encoder(as_images(part.to(device))).cpu() for part in parts]).numpy()


def track_of(posture: np.ndarray, fps: float, config: ModelConfig) -> PostureTrack:
    """Lay windows over a recording without gaps."""
    times = np.arange(len(posture)) / fps
    sizes = config.behaviour
    return PostureTrack.of(posture, windows(times, [range(len(posture))], sizes.window_ms, sizes.steps))


def config_for(films: Sequence[Filmed], name: str) -> ModelConfig:
    """Give a preset for the shape of the crops."""
    height, width = films[0].crops.shape[1:]
    return preset(name).with_crops(height, width)


def fresh(films: Sequence[Filmed], name: str, seed: int, device: str) -> Network:
    """Give networks with weights as they are drawn."""
    config = config_for(films, name)
    torch.manual_seed(seed)
    return Network(
        PostureEncoder(config.posture),
        BehaviourEncoder(config.posture.code, config.behaviour),
        config,
        device,
    )


def trained(
    films: Sequence[Filmed],
    name: str,
    budget: Budget,
    seed: int,
    device: str,
    folder: Path,
    say: Callable[[str], None],
) -> Network:
    """Train networks; the only place of the benchmark that does.

    Parameters
    ----------
    films : sequence of Filmed
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

    Returns
    -------
    Network
    """
    config, tell = config_for(films, name), _teller(say)
    limits = budget.limits(config)
    torch.manual_seed(seed)
    first = PostureLearner(config, mean_maps(PostureEncoder(config.posture), films))
    plan = FitPlan(config.posture_training.recordings, device=device, seed=seed, **limits[0])
    batches = PostureBatches(films, config, seed)
    fit(first, batches, plan, folder=folder / "posture", stage="posture", progress=tell)
    whiten_posture(first.encoder, films)

    network = Network(first.encoder, BehaviourEncoder(config.posture.code, config.behaviour), config, device)
    tracks = [track_of(network.posture(film.crops), film.fps, config) for film in films]
    torch.manual_seed(seed)
    second = BehaviourLearner.of(config, tracks)
    plan = FitPlan(config.behaviour_training.recordings, device=device, seed=seed, **limits[1])
    following = BehaviourBatches(tracks, config, seed)
    fit(second, following, plan, folder=folder / "behaviour", stage="behaviour", progress=tell)
    whiten_behaviour(second.encoder, tracks)
    return Network(first.encoder, second.encoder, config, device)


def told(films: Sequence[Filmed], name: str, seed: int, steps: int, batch: int = 96) -> PostureEncoder:
    """Train the same encoder on the true joint angles: what it can reach with these animals.

    Parameters
    ----------
    films : sequence of Filmed
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


def _teller(say: Callable[[str], None], seconds: float = 20.0) -> ProgressCallback:
    told = 0.0

    def tell(event: Progress) -> None:
        nonlocal told
        now = time.monotonic()
        if event.message or now - told > seconds or event.step == event.of:
            told = now
            losses = ", ".join(f"{name} {value:.3f}" for name, value in event.losses.items())
            say(f"{event.stage} {event.step} of {event.of} {losses} {event.message}".rstrip())

    return tell
