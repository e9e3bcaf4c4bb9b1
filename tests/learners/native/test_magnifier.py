"""Training the magnifier: it finds motion that posture tells, and copes with frames that stand alone."""

from __future__ import annotations

import numpy as np
import torch

from napari_ubam.families import preset
from napari_ubam.learners.native.magnifier import (
    MagnifierLearner,
    MotionBatches,
    image_difference,
    roughness,
)
from napari_ubam.learners.native.motion_pairs import Motion
from napari_ubam.models.config import MagnifierConfig, ModelConfig


class Bars:
    """A bright blob on a textured ground, where its one number says."""

    fps = 30.0

    def __init__(self, frames: int = 60) -> None:
        rng = np.random.default_rng(0)
        self.places = 30 + 12 * np.sin(np.arange(frames) * 0.7)
        ground = rng.uniform(60, 90, (48, 64))
        y, x = np.mgrid[:48, :64]
        self.crops = np.stack(
            [ground + 150 * np.exp(-(((x - place) / 6) ** 2) - ((y - 24) / 9) ** 2) for place in self.places]
        ).astype(np.uint8)
        self.runs = ((0, frames),)

    def read(self, start: int, stop: int) -> np.ndarray:
        return self.crops[start:stop]


def config() -> ModelConfig:
    base = preset("tiny").with_crops(48, 64)
    training = base.magnifier_training.model_copy(update={"pairs": 8})
    small = MagnifierConfig(widths=(8, 16, 24), components=6)
    posture = base.posture.model_copy(update={"code": 3})
    return base.model_copy(update={"magnifier": small, "magnifier_training": training, "posture": posture})


def motion_of(bars: Bars) -> Motion:
    angle = (bars.places - 30) / 12
    codes = np.stack([np.sin(angle), np.cos(angle), 0.3 * np.ones_like(angle)], 1).astype(np.float32)
    frames = np.arange(len(codes))
    alike = np.stack([rng_row(row, len(codes)) for row in frames])
    return Motion(bars, frames, codes, np.full_like(codes, np.nan), alike)


def rng_row(row: int, frames: int) -> np.ndarray:
    return np.random.default_rng(row).integers(0, frames, 4)


def test_it_learns_where_the_pixels_go() -> None:
    torch.manual_seed(0)
    settings, bars = config(), Bars()
    learner, batches = MagnifierLearner(settings), MotionBatches([motion_of(bars)], settings, 0)
    learner.total_loss = lambda losses: torch.stack(list(losses.values())).sum()  # nobody logs here
    optimiser = torch.optim.AdamW(learner.parameters(), 4e-3)
    for step in range(120):
        optimiser.zero_grad()
        learner.training_step(batches(step, 1), step).backward()
        optimiser.step()
    learner.eval()
    one, other = int(bars.places.argmin()), int(bars.places.argmax())
    with torch.no_grad():
        codes = torch.from_numpy(motion_of(bars).codes[[one, other]])
        found = learner.magnifier.coefficients(codes)
        crop = torch.from_numpy(bars.crops[[one]]).float()[None] / 255
        there = learner.magnifier(crop, found[:1], found[1:] - found[:1])[0]
    truth = bars.places[other] - bars.places[one]
    at = (24, round(float(bars.places[one])))
    assert abs(float(there[0][at]) - truth) < 0.35 * truth
    assert abs(float(there[1][at])) < 4
    assert there[:, :6, :6].abs().max() < 0.25 * truth  # the ground stays


def test_batches_depend_on_the_step_alone() -> None:
    settings = config()
    one, other = (MotionBatches([motion_of(Bars())], settings, 3) for _ in range(2))
    for name, value in one(7, 1).items():
        assert torch.equal(value, other(7, 1)[name])
    assert not torch.equal(one(7, 1)["codes"], one(8, 1)["codes"])


def test_a_frame_that_stands_alone_is_its_own_pair() -> None:
    bars, settings = Bars(), config()
    whole = motion_of(bars)
    rows = np.array([5, 30, 55])
    alone = Motion(bars, rows, whole.codes[rows], whole.cross_subject[rows], np.full((3, 4), -1))
    batch = MotionBatches([alone], settings, 0)(0, 1)
    assert torch.equal(batch["crops"], batch["others"])
    learner = MagnifierLearner(settings)
    learner.total_loss = lambda losses: torch.stack(list(losses.values())).sum()
    assert torch.isfinite(learner.training_step(batch, 0))


def test_losses_are_zero_where_nothing_is_wrong() -> None:
    image, still = torch.rand(2, 1, 32, 40), torch.zeros(2, 2, 32, 40)
    assert float(image_difference(image, image, still)) < 1e-5
    moved = torch.ones_like(still)
    assert float(image_difference(image, image, moved)) > 0.1
    assert float(roughness(moved, image)) < 0.05
    assert float(roughness(torch.rand_like(still), image)) > 0.1
