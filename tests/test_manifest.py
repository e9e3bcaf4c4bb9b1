"""Every release of npe2 and napari that the package admits knows each key of the manifest."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from npe2 import PluginManifest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
FILE = ROOT / "src" / "napari_ubam" / "napari.yaml"

# A release of npe2 refuses a manifest with a key that it does not know. Those without an entry are in 0.9.0.
FIRST_RELEASE = {"widgets.tabify": "0.10.0", "widgets.default_dock_area": "0.10.0"}
KEYS_OF_0_9_0 = {
    "commands": {"id", "title", "python_name"},
    "configurations": {"title", "properties"},
    "menus": {"command"},
    "readers": {"command", "accepts_directories", "filename_patterns"},
    "sample_data": {"key", "display_name", "command"},
    "widgets": {"command", "display_name", "autogenerate"},
    "writers": {"command", "display_name", "layer_types", "filename_extensions"},
}


def contributions() -> dict[str, Any]:
    found = yaml.safe_load(FILE.read_text(encoding="utf-8"))["contributions"]
    assert isinstance(found, dict)
    return found


def keys() -> Iterator[tuple[str, str]]:
    """Kind of contribution, and key, of everything in the manifest."""
    for kind, given in contributions().items():
        parts = given if isinstance(given, list) else given.values()
        for part in parts:
            for item in part if isinstance(part, list) else [part]:
                yield from ((kind, key) for key in item)


def lowest(package: str) -> Version:
    """Oldest release of a package that pyproject.toml admits."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (found,) = [one for one in map(Requirement, project["dependencies"]) if one.name == package]
    (bound,) = found.specifier
    assert bound.operator == ">="
    return Version(bound.version)


def test_the_oldest_npe2_that_is_admitted_knows_every_key() -> None:
    unknown = {
        f"{kind}.{key}"
        for kind, key in keys()
        if key not in KEYS_OF_0_9_0[kind]
        and Version(FIRST_RELEASE.get(f"{kind}.{key}", "999")) > lowest("npe2")
    }
    assert unknown == set()
    assert ("widgets", "tabify") in set(keys())


def test_the_installed_npe2_takes_every_key() -> None:
    read = PluginManifest.from_file(FILE).contributions
    for kind in ("commands", "widgets", "readers", "writers", "sample_data"):
        for written, taken in zip(contributions()[kind], getattr(read, kind), strict=True):
            values = taken.model_dump()
            assert {key: values.get(key) for key in written} == written


def test_the_oldest_napari_that_is_admitted() -> None:
    assert lowest("napari") >= Version("0.9.1")
