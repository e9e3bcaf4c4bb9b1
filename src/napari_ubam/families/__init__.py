"""Families of models. Each is one object: its networks, their training and rendering."""

from .family import Family, FamilyError
from .registry import (
    FAMILIES,
    describe_presets,
    families,
    family_of,
    preset,
    presets,
    refuse_pretrained,
    register,
)

__all__ = [
    "FAMILIES",
    "Family",
    "FamilyError",
    "describe_presets",
    "families",
    "family_of",
    "preset",
    "presets",
    "refuse_pretrained",
    "register",
]
