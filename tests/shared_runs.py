"""Runs that all tests share: each is made once by one of the test processes, and copied by the others."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from napari_ubam.families import FAMILIES, preset
from napari_ubam.models.config import MagnifierConfig, ModelConfig
from napari_ubam.models.weights import load_weights, save_weights, weights_hash
from napari_ubam.runfolder.paths import BEHAVIOUR, POSTURE, QUALITY
from napari_ubam.training.checks.advice import TrainingAdvice
from napari_ubam.training.checks.quality import Quality

READY = "ready"


def mini() -> ModelConfig:
    """Give a preset that trains within a second, for tests in which quality does not matter."""
    tiny = preset("tiny")
    posture = tiny.posture.model_copy(update={"size": (64, 64), "widths": (8, 16, 16), "code": 32})
    behaviour = tiny.behaviour.model_copy(
        update={"window_ms": 400.0, "hidden": 16, "code": 48, "recurrent": 16}
    )
    posture_training = tiny.posture_training.model_copy(
        update={"steps": 8, "recordings": 4, "runs": 2, "run_length": 3}
    )
    behaviour_training = tiny.behaviour_training.model_copy(
        update={"steps": 4, "recordings": 4, "windows": 8}
    )
    magnifier_training = tiny.magnifier_training.model_copy(update={"steps": 8, "recordings": 2, "pairs": 2})
    return tiny.model_copy(
        update={
            "preset": "mini",
            "posture": posture,
            "behaviour": behaviour,
            "posture_training": posture_training,
            "behaviour_training": behaviour_training,
            "magnifier": MagnifierConfig(widths=(8, 16, 16), components=8),
            "magnifier_training": magnifier_training,
        }
    )


def register_mini() -> None:
    """Let trainings in this process take the preset ``mini``."""
    FAMILIES["native"].presets["mini"] = mini()


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Give this process a copy of a folder that is made once for all test processes.

    Parameters
    ----------
    factory : TempPathFactory
    name : str
        Of the folder.
    make : callable
        Fills the folder.
    """
    base = factory.getbasetemp()
    kept = os.environ.get("UBAM_KEEP_RUNS")  # a folder that outlives the tests, for repeated narrow ones
    shared = Path(kept) if kept else base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    shared.mkdir(parents=True, exist_ok=True)
    folder = shared / f"shared-{name}"
    with FileLock(f"{folder}.lock"):
        if not (folder / READY).exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            make(folder)
            (folder / READY).touch()
    own = factory.mktemp(name) / "copy"
    shutil.copytree(folder, own)
    return own


def train_again(folder: Path) -> None:
    """Change the weights of both encoders of a run a little, as another training does."""
    posture, header = load_weights(folder / POSTURE, "posture")
    posture = {name: one * 1.01 if one.is_floating_point() else one for name, one in posture.items()}
    save_weights(folder / POSTURE, posture, header)
    behaviour, header = load_weights(folder / BEHAVIOUR, "behaviour")
    trained_on = weights_hash(posture)
    save_weights(folder / BEHAVIOUR, behaviour, header.model_copy(update={"trained_on": trained_on}))


def advise(folder: Path, sentence: str, minutes: int | None) -> None:
    """Write an advice into the checks of a run."""
    checks = Quality.read(folder / QUALITY)
    young = sentence.startswith("This model is too young")
    advice = TrainingAdvice(too_young=young, rising=True, more_minutes=minutes, sentence=sentence)
    checks.model_copy(update={"advice": advice}).write(folder / QUALITY)
