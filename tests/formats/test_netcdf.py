"""netCDF: xarray reads time in seconds, individual, feature and the attributes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from exported_study import EPISODES, FPS, made_up
from napari_ubam.formats import MEASURES, export_data

xarray = pytest.importorskip("xarray")


def test_the_dataset_comes_back(tmp_path: Path) -> None:
    data = made_up(tmp_path / "videos")
    done = export_data(data, "netcdf", tmp_path / "out")
    with xarray.open_dataset(done.files[0]) as dataset:
        assert dataset["score"].dims == ("time", "feature", "individual")
        assert dataset["time"].dtype == np.float64
        assert dataset["time"].values[30] == pytest.approx(1.0)
        assert dataset["individual"].values.tolist() == ["rat1"]
        assert dataset["feature"].values.tolist() == list(MEASURES)
        one = dataset["score"].sel(feature="episodic", individual="rat1").values
        np.testing.assert_array_equal(one, data.recordings[0].scores["episodic"].to_numpy(np.float32))
        marked = np.flatnonzero(dataset["in_episode"].sel(individual="rat1").values)
        assert marked.tolist() == [frame for span in EPISODES for frame in range(*span)]
        assert (dataset.attrs["fps"], dataset.attrs["time_unit"]) == (FPS, "seconds")
        assert dataset.attrs["group"] == "impaired"
        assert json.loads(dataset.attrs["facts"])["reference"] == "group=healthy"


def test_subjects_can_be_joined(tmp_path: Path) -> None:
    done = export_data(made_up(tmp_path / "videos"), "netcdf", tmp_path / "out")
    opened = [xarray.open_dataset(path) for path in done.files]
    both = xarray.concat([one["score"] for one in opened], "individual")
    assert both["individual"].values.tolist() == ["rat1", "rat2"]
    assert both.sizes["time"] == opened[0].sizes["time"]
    for one in opened:
        one.close()
