"""Families of models: each ties networks, learners and rendering together as one object."""

from .family import Family, FamilyError, GivenFiles, TrainedMagnifier
from .registry import FAMILIES, family_of, preset, presets, register

__all__ = [
    "FAMILIES",
    "Family",
    "FamilyError",
    "GivenFiles",
    "TrainedMagnifier",
    "family_of",
    "preset",
    "presets",
    "register",
]
