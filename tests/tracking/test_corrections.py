"""Tracks that are corrected by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_ubam.study import Track
from napari_ubam.tracking.corrections import correct, doubtful_frames, turn_around
from napari_ubam.tracking.stored import StoredTrack, keep_corrections, settings_in, write_settings

COUNT = 100


def straight(headings: np.ndarray | None = None, left_out: range = range(0)) -> StoredTrack:
    """Make a track to the right, one pixel in each frame, with its middle at y = 50."""
    frames = np.setdiff1d(np.arange(COUNT), left_out)
    boxes = np.stack([frames - 20.0, 0 * frames + 40.0, 0 * frames + 40.0, 0 * frames + 20.0], axis=1)
    headings = np.zeros(COUNT) if headings is None else headings
    track = Track(frames=frames, boxes=boxes, headings=headings[frames])
    return StoredTrack.automatic(track, np.ones(len(frames)))


def middles(stored: StoredTrack) -> np.ndarray:
    return stored.track.boxes[:, :2] + stored.track.boxes[:, 2:] / 2


def test_a_correction_fades_to_both_sides_and_marks_what_it_changed() -> None:
    found = correct(straight(), 50, (50.0, 65.0), 30.0)
    away = middles(found) - middles(straight())
    assert away[50] == pytest.approx([0, 15])
    assert away[45] == pytest.approx([0, 10])
    assert not away[:36].any()
    assert not away[65:].any()
    assert found.track.headings is not None
    assert found.track.headings[[50, 55, 65]] == pytest.approx([30, 20, 0])
    assert found.source[50] == "hand"
    assert (found.source[36:50] == "interpolated").all()
    assert (found.source[[35, 65]] == "automatic").all()


def test_boxes_between_two_corrections_are_interpolated_whatever_the_order() -> None:
    one = correct(correct(straight(), 40, (40.0, 62.0)), 50, (50.0, 56.0))
    other = correct(correct(straight(), 50, (50.0, 56.0)), 40, (40.0, 62.0))
    for found in (one, other):
        assert middles(found)[40:51, 1] == pytest.approx(np.linspace(62, 56, 11), abs=0.02)
        assert (found.source[[40, 50]] == "hand").all()
    again = correct(one, 45, (45.0, 50.0))
    assert middles(again)[[40, 45, 50], 1] == pytest.approx([62, 50, 56], abs=0.02)  # those by hand stay


def test_a_frame_of_a_gap_gets_a_box_and_near_boxes_are_joined() -> None:
    found = correct(straight(left_out=range(30, 60)), 40, (44.0, 50.0))
    assert found.track.segments() == (range(0, 41), range(60, COUNT))
    assert middles(found)[40] == pytest.approx([44, 50])
    assert found.confidence[40] == 1
    assert correct(straight(left_out=range(30, 36)), 33, (33.0, 50.0)).track.segments() == (range(COUNT),)


def test_head_and_tail_are_exchanged_as_far_as_they_are_wrong() -> None:
    truth = np.linspace(0, 60, COUNT)
    wrong = truth + 180 / (1 + np.exp(-(np.arange(COUNT) - 60) / 0.8))  # a smoothed exchange at frame 60
    by_button = turn_around(straight((wrong + 180) % 360 - 180), 80)
    by_box = correct(straight((wrong + 180) % 360 - 180), 80, (80.0, 50.0), truth[80])
    for found in (by_button, by_box):
        assert found.track.headings is not None
        assert np.abs((found.track.headings - truth + 180) % 360 - 180).max() < 5
        assert (found.source[:55] == "automatic").all()
        assert (found.source[65:75] == "turned").all()


def test_places_to_look_at_are_the_least_sure_frames_and_the_ends_of_gaps() -> None:
    stored = straight(left_out=range(70, 75))
    confidence = stored.confidence.copy()
    confidence[[20, 21, 22, 40]] = [0.4, 0.1, 0.3, 0.45]
    stored = StoredTrack(stored.track, confidence, stored.source)
    assert doubtful_frames(stored) == [21, 40, 75]
    assert doubtful_frames(correct(stored, 21, (21.0, 50.0))) == [40, 75]
    assert doubtful_frames(straight()) == []


def test_the_file_keeps_what_was_made_by_hand(tmp_path: Path) -> None:
    written = correct(straight(left_out=range(70, 75)), 50, (50.0, 65.0), 30.0).to_csv(tmp_path / "a.csv")
    again = StoredTrack.from_csv(tmp_path / "a.csv")
    assert again.track == written.track == Track.from_csv(tmp_path / "a.csv")
    assert again.source.tolist() == written.source.tolist()
    assert np.abs(again.confidence - written.confidence).max() < 0.001
    plain = Track(frames=[0, 1], boxes=[[0, 0, 9, 9]] * 2).to_csv(tmp_path / "b.csv")
    assert StoredTrack.from_csv(plain).source.tolist() == ["automatic"] * 2


def test_a_corrected_track_is_kept_when_a_new_one_is_made(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    straight().to_csv(path)
    assert keep_corrections(path) is None
    assert path.exists()
    written = correct(straight(), 50, (50.0, 65.0)).to_csv(path)
    copy = keep_corrections(path)
    assert copy is not None
    assert StoredTrack.from_csv(copy).track == written.track
    assert not path.exists()


def test_settings_tell_a_track_that_was_found_from_one_of_the_user(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    straight().to_csv(path)
    assert settings_in(path) is None
    write_settings(path, {"method": 2, "margin": 0.2})
    assert settings_in(path) == {"method": 2, "margin": 0.2}
    path.with_suffix(".json").write_text("[1]")
    assert settings_in(path) is None
