"""BORIS reads the same frames: project and aggregated events, at the times at which the file is played."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from exported_study import EPISODES, FPS, FRAMES, made_up
from napari_ubam.formats import ExportData, export_data
from napari_ubam.video import open_video


def frame_at(times: np.ndarray, seconds: float) -> int:
    """Frame that a player shows at a time."""
    return int(np.searchsorted(times, seconds + 1e-9, side="right")) - 1


@pytest.fixture
def data(tmp_path: Path) -> ExportData:
    return made_up(tmp_path / "videos")


def test_events_come_back_as_the_same_frames(data: ExportData, tmp_path: Path) -> None:
    export_data(data, "boris", tmp_path / "out")
    project = json.loads((tmp_path / "out" / "rats.boris").read_text("utf-8"))
    assert project["project_format_version"] == "7.0"
    assert {one["name"] for one in project["subjects_conf"].values()} == {"rat1", "rat2"}
    assert [one["type"] for one in project["behaviors_conf"].values()] == ["State event"]
    observation = project["observations"]["rat 1"]
    media = observation["file"]["1"][0]
    assert Path(media) == data.recordings[0].recording.video
    assert observation["media_info"]["fps"][media] == pytest.approx(FPS)
    assert observation["media_info"]["length"][media] == pytest.approx(FRAMES / FPS, abs=1e-3)
    assert observation["independent_variables"] == {"group": "impaired", "session": "0"}
    events = observation["events"]
    assert [one[0] for one in events] == sorted(one[0] for one in events)
    assert all(one[1:3] == ["rat1", "deviation episode"] for one in events)
    assert [one[5] for one in events] == [edge for span in EPISODES for edge in span]
    with open_video(media) as video:
        shown = [frame_at(np.array(video.times), one[0]) for one in events]
    assert shown[:3] == [10, 20, 45]
    assert abs(shown[3] - 60) <= 1  # the end of the video is no frame
    assert max(one[0] for one in events) <= FRAMES / FPS
    assert project["observations"]["rat2"]["events"] == []


def test_aggregated_events_have_frame_and_rate(data: ExportData, tmp_path: Path) -> None:
    export_data(data, "boris", tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "rats-aggregated-events.tsv", sep="\t")
    frames = list(zip(table["Image index start"], table["Image index stop"], strict=True))
    assert frames == EPISODES
    assert (table["FPS (frame/s)"] == FPS).all()
    assert set(table["Observation id"]) == {"rat 1"}
    assert set(table["Behavior type"]) == {"STATE"}
    back = (table["Start (s)"] * table["FPS (frame/s)"] + 1e-6).astype(int)
    assert back.tolist() == [10, 45]
    assert table["Duration (s)"].tolist() == pytest.approx(
        (table["Stop (s)"] - table["Start (s)"]).tolist(), abs=1e-3
    )


def test_a_camera_that_was_faster_than_the_file_plays_at_the_times_of_the_file(tmp_path: Path) -> None:
    data = made_up(tmp_path / "videos", clock=lambda number: number / 300)  # stored for slow playback
    export_data(data, "boris", tmp_path / "out")
    project = json.loads((tmp_path / "out" / "rats.boris").read_text("utf-8"))
    first = project["observations"]["rat 1"]["events"][0]
    assert first[0] == pytest.approx(10 / FPS, abs=1e-3)
    assert first[5] == 10


def test_a_missing_video_is_told(data: ExportData, tmp_path: Path) -> None:
    data.recordings[0].recording.video.unlink()
    done = export_data(data, "boris", tmp_path / "out")
    assert len(done.warnings) == 1
    assert "rat 1: its video cannot be played" in done.warnings[0]
    project = json.loads((tmp_path / "out" / "rats.boris").read_text("utf-8"))
    assert [one[5] for one in project["observations"]["rat 1"]["events"]] == [10, 20, 45, 60]
    assert project["observations"]["rat 1"]["events"][0][0] == pytest.approx(10 / FPS, abs=1e-3)
