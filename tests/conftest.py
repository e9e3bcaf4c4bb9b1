"""Settings that hold for all tests: nothing of the user's own is read or written, and results repeat."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from numbered_videos import RECIPES, encode

# Set before napari or the cache of frame indices is first asked for, hence here and not in a fixture.
_home = Path(tempfile.mkdtemp(prefix="napari-ubam-tests-"))
os.environ.setdefault("NAPARI_CONFIG", str(_home / "napari-settings.yaml"))
os.environ["XDG_CACHE_HOME"] = str(_home / "cache")
os.environ["NAPARI_UBAM_CACHE"] = str(_home / "index")

# No deadline: a loaded machine is not a bug. In continuous integration the same examples each time.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")

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
