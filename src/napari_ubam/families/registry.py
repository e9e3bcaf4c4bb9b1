"""All families. They are found by the configuration of a model, or by the name of a preset."""

from __future__ import annotations

from typing import Any

from napari_ubam.learners.fitting import PretrainedFiles
from napari_ubam.models.config import ModelConfig

from .family import Family, FamilyError
from .native import Native
from .ubam2021 import Ubam2021

FAMILIES: dict[str, Family[Any]] = {}


def register(family: Family[Any]) -> None:
    """Add a family, for example from another package. A family of the same name is replaced.

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
    if config.family not in FAMILIES:
        raise FamilyError(
            f"Models of the family {config.family!r} are unknown here; install the package that adds them, "
            f"or use a run of {', '.join(FAMILIES)}."
        )
    return FAMILIES[config.family]


def presets() -> dict[str, ModelConfig]:
    """Return the presets of all families.

    Returns
    -------
    dict of str to ModelConfig
        Configuration by name.
    """
    return {name: config for family in FAMILIES.values() for name, config in family.presets.items()}


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
        note = FAMILIES[config.family].preset_notes.get(name, "")
        described[name] = f"crops of about {height} × {width} pixels" + (f"; {note}" if note else "")
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
            for family in FAMILIES.values()
            if files.names <= family.pretrained
            for name in family.presets
        ]
        remedy = f", or choose the preset {' or '.join(fitting)}" if fitting else ""
        raise FamilyError(
            f"The preset {config.preset!r} cannot use pretrained {' and '.join(useless)}; leave out "
            f"{' and '.join(useless)}{remedy}."
        )


register(Native())
register(Ubam2021())
