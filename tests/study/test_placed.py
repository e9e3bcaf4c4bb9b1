"""Crops that follow a track: at the exact place, and turned by the heading."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_ubam.study import PlacedRoi, Recording, Study, StudyError, Track, smooth_track

BOXES = [[10.25, 20.5, 40, 20], [12, 21, 42, 20], [14, 22, 40, 24]]


def track(headings: list[float] | None = None) -> Track:
    return Track(frames=[3, 4, 7], boxes=BOXES, headings=headings)


def recording(**fields: object) -> Recording:
    known = {"video": "a.mp4", "subject": "a", "group": "g", "session": 0}
    return Recording(**{**known, **fields})  # type: ignore[arg-type]


def test_without_alignment_the_boxes_stay_as_they_are() -> None:
    plain = recording(track=track()).crops([3, 5])
    assert plain is not None
    assert [box.model_dump() if box else None for box in plain] == [
        {"x": 10, "y": 20, "width": 40, "height": 20},
        None,
    ]


def test_position_gives_boxes_of_the_median_size_around_the_exact_middle() -> None:
    found = recording(track=track(), align="position").crops([3, 4, 6, 7])
    assert found is not None
    assert found[2] is None
    boxes = [box for box in found if isinstance(box, PlacedRoi)]
    assert [(box.box_width, box.box_height, box.angle) for box in boxes] == [(40, 20, 0)] * 3
    assert [(box.centre_x, box.centre_y) for box in boxes] == [(30.25, 30.5), (33, 31), (34, 34)]
    assert (boxes[0].x, boxes[0].y, boxes[0].width, boxes[0].height) == (10, 20, 41, 21)


def test_heading_turns_the_box_and_the_upright_rectangle_holds_it() -> None:
    [box] = recording(track=track([0, 0, 90]), align="heading").crops([7]) or ()
    assert isinstance(box, PlacedRoi)
    assert (box.x, box.y, box.width, box.height) == (24, 14, 20, 40)
    ahead = box.to_frame(np.array([20.0, 0.0]))  # the right side of the box is below the middle
    np.testing.assert_allclose(ahead, (34, 54))
    np.testing.assert_allclose(box.to_box(ahead), (20, 0), atol=1e-9)


def test_the_share_inside_of_the_frame() -> None:
    turned = PlacedRoi.at((0, 50), (40, 20), 30)
    assert turned.share_inside(100, 100) == pytest.approx(0.5, abs=0.07)
    assert PlacedRoi.at((50, 50), (40, 20), 30).share_inside(100, 100) == 1
    assert PlacedRoi.at((-50, 50), (40, 20), 30).share_inside(100, 100) == 0


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"align": "position"}, "crops can only be aligned to a track; give a track, or write none"),
        ({"align": "heading", "track": track()}, "the track has no headings; add a column heading"),
        ({"align": "headin", "track": track()}, "did you mean 'heading'?"),
        ({"align": "sideways", "track": track()}, "write none, position or heading"),
    ],
)
def test_alignments_that_are_refused(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(StudyError, match=sentence.replace("?", r"\?")):
        recording(**fields)


def test_headings_and_alignment_are_written_and_read(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    one = recording(video=tmp_path / "a.mp4", track=track([0.5, -170.25, 90]), align="heading")
    again = Study.from_csv(Study([one]).to_csv(tmp_path / "study.csv"))[0]
    assert again.align == "heading"
    assert again.track == one.track
    assert again.track != track([0.5, -170.25, 91])


def test_a_heading_that_is_missing_in_a_row_counts_as_none(tmp_path: Path) -> None:
    table = tmp_path / "track.csv"
    table.write_text("frame,x,y,width,height,heading\n0,1,1,5,5,90\n1,1,1,5,5,\n")
    assert Track.from_csv(table).headings is None


def test_measured_positions_are_smoothed_and_short_gaps_filled() -> None:
    frames = np.array([0, 1, 2, 5, 40, 41])
    centres = np.column_stack([frames * 2.0, np.full(6, 30.0)])
    headings = np.array([170.0, 175, 180, -165, 0, 0])  # turning on through 180 degrees
    found = smooth_track(frames, centres, (20, 10), headings, smooth=0)
    assert found.segments() == (range(0, 6), range(40, 42))
    assert found.boxes[4].tolist() == [2 * 4 - 10, 25, 20, 10]
    assert found.headings is not None
    np.testing.assert_allclose(found.headings[:6], [170, 175, -180, -175, -170, -165])


def test_smoothing_makes_steps_more_even() -> None:
    frames = np.arange(200)
    rng = np.random.default_rng(0)
    way = np.column_stack([frames * 1.0, 50 + 0 * frames])
    found = smooth_track(frames, way + rng.normal(size=way.shape), (20, 10))
    error = found.boxes[10:-10, :2] + (10, 5) - way[10:-10]
    assert np.sqrt((error**2).mean()) < 0.6
