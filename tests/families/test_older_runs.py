"""Runs of the version before families were objects can still be opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_ubam.families import family_of
from napari_ubam.families.native import Native
from napari_ubam.families.ubam2021 import Ubam2021
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.ubam2021.sizes import Ubam2021Sizes
from napari_ubam.models.weights import WeightsHeader, save_weights, weights_hash
from napari_ubam.run import Run
from napari_ubam.training.pipeline.training_record import TrainingRecord

# The configuration of the preset tiny, with fewer channels, as that version wrote it: without ``family``, and
# with the names ``alike``, ``borrowed`` and ``paper``.
OLDER: dict[str, Any] = {
    "preset": "tiny",
    "posture": {
        "size": [64, 96],
        "stride": 4,
        "harmonics": 2,
        "widths": [8, 16],
        "grid": 8,
        "code": 24,
        "colour": False,
    },
    "behaviour": {"window_ms": 350.0, "steps": 13, "hidden": 16, "code": 40, "recurrent": 8},
    "posture_training": {
        "steps": 800,
        "recordings": 6,
        "runs": 4,
        "run_length": 6,
        "step_ms": 33.0,
        "learning_rate": 0.002,
        "weight_decay": 0.01,
        "temperature": 0.2,
        "head": 64,
        "contrast": 1.0,
        "reconstruct": 10.0,
        "align": 0.5,
        "centre": 1.0,
        "variance": 1.0,
        "covariance": 0.05,
    },
    "behaviour_training": {
        "steps": 400,
        "recordings": 6,
        "windows": 32,
        "learning_rate": 0.004,
        "weight_decay": 0.01,
        "temperature": 0.3,
        "contrast": 0.1,
        "shuffle": 0.3,
        "reconstruct": 1.0,
    },
    "magnifier": {"widths": [16, 32, 64, 96], "components": 24},
    "magnifier_training": {
        "steps": 1500,
        "recordings": 8,
        "pairs": 4,
        "alike": 0.25,
        "reach_ms": 170.0,
        "borrowed": 0.75,
        "learning_rate": 0.002,
        "weight_decay": 0.01,
        "smooth": 0.15,
    },
    "paper": None,
}
SIZES = {
    "side": 99,
    "widths": [8, 16, 16, 16, 16],
    "inner": 32,
    "dropout": 0.5,
    "momentum": 0.9,
    "picture": 32,
    "filters": 4,
    "latents": 6,
    "similar": 1.0,
    "between": 1.0,
    "appearance": 1.0,
    "divergence": 0.001,
}


def write_run(folder: Path, written: dict[str, Any]) -> Run:
    """Write random encoders with the header of an older version."""
    config = ModelConfig.model_validate(written)
    family = family_of(config)
    networks = {"posture": family.posture_encoder(config), "behaviour": family.behaviour_encoder(config)}
    digest = weights_hash(networks["posture"].state_dict())
    for kind, network in networks.items():
        header = WeightsHeader(kind=kind, config=written, trained_on=digest if kind == "behaviour" else "")
        save_weights(folder / f"{kind}.safetensors", network.state_dict(), header)
    return Run.open(folder)


def test_a_run_of_the_native_family_is_opened(tmp_path: Path) -> None:
    run = write_run(tmp_path, OLDER)
    assert isinstance(family_of(run.config), Native)
    training = run.config.magnifier_training
    assert (training.same_phase, training.cross_subject) == (0.25, 0.75)
    assert run.config.family_options == {}
    encoder = run.encoder("cpu")
    assert encoder.posture(np.zeros((2, 64, 96), np.uint8)).shape == (2, 24)


def test_a_run_of_the_published_networks_is_opened(tmp_path: Path) -> None:
    posture = {**OLDER["posture"], "colour": True}
    run = write_run(tmp_path, {**OLDER, "preset": "paper", "posture": posture, "paper": SIZES})
    assert isinstance(family_of(run.config), Ubam2021)
    assert Ubam2021Sizes.of(run.config).inner == 32
    encoder = run.encoder("cpu")
    assert encoder.posture(np.zeros((2, 64, 96, 3), np.uint8)).shape == (2, 24)


def test_a_configuration_is_the_same_after_it_is_written_anew() -> None:
    for written in (OLDER, {**OLDER, "paper": SIZES}):
        config = ModelConfig.model_validate(written)
        again = ModelConfig.model_validate_json(config.model_dump_json())
        assert again == config
        assert "paper" not in config.model_dump()


def test_a_training_that_was_started_then_is_known() -> None:
    older = {"config": OLDER, "seed": 3, "study": "0123", "used": ["a"], "held_out": [], "posture": "ab"}
    record = TrainingRecord.model_validate({**older, "finished": False})
    assert (record.seed, record.minutes, record.steps, record.weights) == (3, None, None, None)


def test_options_of_the_published_networks_are_checked() -> None:
    config = ModelConfig.model_validate({**OLDER, "paper": {**SIZES, "picture": 33}})
    with pytest.raises(ValueError, match="picture"):
        Ubam2021Sizes.of(config)
