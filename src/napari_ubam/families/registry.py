"""All families. They are found by the configuration of a model, or by the name of a preset."""

from __future__ import annotations

from functools import cache
from typing import Any

from napari_ubam.learners.fitting import PretrainedFiles
from napari_ubam.models.config import ModelConfig
from napari_ubam.packages import load_entry_points

from .family import Family, FamilyError
from .native import Native
from .ubam2021 import Ubam2021

ENTRY_POINTS = "napari_ubam.families"
"""Entry points of other packages: each names an instance of a `Family`."""

FAMILIES: dict[str, Family[Any]] = {}
"""Families that are registered; `families` adds those of other packages."""


def register(family: Family[Any]) -> None:
    """Add a family. A family of the same name is replaced.

    This holds for the running program. A package that declares the entry point ``napari_ubam.families`` makes
    its family known to all programs, such as the jobs of the Train panel.

    Parameters
    ----------
    family : Family
        The family.

    Raises
    ------
    FamilyError
        If a preset belongs to another family, or its name is taken.
    """
    taken = {
        name: other.name for other in FAMILIES.values() for name in other.presets if other.name != family.name
    }
    for name, config in family.presets.items():
        if name in taken:
            raise FamilyError(
                f"The preset {name!r} exists already in the family {taken[name]!r}; choose another name."
            )
        if (config.preset, config.family) != (name, family.name):
            raise FamilyError(
                f"The configuration of the preset {name!r} is of preset {config.preset!r} and family "
                f"{config.family!r}; set preset={name!r} and family={family.name!r} in it."
            )
    FAMILIES[family.name] = family


def families() -> dict[str, Family[Any]]:
    """Return all families, also those of other packages.

    Returns
    -------
    dict of str to Family
        Family by name.
    """
    _load_packages()
    return FAMILIES


def family_of(config: ModelConfig) -> Family[Any]:
    """Find the family of a model.

    Parameters
    ----------
    config : ModelConfig
        Configuration of the model.

    Returns
    -------
    Family

    Raises
    ------
    FamilyError
        If the family is not registered.
    """
    known = families()
    if config.family not in known:
        raise FamilyError(
            f"Models of the family {config.family!r} are unknown here; install the package that adds them, "
            f"or use a run of {', '.join(known)}."
        )
    return known[config.family]


def presets() -> dict[str, ModelConfig]:
    """Return the presets of all families.

    Returns
    -------
    dict of str to ModelConfig
        Configuration by name.
    """
    return {name: config for family in families().values() for name, config in family.presets.items()}


def preset(name: str) -> ModelConfig:
    """Return a preset.

    Parameters
    ----------
    name : str
        Name of the preset.

    Returns
    -------
    ModelConfig

    Raises
    ------
    FamilyError
        If there is no preset of this name.
    """
    known = presets()
    if name not in known:
        raise FamilyError(f"There is no preset {name!r}; choose one of {', '.join(known)}.")
    return known[name]


def describe_presets() -> dict[str, str]:
    """Describe all presets for the user.

    Returns
    -------
    dict of str to str
        By name: size of the crops, and how long the training takes.
    """
    described = {}
    for name, config in presets().items():
        height, width = config.posture.size
        note = family_of(config).preset_notes.get(name, "")
        described[name] = f"about {height} × {width} pixels" + (f"; {note}" if note else "")
    return described


def refuse_pretrained(config: ModelConfig, files: PretrainedFiles) -> None:
    """Refuse pretrained files that the family of a model cannot use.

    Parameters
    ----------
    config : ModelConfig
        Configuration of the model.
    files : PretrainedFiles
        Files that the user gave.

    Raises
    ------
    FamilyError
        If the family cannot use one of them.
    """
    useless = sorted(files.names - family_of(config).pretrained)
    if useless:
        fitting = [
            name
            for family in families().values()
            if files.names <= family.pretrained
            for name in family.presets
        ]
        remedy = f", or choose the preset {' or '.join(fitting)}" if fitting else ""
        raise FamilyError(
            f"The preset {config.preset!r} cannot use pretrained {' and '.join(useless)}; leave out "
            f"{' and '.join(useless)}{remedy}."
        )


@cache
def _load_packages() -> None:
    """Register the families of other packages once."""
    load_entry_points(ENTRY_POINTS, register, "family")


register(Native())
register(Ubam2021())
