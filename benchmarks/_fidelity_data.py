"""Rendered animals whose posture is known, for the fidelity benchmark: crops and truth, kept in a cache."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np

import napari_ubam.sample
from napari_ubam.crops import letterbox, shape_for
from napari_ubam.sample import Walker, walkers

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
FEW = 2000  # frames that are rendered before a second process would have started
PROCESSES = 2
LIGHTS = 8  # of which the most different one is the other light


@dataclass(frozen=True)
class Recipe:
    """What is rendered for a seed.

    Parameters
    ----------
    training, held_out : tuple of int
        Healthy and impaired animals; those of the two groups are different ones.
    frames : int
        Frames of each.
    factor : float
        Scales the deviations; 1 is as in the sample study.
    size : int
        Crops have as many pixels as a square of this side.
    """

    training: tuple[int, int] = (24, 12)
    held_out: tuple[int, int] = (8, 8)
    frames: int = 450
    factor: float = 1.0
    size: int = 96


@dataclass(frozen=True)
class RenderedRecording:
    """An animal's crops and the truth about them.

    Parameters
    ----------
    name, group : str
        Of the animal.
    fps : float
        Frames per second.
    crops : (t, y, x) uint8 array
        Brightness.
    angles : (t, joints) float64 array
        Joint angles, radians.
    envelope : (t,) float64 array
        0 outside the bouts, 1 within.
    kind : (t,) array of str
        Kind of the bout.
    """

    name: str
    group: str
    fps: float
    crops: np.ndarray
    angles: np.ndarray
    envelope: np.ndarray
    kind: np.ndarray

    @property
    def runs(self) -> tuple[tuple[int, int], ...]:
        """All frames follow each other; as training asks for it."""
        return ((0, len(self.crops)),)

    def read(self, start: int, stop: int) -> np.ndarray:
        """Crops of consecutive frames, as training asks for them."""
        return self.crops[start:stop]

    @property
    def healthy(self) -> bool:
        """Whether it never deviates."""
        return self.group == "healthy"


@dataclass(frozen=True)
class Herd:
    """The recordings of a seed.

    Parameters
    ----------
    training, held_out : list of RenderedRecording
        For training, without labels, and for testing.
    relit : list of RenderedRecording
        The healthy ones held out, the same frames under another light.
    """

    training: list[RenderedRecording]
    held_out: list[RenderedRecording]
    relit: list[RenderedRecording]

    @property
    def all(self) -> list[RenderedRecording]:
        """All recordings in one list."""
        return self.training + self.held_out + self.relit


@dataclass(frozen=True)
class _Shot:
    """An animal to be rendered, and where the result is kept."""

    walker: Walker
    recipe: Recipe
    shape: tuple[int, int]
    path: Path

    def film(self) -> None:
        """Render it."""
        frames, walker = range(self.recipe.frames), self.walker
        x, y, width, height = walker.roi
        crops = [
            letterbox(_grey(image[y : y + height, x : x + width]), self.shape)
            for image in walker.render(frames, factor=self.recipe.factor)
        ]
        envelope, kind = walker.bouts(frames)
        angles = walker.angles(frames, factor=self.recipe.factor)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_name(f"{self.path.stem}.{os.getpid()}.part.npz")
        np.savez(draft, crops=np.stack(crops), angles=angles, envelope=envelope, kind=kind)
        draft.replace(self.path)

    def load(self) -> RenderedRecording:
        """Read what was rendered."""
        with np.load(self.path) as kept:
            return RenderedRecording(self.walker.name, self.walker.group, self.walker.fps, **dict(kept))


def herd_of(seed: int, recipe: Recipe, cache: Path, say: Callable[[str], None]) -> Herd:
    """Render the animals of a seed, or read them from the cache.

    Parameters
    ----------
    seed : int
        Every seed gives other animals.
    recipe : Recipe
        How many, and how long.
    cache : Path
        Folder.
    say : callable
        Is told what takes long.

    Returns
    -------
    Herd
    """
    trained, held = recipe.training, recipe.held_out
    drawn = walkers(healthy=trained[0] + held[0], impaired=trained[1] + held[1], seed=seed)
    healthy = [walker for walker in drawn if walker.group == "healthy"]
    impaired = [walker for walker in drawn if walker.group != "healthy"]
    relit = [_relit(walker) for walker in healthy[trained[0] :]]
    parts = (
        healthy[: trained[0]] + impaired[: trained[1]],
        healthy[trained[0] :] + impaired[trained[1] :],
        relit,
    )
    shape = shape_for([(walker.roi[3], walker.roi[2]) for walker in drawn], recipe.size)
    shots = [
        [_Shot(walker, recipe, shape, cache / _key(walker, recipe, shape)) for walker in part]
        for part in parts
    ]
    _film_all([shot for part in shots for shot in part if not shot.path.exists()], say)
    return Herd(*([shot.load() for shot in part] for part in shots))


def _relit(walker: Walker) -> Walker:
    """Give the same animal in the same room under the light that differs most, of a few."""

    def difference(other: Walker) -> float:
        one, two = walker.appearance.light, other.appearance.light
        # Each in parts of the range that lights are drawn from.
        turn = abs(one.azimuth - two.azimuth) / 1.6 + abs(one.height - two.height) / 0.3
        return turn + abs(one.brightness - two.brightness) / 0.34 + abs(one.contrast - two.contrast) / 0.55

    return max((walker.with_light(walker.seed + number) for number in range(1, LIGHTS + 1)), key=difference)


def _film_all(shots: Sequence[_Shot], say: Callable[[str], None]) -> None:
    frames = sum(shot.recipe.frames for shot in shots)
    if shots:
        say(f"rendering {len(shots)} recordings, {frames} frames")
    if frames <= FEW:
        for shot in shots:
            shot.film()
        return
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        for done in [pool.submit(shot.film) for shot in shots]:
            done.result()


def _grey(image: np.ndarray) -> np.ndarray:
    return np.rint(image @ LUMA).astype(np.uint8)


def _key(walker: Walker, recipe: Recipe, shape: tuple[int, int]) -> str:
    """Name of a file that changes with everything that the pictures and the truth depend on."""
    shown = {name: value for name, value in asdict(recipe).items() if name in ("frames", "factor")}
    text = f"{walker!r} {shown} {shape} {LUMA.tolist()} {_source_hash()}"
    return f"{walker.name}-{hashlib.sha256(text.encode()).hexdigest()[:20]}.npz"


@lru_cache
def _source_hash() -> str:
    """Hash of the sources of the renderer and of the cropping."""
    package = Path(napari_ubam.sample.__file__).parent
    files = [*sorted(package.glob("*.py")), package.parent / "crops" / "cropper.py", Path(__file__)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
