"""All families, found by a model's configuration or by the name of a preset."""

from __future__ import annotations

from napari_ubam.models.config import ModelConfig

from .family import Family, FamilyError
from .native import Native
from .ubam2021 import Ubam2021

FAMILIES: dict[str, Family] = {
    Native.name: Native(),
    Ubam2021.name: Ubam2021(),
}


def register(family: Family) -> None:
    """Add a family, such as one of another package; one of the same name is replaced.

    Parameters
    ----------
    family : Family
    """
    FAMILIES[family.name] = family


def family_of(config: ModelConfig) -> Family:
    """Find the family of a model.

    Parameters
    ----------
    config : ModelConfig

    Raises
    ------
    FamilyError
        If it is not registered.
    """
    if config.family not in FAMILIES:
        raise FamilyError(
            f"Models of the family {config.family!r} are unknown here; install the package that adds them, "
            f"or use a run of {', '.join(FAMILIES)}."
        )
    return FAMILIES[config.family]


def presets() -> dict[str, ModelConfig]:
    """Return the presets of all families, by name."""
    return {name: config for family in FAMILIES.values() for name, config in family.presets.items()}


def preset(name: str) -> ModelConfig:
    """Return a preset.

    Parameters
    ----------
    name : str

    Raises
    ------
    FamilyError
        If there is none of that name.
    """
    known = presets()
    if name not in known:
        raise FamilyError(f"There is no preset {name!r}; choose one of {', '.join(known)}.")
    return known[name]
