"""Tracks of the recordings of a study."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from moving_body import COUNT, LENGTH, film, way, with_body
from napari_ubam.cli.app import app
from napari_ubam.crops import CropSpec, iter_crops
from napari_ubam.study import Study
from napari_ubam.tracking import TrackingError, track_study


def write_study(folder: Path) -> Path:
    """Write a study: one body with key points, and a video in which nothing moves."""
    film(folder / "moves.mp4", lambda floor, n: with_body(floor, *way(n)))
    film(folder / "empty.mp4", lambda floor, n: floor, 30)
    rows = ["frame,tail_x,tail_y,head_x,head_y"]
    for number in range(COUNT):
        x, y, heading = way(number)
        dx, dy = LENGTH / 2 * np.cos(np.radians(heading)), LENGTH / 2 * np.sin(np.radians(heading))
        rows.append(f"{number},{x - dx:.2f},{y - dy:.2f},{x + dx:.2f},{y + dy:.2f}")
    (folder / "points.csv").write_text("\n".join(rows) + "\n")
    table = folder / "study.csv"
    table.write_text("video,subject,group,session,keypoints\nmoves.mp4,a,g,0,points.csv\nempty.mp4,b,g,0,\n")
    return table


def test_the_command_writes_a_study_whose_crops_turn_with_the_subject(tmp_path: Path) -> None:
    table = write_study(tmp_path)
    result = CliRunner().invoke(app, ["track", str(table)])
    assert result.exit_code == 0, result.output
    assert "Tracks of 1 of 2 recordings; 1 stay as they were." in result.output
    assert (tmp_path / "study_tracked.png").stat().st_size > 10_000
    assert "empty: something moves in only 0% of the frames" in result.output
    moves, empty = Study.from_csv(tmp_path / "study_tracked.csv")
    assert moves.align == "heading"
    assert empty.track is None
    with iter_crops(moves, CropSpec(32, 48), [8, 20, 32, 45, 80]) as stream:
        _, crops, valid = next(stream)
    assert valid.all()
    likeness = np.corrcoef(crops.reshape(len(crops), -1).astype(float))
    assert likeness.min() > 0.9  # the body looks the same wherever it is, and wherever it faces
    movement = pd.read_csv(tmp_path / "study_tracked_movement.csv")
    circling = movement[(movement.frame > 5) & (movement.frame < 55)]
    assert circling.speed.median() == pytest.approx(2 * np.pi * 32.5 / 2, rel=0.15)  # pixels per second
    assert circling.turning.median() == pytest.approx(180, rel=0.2)  # degrees per second
    assert movement.speed[movement.frame > 70].median() < 10


def test_key_points_give_the_track_where_two_are_named(tmp_path: Path) -> None:
    found = track_study(Study.from_csv(write_study(tmp_path)), tail="tail", head="head")
    track = found.study["moves"].track
    assert track is not None
    assert track.headings is not None
    truth = np.array([way(n) for n in range(COUNT)])
    middles = track.boxes[:, :2] + track.boxes[:, 2:] / 2
    assert np.abs(middles[5:55] - truth[5:55, :2]).max() < 1
    assert np.abs((track.headings[5:55] - truth[5:55, 2] + 180) % 360 - 180).max() < 3


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"tail": "tail"}, "Only one end of the body is named"),
        ({"margin": -1}, "A margin of -1 is negative"),
        ({"align": "nose"}, "'nose' is no way to align crops; choose one of none, position, heading"),
    ],
)
def test_options_that_are_refused(tmp_path: Path, options: dict[str, object], sentence: str) -> None:
    (tmp_path / "a.mp4").touch()
    table = tmp_path / "study.csv"
    table.write_text("video,subject,group,session\na.mp4,a,g,0\n")
    with pytest.raises(TrackingError, match=sentence):
        track_study(Study.from_csv(table), **options)  # type: ignore[arg-type]
