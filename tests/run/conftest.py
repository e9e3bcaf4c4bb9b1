"""The table of the small study that tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_ubam.study import Study


@pytest.fixture
def study_csv(study: Study) -> Path:
    return study[0].video.parents[1] / "study.csv"
