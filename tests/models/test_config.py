"""Configurations are the same after JSON, and refuse unknown fields."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from napari_ubam.families import preset
from napari_ubam.models.config import ModelConfig, PostureConfig


def test_configurations_survive_json_and_refuse_strangers() -> None:
    config = preset("small")
    assert ModelConfig.model_validate_json(config.model_dump_json()) == config
    with pytest.raises(ValidationError):
        ModelConfig.model_validate({"preset": "tiny", "colour": True})
    with pytest.raises(ValidationError):
        PostureConfig(size=(8, 64))
