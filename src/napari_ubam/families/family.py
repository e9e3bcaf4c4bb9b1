"""The networks that a configuration asks for, of the one or the other family."""

from __future__ import annotations

from napari_ubam.models.config import ModelConfig
from napari_ubam.models.native.behaviour import BehaviourEncoder
from napari_ubam.models.native.magnifier import Magnifier
from napari_ubam.models.native.posture import PostureEncoder
from napari_ubam.models.ubam2021.networks import Ubam2021Behaviour, Ubam2021Posture
from napari_ubam.models.ubam2021.vae import FrameVae

AnyPosture = PostureEncoder | Ubam2021Posture
AnyBehaviour = BehaviourEncoder | Ubam2021Behaviour
AnyMagnifier = Magnifier | FrameVae


def posture_encoder(config: ModelConfig) -> AnyPosture:
    """Give the posture encoder, its weights as drawn."""
    return PostureEncoder(config.posture) if config.paper is None else Ubam2021Posture(config)


def behaviour_encoder(config: ModelConfig) -> AnyBehaviour:
    """Give the behaviour encoder, its weights as drawn."""
    if config.paper is None:
        return BehaviourEncoder(config.posture.code, config.behaviour)
    return Ubam2021Behaviour(config)


def magnifier(config: ModelConfig) -> AnyMagnifier:
    """Give the magnifier, its weights as drawn."""
    if config.paper is None:
        return Magnifier(config.posture.code, config.magnifier)
    return FrameVae(config)
