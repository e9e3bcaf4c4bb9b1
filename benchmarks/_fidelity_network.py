"""The networks of the fidelity benchmark, trained by the package's own code."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from _fidelity_data import RenderedRecording
from safetensors.torch import load_file, save_file
from torch import nn

from napari_ubam.embedding.model_encoder import ModelEncoder
from napari_ubam.families import family_of, preset
from napari_ubam.learners.augment import augmented
from napari_ubam.learners.fitting import Batches, EncoderData, FitResult, Training
from napari_ubam.learners.learner import Learner, one_cycle
from napari_ubam.learners.posture_track import PostureTrack
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.devices import choose_device
from napari_ubam.models.images import as_images
from napari_ubam.models.native.posture import PostureEncoder
from napari_ubam.models.networks import BehaviourNetwork, PostureNetwork
from napari_ubam.models.windows import windows
from napari_ubam.progress import Progress, ProgressCallback
from napari_ubam.training.loop.fit import fit
from napari_ubam.training.pipeline.context import TrainingContext, TrainingOptions

BLOCK = 150  # frames that are encoded together


@dataclass(frozen=True)
class Budget:
    """Length of the training; that of the preset if neither is given.

    Parameters
    ----------
    steps : int, optional
        Steps of the posture encoder; the steps of the behaviour encoder are in proportion.
    minutes : float, optional
        Minutes for both encoders.
    """

    steps: int | None = None
    minutes: float | None = None


class Network:
    """Both encoders, ready to use.

    Parameters
    ----------
    posture : PostureNetwork
        The posture encoder.
    behaviour : BehaviourNetwork
        The behaviour encoder.
    config : ModelConfig
        Their sizes.
    device : str
        Compute device, as `choose_device` takes it.
    keep : Path, optional
        Folder in which posture codes are kept for the next time.
    """

    def __init__(
        self,
        posture: PostureNetwork,
        behaviour: BehaviourNetwork,
        config: ModelConfig,
        device: str,
        keep: Path | None = None,
    ) -> None:
        self.config, self.keep = config, keep
        self.encoder = ModelEncoder(config, posture, behaviour, choose_device(device))

    def posture(self, crops: np.ndarray) -> np.ndarray:
        """Encode crops (t, y, x) to posture codes (t, d)."""
        if self.keep is None:
            return self._encode(crops)
        content = hashlib.sha256(crops.tobytes()).hexdigest()[:16]
        kept = self.keep / f"{self.encoder.hashes['posture']}-{content}.npy"
        if not kept.is_file():
            self.keep.mkdir(parents=True, exist_ok=True)
            draft = kept.with_suffix(f".{os.getpid()}.npy")  # another process may look for the same file
            np.save(draft, self._encode(crops))
            draft.replace(kept)
        return np.load(kept)

    def _encode(self, crops: np.ndarray) -> np.ndarray:
        blocks = (crops[at : at + BLOCK] for at in range(0, len(crops), BLOCK))
        return np.concatenate([self.encoder.posture(block) for block in blocks])

    def behaviour(self, posture: np.ndarray, fps: float) -> tuple[np.ndarray, np.ndarray]:
        """Encode the windows around all frames: codes (t, d), and where the window is whole (t,)."""
        times = np.arange(len(posture)) / fps
        codes, valid = self.encoder.behaviour(posture, times, [range(len(posture))])
        return np.where(valid[:, None], codes, 0), valid


@torch.inference_mode()
def encode(encoder: nn.Module, crops: np.ndarray) -> np.ndarray:
    """Encode crops (t, y, x) with an encoder on the CPU, result (t, d)."""
    parts = (torch.from_numpy(crops[at : at + BLOCK]) for at in range(0, len(crops), BLOCK))
    return torch.cat([encoder(as_images(part)) for part in parts]).numpy()


def track_of(posture: np.ndarray, fps: float, config: ModelConfig) -> PostureTrack:
    """Place windows on a recording without gaps."""
    times = np.arange(len(posture)) / fps
    sizes = config.behaviour
    laid = windows(times, [range(len(posture))], sizes.window_ms, sizes.steps)
    return PostureTrack.of(posture, laid, unit=family_of(config).unit_codes)


def config_for(films: Sequence[RenderedRecording], name: str) -> ModelConfig:
    """Return a preset for the shape of the crops."""
    height, width = films[0].crops.shape[1:]
    return preset(name).with_crops(height, width)


def fresh(films: Sequence[RenderedRecording], name: str, seed: int, device: str) -> Network:
    """Make networks with random weights."""
    config = config_for(films, name)
    family = family_of(config)
    torch.manual_seed(seed)
    return Network(family.posture_encoder(config), family.behaviour_encoder(config), config, device)


def trained(
    films: Sequence[RenderedRecording],
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
    films : sequence of RenderedRecording
        Recordings; only their crops are used.
    name : str
        Name of the preset.
    budget : Budget
        Length of the training.
    seed : int
        Random seed.
    device : str
        Compute device, as `choose_device` takes it.
    folder : Path
        Folder of the checkpoints.
    say : callable
        Called with sentences about the progress.
    keep : Path, optional
        Folder in which the trained networks and their codes are kept; networks that are there are read.

    Returns
    -------
    Network
    """
    config = config_for(films, name)
    family = family_of(config)
    kept = None if keep is None else keep / f"{name}-{seed}.safetensors"
    if kept is not None and kept.is_file():
        say(f"{name}: read from {kept}")
        return _read(kept, config, device, keep)
    training = _training(config, budget, seed, device, folder, say)

    def tracks(encoder: PostureNetwork) -> list[PostureTrack]:
        network = Network(encoder, family.behaviour_encoder(config), config, device)
        found = [track_of(network.posture(film.crops), film.fps, config) for film in films]
        encoder.cpu()
        return found

    made = family.train_encoders(training, EncoderData(films, tracks))
    behaviour = made.behaviour.encoder
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        tensors = {f"posture.{key}": tensor for key, tensor in made.posture.state_dict().items()}
        tensors |= {f"encoder.{key}": tensor for key, tensor in behaviour.state_dict().items()}
        save_file(tensors, kept)
    return Network(made.posture, behaviour, config, device, keep)


def _training(
    config: ModelConfig, budget: Budget, seed: int, device: str, folder: Path, say: Callable[[str], None]
) -> Training:
    """Give the settings of a training in a run, without its log."""
    tell = teller(say)
    options = TrainingOptions(
        device=device, minutes=budget.minutes, steps=budget.steps, seed=seed, progress=tell
    )
    context = TrainingContext(folder, folder, config, options, "")

    def run(learner: Learner, batches: Batches, stage: str, held_out: Batches | None = None) -> FitResult:
        done = fit(
            learner,
            batches,
            context.plan(stage),
            folder=folder / stage,
            stage=stage,
            held_out=held_out,
            progress=tell,
        )
        say(f"{stage}: {done.steps} steps in {done.seconds / 60:.1f} minutes, losses {done.losses}")
        return done

    return replace(context.training, run=run)


def _read(kept: Path, config: ModelConfig, device: str, keep: Path | None) -> Network:
    """Read networks that were kept."""
    family, tensors = family_of(config), load_file(kept)
    networks = {"posture": family.posture_encoder(config), "encoder": family.behaviour_encoder(config)}
    for part, network in networks.items():
        own = {
            name.removeprefix(f"{part}."): tensor
            for name, tensor in tensors.items()
            if name.startswith(f"{part}.")
        }
        network.load_state_dict(own)
    return Network(networks["posture"], networks["encoder"], config, device, keep)


def supervised(
    films: Sequence[RenderedRecording], name: str, seed: int, steps: int, batch: int = 96
) -> PostureEncoder:
    """Train the same encoder on the true joint angles: an upper bound for a training without labels.

    Parameters
    ----------
    films : sequence of RenderedRecording
        Recordings with their joint angles.
    name : str
        Name of the preset.
    seed : int
        Random seed.
    steps : int
        Number of steps.
    batch : int
        Frames in a batch.

    Returns
    -------
    PostureEncoder
        The joint angles were read from its raw codes.
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
            group["lr"] = rate * one_cycle(step / steps)
        chosen = generator.integers(0, len(crops), batch)
        images = as_images(torch.from_numpy(crops[chosen]))
        loss = (read(encoder.raw(augmented(images))) - true[chosen]).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return encoder.eval()


def teller(say: Callable[[str], None], seconds: float = 20.0) -> ProgressCallback:
    """Make a progress callback that passes on events now and then."""
    told = 0.0

    def tell(event: Progress) -> None:
        nonlocal told
        now = time.monotonic()
        if event.message or now - told > seconds or (event.of and event.step == event.of):
            told = now
            losses = ", ".join(f"{name} {value:.3f}" for name, value in event.losses.items())
            say(f"{event.stage} {event.step} of {event.of} {losses} {event.message}".rstrip())

    return tell
