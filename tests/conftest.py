"""Settings that hold for all tests: nothing of the user's own is read or written, and results repeat."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hypothesis import settings

# Set before napari or the cache of frame indices is first asked for, hence here and not in a fixture.
_home = Path(tempfile.mkdtemp(prefix="napari-ubam-tests-"))
os.environ.setdefault("NAPARI_CONFIG", str(_home / "napari-settings.yaml"))
os.environ["XDG_CACHE_HOME"] = str(_home / "cache")

# No deadline: a loaded machine is not a bug. In continuous integration the same examples each time.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")
