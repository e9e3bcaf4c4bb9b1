"""A small study with a trained run, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_ubam.run import Run, train
from napari_ubam.sample import write_sample
from napari_ubam.study import Study


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return write_sample(tmp_path_factory.mktemp("sample"), healthy=4, impaired=1, seconds=3.0)


@pytest.fixture(scope="session")
def trained(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = train(study, tmp_path_factory.mktemp("run") / "run", preset="tiny", device="cpu", steps=4)
    assert run.embed(study, device="cpu").failed == ()
    return run


@pytest.fixture
def study_csv(study: Study) -> Path:
    return study[0].video.parents[1] / "study.csv"
