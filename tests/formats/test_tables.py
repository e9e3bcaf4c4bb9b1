"""Tidy tables: every row is one observation with its labels, its frame and its time in seconds."""

from __future__ import annotations

import json
import weakref
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from exported_study import EPISODES, FPS, FRAMES, made_up
from napari_ubam.formats import MEASURES, ExportData, export_data


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> ExportData:
    return made_up(tmp_path_factory.mktemp("videos"))


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_frames_and_episodes_have_labels_frame_and_seconds(
    data: ExportData, tmp_path: Path, kind: str
) -> None:
    export_data(data, kind, tmp_path)
    read = pd.read_csv if kind == "csv" else pd.read_parquet
    frames = read(tmp_path / f"frames.{kind}")
    assert len(frames) == 2 * FRAMES
    assert set(MEASURES) <= set(frames)
    first = frames[frames["recording"] == "rat 1"]
    assert set(first["subject"]) == {"rat1"}
    assert first["seconds"].tolist() == pytest.approx([one / FPS for one in range(FRAMES)], abs=1e-6)
    assert first.loc[first["in_episode"], "frame"].tolist() == [*range(10, 20), *range(45, 60)]
    assert not frames.loc[frames["reference"], "in_episode"].any()
    assert frames["episodic"].isna().sum() == 4
    episodes = read(tmp_path / f"episodes.{kind}")
    assert list(zip(episodes["start"], episodes["stop"], strict=True)) == EPISODES
    assert episodes["duration_seconds"].tolist() == pytest.approx([10 / FPS, 15 / FPS], abs=1e-6)
    assert set(episodes["group"]) == {"impaired"}


def test_every_column_is_described(data: ExportData, tmp_path: Path) -> None:
    export_data(data, "csv", tmp_path)
    columns = pd.read_csv(tmp_path / "columns.csv", keep_default_na=False).set_index("column")
    for table in ("frames", "episodes"):
        for name in pd.read_csv(tmp_path / f"{table}.csv"):
            assert columns.loc[name, "description"], name
    assert columns.loc["seconds", "unit"] == "s"


def test_parquet_keeps_types_and_facts(data: ExportData, tmp_path: Path) -> None:
    import pyarrow.parquet

    export_data(data, "parquet", tmp_path)
    schema = pyarrow.parquet.read_schema(tmp_path / "frames.parquet")
    assert str(schema.field("frame").type) == "int64"
    assert str(schema.field("in_episode").type) == "bool"
    facts = json.loads(schema.metadata[b"napari-ubam"])
    assert facts["origin"]["posture.safetensors"] == "seed 7, 100 steps"


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_frames_of_one_recording_are_in_memory_at_a_time(
    data: ExportData, tmp_path: Path, kind: str
) -> None:
    given: list[weakref.ref[pd.DataFrame]] = []
    most = 0

    def read(table: pd.DataFrame) -> pd.DataFrame:
        nonlocal most
        copy = table.copy()
        given.append(weakref.ref(copy))
        most = max(most, sum(one() is not None for one in given))
        return copy

    lazy = tuple(replace(one, table=partial(read, one.scores)) for one in data.recordings)
    export_data(replace(data, recordings=lazy), kind, tmp_path / "lazy")
    assert most == 1
    export_data(data, kind, tmp_path / "whole")
    read_back = pd.read_csv if kind == "csv" else pd.read_parquet
    whole, parts = (read_back(tmp_path / name / f"frames.{kind}") for name in ("whole", "lazy"))
    pd.testing.assert_frame_equal(parts, whole)
    assert len(parts) == 2 * FRAMES
