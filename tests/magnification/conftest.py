"""A run that can magnify, and what the tests of this room share."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from magnified_part import ONE, PART, count_network_runs
from napari_ubam.run import Run
from napari_ubam.study import Study
from napari_ubam.video import open_video


@pytest.fixture(scope="session")
def run(magnifying: Run) -> Run:
    """Give a run with scores and a magnifier; copy it before you change it."""
    return magnifying


@pytest.fixture
def own_run(run: Run, study: Study, tmp_path: Path) -> Run:
    """Give a copy of the run that the test may change."""
    folder = tmp_path / "run"
    shutil.copytree(run.folder, folder)
    study.to_csv(folder / "study.csv")  # the paths in it are relative
    return Run.open(folder)


@pytest.fixture(scope="session")
def originals(study: Study) -> np.ndarray:
    """Give the frames of the part that is magnified, as they were recorded."""
    with open_video(study[ONE].video) as video:
        return video[PART]


@pytest.fixture
def network_runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give a list that grows by one entry whenever a frame passes the network."""
    return count_network_runs(monkeypatch)
