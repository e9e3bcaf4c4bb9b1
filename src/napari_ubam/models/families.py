"""The networks that a configuration asks for, of the one or the other family."""

from __future__ import annotations

from .behaviour import BehaviourEncoder
from .config import ModelConfig
from .magnifier import Magnifier
from .painter import Painter
from .posture import PostureEncoder
from .published import PublishedBehaviour, PublishedPosture

AnyPosture = PostureEncoder | PublishedPosture
AnyBehaviour = BehaviourEncoder | PublishedBehaviour
AnyMagnifier = Magnifier | Painter


def posture_encoder(config: ModelConfig) -> AnyPosture:
    """Give the posture encoder, its weights as drawn."""
    return PostureEncoder(config.posture) if config.paper is None else PublishedPosture(config)


def behaviour_encoder(config: ModelConfig) -> AnyBehaviour:
    """Give the behaviour encoder, its weights as drawn."""
    if config.paper is None:
        return BehaviourEncoder(config.posture.code, config.behaviour)
    return PublishedBehaviour(config)


def magnifier(config: ModelConfig) -> AnyMagnifier:
    """Give the magnifier, its weights as drawn."""
    if config.paper is None:
        return Magnifier(config.posture.code, config.magnifier)
    return Painter(config)
