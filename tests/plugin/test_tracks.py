"""Tracks in the Study panel: found, looked at, corrected and used."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moving_body import film, way, with_body
from napari_ubam.plugin.io.track_boxes import place_of, shape_of
from napari_ubam.plugin.panels.study import StudyPanel
from napari_ubam.plugin.state.draft import StudyDraft
from napari_ubam.plugin.state.tracks import Tracks
from napari_ubam.plugin.viewer.own_layers import own_layers
from napari_ubam.study import Recording, Study, StudyError, Track
from napari_ubam.tracking.stored import StoredTrack
from shared_widgets import Wait, delete

HEADINGS = np.linspace(-170, 170, 40)


def track_in(folder: Path) -> Track:
    boxes = np.stack([np.arange(40.0), np.full(40, 20.0), np.full(40, 30.0), np.full(40, 15.0)], axis=1)
    path = Track(frames=np.arange(40), boxes=boxes, headings=HEADINGS).to_csv(folder / "mine.csv")
    return Track.from_csv(path)


@pytest.mark.parametrize("turned", [True, False])
def test_a_box_goes_to_the_canvas_and_back(tmp_path: Path, turned: bool) -> None:
    stored = StoredTrack.automatic(track_in(tmp_path), np.ones(40))
    for frame in range(40):
        made = shape_of(stored, frame, turned=turned)
        assert made is not None
        centre, heading = place_of(made[0])
        assert centre == pytest.approx((frame + 15, 27.5))
        assert heading == (pytest.approx(HEADINGS[frame]) if turned else None)
    assert shape_of(stored, 40, turned=turned) is None


def test_a_track_of_the_user_is_corrected_in_a_copy_that_the_row_then_uses(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    one = Recording(
        video=tmp_path / "a.mp4",
        subject="a",
        group="g",
        session="0",
        track=track_in(tmp_path),
        align="heading",
    )
    draft, tracks = StudyDraft.from_study(Study([one])), Tracks()
    assert tracks.of(one) is not None
    assert not tracks.proposed(draft)
    tracks.correct(one, 20, (50.0, 40.0), None)
    assert Track.from_csv(tmp_path / "mine.csv") == one.track
    assert "a" in tracks.take(draft)
    changed = draft.recording(0)
    assert changed is not None
    assert changed.track is not None
    assert changed.track.boxes[20].tolist() == [35, 32.5, 30, 15]
    assert not tracks.proposed(draft)
    assert tracks.undo(one)
    assert draft.recording(0) == one
    assert not tracks.undo(one)
    with pytest.raises(StudyError, match="a track of another program; empty the column track"):
        tracks.find([one], None, "heading")


def test_subjects_are_found_looked_at_corrected_and_used(viewer: Any, tmp_path: Path, wait: Wait) -> None:
    film(tmp_path / "moves.mp4", lambda floor, n: with_body(floor, *way(2 * n)), 40)
    film(tmp_path / "empty.mp4", lambda floor, n: floor, 20)
    panel = StudyPanel(viewer)
    panel.add_videos([tmp_path / "moves.mp4", tmp_path / "empty.mp4"])
    tracks, part = panel.session.tracks, panel.tracks
    part.find_subjects()
    assert not part.find_button.isEnabled()
    wait(lambda: not tracks.is_working)
    assert part.find_button.isEnabled()
    assert re.search("empty: something moves in only 0%", part.job_box.messages.text())
    assert "Tracks of 1 of 2 recordings" in part.job_box.title.text()
    assert "tracks of 1 recording." in part.text.text()
    assert not panel.session.draft.cell(0, "track")  # a proposal

    panel.table.setCurrentIndex(panel.table.rows.index(0, 1))
    part.show_track()
    wait(lambda: part.drawing.is_shown)
    layer = own_layers(viewer, "moves", "region")[0]
    panel.link.show("moves", 10)
    wait(lambda: np.hypot(*(np.subtract(place_of(layer.data[0])[0], way(20)[:2]))) < 6)
    moved = layer.data[0] + [5.0, 8.0]
    layer.data = [moved]  # as a drag does
    layer.events.data(value=layer.data, action="changed", data_indices=(0,), vertex_indices=((),))
    row = 10
    wait(lambda: tracks.of(panel.session.find_recording("moves")).stored.source[row] == "hand")
    assert place_of(layer.data[0])[0] == pytest.approx(place_of(moved)[0], abs=0.02)

    part.use()
    study = Study.from_dataframe(panel.session.draft.table().fillna("").assign(subject="s", group="g"))
    assert study["moves"].align == "heading"
    assert study["moves"].track is not None
    middle = study["moves"].track.boxes[row, :2] + study["moves"].track.boxes[row, 2:] / 2
    assert middle == pytest.approx(place_of(moved)[0], abs=0.02)
    assert study["empty"].track is None
    part.find_subjects()
    wait(lambda: not tracks.is_working)
    assert "1 were up to date and were not made again" in part.job_box.title.text()
    assert tracks.of(study["moves"]).stored.source[row] == "hand"  # type: ignore[union-attr]
    delete(panel)
