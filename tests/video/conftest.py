"""Test videos, each encoded once a session and only when asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from numbered_videos import RECIPES, encode

Clip = Callable[[str], Path]


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """Give the path of the test video of a recipe."""
    folder = tmp_path_factory.mktemp("clips")
    made: dict[str, Path] = {}

    def make(name: str) -> Path:
        if name not in made:
            recipe = RECIPES[name]
            made[name] = encode(folder / f"{len(made):02}{recipe.suffix}", recipe)
        return made[name]

    return make


@pytest.fixture
def index_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use an empty index cache of its own."""
    folder = tmp_path / "index-cache"
    monkeypatch.setenv("NAPARI_UBAM_CACHE", str(folder))
    return folder
