"""Presets build networks that fit together, and an unknown one is refused."""

from __future__ import annotations

import pytest
import torch

from napari_ubam.families import family_of, preset, presets


@pytest.mark.parametrize("name", list(presets()))
def test_presets_build_networks_that_fit_together(name: str) -> None:
    config = preset(name)
    assert config.preset == name
    family = family_of(config)
    posture = family.posture_encoder(config).eval()
    codes = posture(torch.rand(2, 1, *config.posture.size))
    assert codes.shape == (2, config.posture.code)
    behaviour = family.behaviour_encoder(config).eval()
    windows = codes[:, None].expand(2, config.behaviour.steps, config.posture.code)
    assert behaviour(windows).shape == (2, config.behaviour.code)


def test_an_unknown_preset_names_those_that_there_are() -> None:
    with pytest.raises(
        ValueError, match=r"^There is no preset 'huge'; choose one of tiny, small, base, .*paper\.$"
    ):
        preset("huge")
