"""Fixtures of the video room."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def index_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use an empty index cache of its own."""
    folder = tmp_path / "index-cache"
    monkeypatch.setenv("NAPARI_UBAM_CACHE", str(folder))
    return folder
