"""What the Magnify panel prepares is kept: one preparation for all factors, layers and the preview."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from magnified_part import ONE, REFERENCE, count_network_runs
from napari_ubam.plugin.io.result_layers import magnified_layers
from napari_ubam.plugin.state.magnification_cache import (
    MagnificationCache,
    MagnificationRequest,
    episode_span,
    span_around,
)
from napari_ubam.run import Run
from shared_widgets import copy_of


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give a list that grows whenever a frame passes the network."""
    return count_network_runs(monkeypatch)


@pytest.fixture
def everything_stands_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Magnify also what the reference recordings do: the model of the tests is young."""
    monkeypatch.setattr("napari_ubam.magnification.change.standing_out", lambda change, *_: change)


def request(folder: Path, reference: str = REFERENCE) -> MagnificationRequest:
    return MagnificationRequest(folder, ONE, reference, 28, 31, 50.0, "cpu")


@pytest.mark.usefixtures("everything_stands_out")
def test_preview_layers_and_another_factor_run_the_network_once_a_frame(run: Run, runs: list[int]) -> None:
    cache, wanted = MagnificationCache(), request(run.folder)
    first, _ = cache.preview(wanted, 29, 2.0)
    assert len(runs) == 1
    other, _ = cache.preview(wanted, 29, 3.0)
    assert len(runs) == 1
    assert (first != other).any()
    layers = magnified_layers(cache.prepare(wanted, 3.0))
    assert len(runs) == 1  # nothing is rendered before it is shown
    images = [np.asarray(data) for data, _, _ in layers]
    assert len(runs) == 3
    np.testing.assert_array_equal(images[0][1].reshape(other.shape), other)


def test_warnings_are_those_of_the_factor(run: Run) -> None:
    cache = MagnificationCache()
    unclear = "no more than its recordings differ"
    assert unclear in " ".join(cache.preview(request(run.folder), 29, 60.0)[1])
    assert cache.preview(request(run.folder), 29, 1.0)[1] == []
    assert "is not that of the scores" in cache.preview(request(run.folder, "name=healthy1"), 29, 1.0)[1][0]


@pytest.mark.parametrize("name", ["magnifier.safetensors", "scores.json", "study.csv", "embeddings.zarr"])
def test_what_changed_on_disk_is_prepared_again(run: Run, tmp_path: Path, name: str) -> None:
    folder = copy_of(run, tmp_path / "run")
    cache = MagnificationCache()
    first = cache.prepare(request(folder), 2.0)
    assert cache.prepare(request(folder), 2.0) is first
    assert cache.prepare(request(folder), 3.0).renderer is first.renderer
    os.utime(folder / name, ns=(1, 1))
    assert cache.prepare(request(folder), 3.0).renderer is not first.renderer


def test_spans() -> None:
    import pandas as pd

    assert span_around(50, 0, 89, 10.0) == (30, 71)
    assert span_around(5, 0, 89, 10.0) == (0, 26)
    assert span_around(85, 0, 89, 10.0) == (65, 90)
    episodes = pd.DataFrame({"start": [20, 60], "stop": [30, 88]})
    assert episode_span(episodes, 29, 0, 89, 10.0) == (15, 35)
    assert episode_span(episodes, 60, 0, 89, 10.0) == (55, 90)
    assert episode_span(episodes, 30, 0, 89, 10.0) is None
