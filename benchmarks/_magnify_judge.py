"""Measures joint angles in pictures of rendered animals, for the benchmark of magnified frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from _fidelity_data import Herd, RenderedRecording, _grey
from _fidelity_network import encode, supervised
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from napari_ubam.crops import letterbox
from napari_ubam.sample import Walker

TOLD_FACTORS = (0.0, 1.5, 2.25, 3.0)
TOLD_FRAMES, TOLD_STEPS = 120, 700

Say = Callable[[str], None]


class Judge:
    """Measures joint angles in crops; told by rendered animals, and independent of the networks judged."""

    def __init__(self, encoder: Any, regression: Any) -> None:
        self.encoder, self.regression = encoder, regression

    @classmethod
    def of(cls, herd: Herd, by_name: dict[str, Walker], seed: int, say: Say) -> Judge:
        """Train it on the animals for training, at several factors."""
        say("rendering and training the judge")
        films = list(herd.training)
        for film in (film for film in herd.training if not film.healthy):
            envelope, _ = by_name[film.name].bouts(range(len(film.crops)))
            inside = np.flatnonzero(envelope > 0.2)
            for number, factor in enumerate(TOLD_FACTORS):
                frames = inside[number :: max(len(inside) // TOLD_FRAMES, 1)][:TOLD_FRAMES]
                if len(frames):
                    films.append(rendered(film, by_name[film.name], frames, factor))
        encoder = supervised(films, "tiny", seed, TOLD_STEPS)
        codes = np.concatenate([encode(_Raw(encoder), film.crops) for film in films])
        angles = np.concatenate([film.angles for film in films])
        regression = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-1, 4, 11)))
        return cls(encoder, regression.fit(codes, angles))

    def angles(self, crops: np.ndarray) -> np.ndarray:
        """Joint angles in crops (n, y, x) uint8, radians (n, joints)."""
        found: np.ndarray = self.regression.predict(encode(_Raw(self.encoder), crops))
        return found


class _Raw(torch.nn.Module):
    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        codes: torch.Tensor = self.encoder.raw(crops)
        return codes


def rendered(film: RenderedRecording, walker: Walker, frames: np.ndarray, factor: float) -> RenderedRecording:
    """Render frames of an animal with its deviation scaled."""
    x, y, width, height = walker.roi
    crops = [
        letterbox(_grey(image[y : y + height, x : x + width]), film.crops.shape[1:])
        for image in walker.render(frames.tolist(), factor=factor)
    ]
    envelope, kind = walker.bouts(frames)
    angles = walker.angles(frames, factor=factor)
    return RenderedRecording(film.name, film.group, film.fps, np.stack(crops), angles, envelope, kind)
