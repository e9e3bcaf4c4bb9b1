"""Regions, tracks and intervals of a recording."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_ubam.study import Interval, Recording, Roi, StudyError, Track
from napari_ubam.study.intervals import condition_labels, parse_intervals, read_intervals, with_left_out


def recording(**fields: Any) -> Recording:
    return Recording.model_validate(
        {"video": "a.mp4", "subject": "1", "group": "g", "session": "0", **fields}
    )


def track_file(folder: Path, rows: str) -> Path:
    path = folder / "track.csv"
    path.write_text(f"frame,x,y,width,height\n{rows}")
    return path


def test_a_region_against_the_frame() -> None:
    roi = Roi(x=10, y=20, width=30, height=40)
    assert roi.fault(height=60, width=40) is None
    assert "exceeds the frame, which is 39 wide and 60 high" in str(roi.fault(60, 39))
    assert roi.clipped(50, 35) == Roi(x=10, y=20, width=25, height=30)
    assert roi.clipped(20, 35) is None
    assert np.zeros((100, 100))[roi.slices].shape == (40, 30)


def test_a_track_is_split_at_its_gaps_and_gaps_are_not_filled(tmp_path: Path) -> None:
    path = track_file(tmp_path, "3,1,2,10,20\n4,1.4,2.6,10,20\n7,-3,2,10,20\n9,1,2,10,20\n10,1,2,10,20\n")
    track = Track.from_csv(path)
    assert track.segments() == (range(3, 5), range(7, 8), range(9, 11))
    assert track.segments(4, 10) == (range(4, 5), range(7, 8), range(9, 10))
    assert track.segments(11) == ()
    assert track.crops(range(3, 8)) == (
        Roi(x=1, y=2, width=10, height=20),
        Roi(x=1, y=3, width=10, height=20),
        None,
        None,
        Roi(x=-3, y=2, width=10, height=20),
    )
    assert track.crops([99, 0]) == (None, None)
    assert Track.from_csv(track.to_csv(tmp_path / "again.csv")) == track
    with pytest.raises(ValueError, match="read-only"):
        track.boxes[0, 0] = 5


@given(st.sets(st.integers(0, 60), min_size=1))
def test_segments_are_the_frames_that_have_boxes(frames: set[int]) -> None:
    track = Track(frames=sorted(frames), boxes=[[0, 0, 5, 5]] * len(frames))
    segments = track.segments()
    assert [frame for run in segments for frame in run] == sorted(frames)
    assert all(before.stop < after.start for before, after in pairwise(segments))
    boxes = track.crops(range(61))
    assert {frame for frame, box in enumerate(boxes) if box} == frames


@pytest.mark.parametrize(
    ("rows", "sentences"),
    [
        ("0,1,1,5,5\n1,a,1,5,5\n", ["row 3, column x: 'a' is not a number"]),
        ("0,1,1,5,5\n0,1,1,5,5\n", ["row 3, column frame: frame 0 is already in row 2"]),
        ("5,1,1,5,5\n3,1,1,5,5\n", ["row 3, column frame: frame 3 comes after frame 5"]),
        ("0,1,1,-5,0\n", ["row 2, column width: '-5' is not positive", "row 2, column height: '0' is not"]),
        (
            "-1,1,1,5,5\n0.5,1,1,5,5\n",
            ["row 2, column frame: '-1' is", "row 3, column frame: '0.5'"],
        ),
        ("0,1,,5,5\n", ["row 2, column y: '' is not a number"]),
        ("", ["the track has no rows"]),
        ("x,1,1,5,5\n" * 9, ["row 2", "row 3", "row 4", "row 5", "row 6", "4 more rows have faults"]),
    ],
)
def test_faults_of_a_track(tmp_path: Path, rows: str, sentences: list[str]) -> None:
    with pytest.raises(StudyError) as caught:
        Track.from_csv(track_file(tmp_path, rows))
    texts = [str(fault) for fault in caught.value.faults]
    assert len(texts) == len(sentences)
    for text, sentence in zip(texts, sentences, strict=True):
        assert text.startswith(sentence)


def test_frames_segments_and_crops_of_a_recording() -> None:
    whole = recording()
    assert whole.frames(100) == range(100)
    assert whole.segments(100) == (range(100),)
    assert whole.crops(range(3)) is None
    part = recording(start=10, stop=20, roi=Roi(x=1, y=1, width=5, height=5))
    assert part.frames(15) == range(10, 15)
    assert part.segments(5) == ()
    assert part.crops([10, 11]) == (part.roi, part.roi)
    tracked = recording(start=10, stop=20, track=Track(frames=[8, 9, 10, 11, 15], boxes=[[0, 0, 5, 5]] * 5))
    assert tracked.segments(100) == (range(10, 12), range(15, 16))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"start": 5, "stop": 5}, "stop is the frame after the last one"),
        ({"stop": 0}, "stop is the frame after the last one"),
        ({"roi": Roi(x=-1, y=0, width=5, height=5)}, "x or y is negative"),
        ({"subject": " "}, "every recording needs a value here"),
        ({"session": ""}, "write 0 if there is only one session"),
        ({"intervals": parse_intervals("a:0-2") + parse_intervals("a:1-3")}, "overlap"),
    ],
)
def test_recordings_that_are_refused(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        recording(**fields)


def sentences(error: BaseException) -> list[str]:
    text = str(error)
    assert "pydantic" not in text
    return [line.strip() for line in text.splitlines()]


def test_faults_of_a_recording_made_in_python_are_one_sentence_each() -> None:
    fields: dict[str, Any] = {"video": None, "subject": "", "session": 0, "start": -1, "fps": "fast"}
    with pytest.raises(StudyError) as caught:
        Recording(**fields, roi={"x": 1.5, "y": 0, "width": 0, "height": 4})
    assert sentences(caught.value) == [
        "7 faults.",
        "column video: None is not a path; enter the path of the video.",
        "column subject: the cell is empty; every recording needs a value here.",
        "column group: the value is missing; add one.",
        "column x: '1.5' is not a whole number; write digits only, such as 0 or 1500.",
        "column width: 0 is not positive; make the region at least 1 pixel wide and high.",
        "column start: -1 is negative; count frames from 0.",
        "column fps: 'fast' is not a number; "
        "write the frames per second of the camera, such as 250 or 29.97.",
    ]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {"vidoe": "b.mp4"},
            "there is no field 'vidoe'; use video, subject, group, session, name, roi",
        ),
        ({"roi": (1, 2, 3, 4)}, "column roi: (1, 2, 3, 4) is not a Roi; use a Roi or its fields."),
        (
            {"intervals": [("on", 1, 2)]},
            "column intervals: ('on', 1, 2) is not an Interval; use an",
        ),
        ({"intervals": "on"}, "column intervals: 'on' is not an interval; write label:start-stop"),
        ({"metadata": ["sex"]}, "column metadata: ['sex'] is not a dictionary; give names and texts"),
        ({"roi": {"x": 0, "y": -1, "width": 5, "height": 5}}, "column y: x or y is negative"),
        ({"fps": True}, "column fps: 'True' is not a number"),
        ({"video": ""}, "column video: '' is not a path"),
    ],
)
def test_a_single_fault_of_a_recording_is_one_line(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(StudyError) as caught:
        Recording(**{"video": "a.mp4", "subject": "1", "group": "g", "session": "0", **fields})
    (line,) = sentences(caught.value)
    assert line.startswith(sentence)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Roi(x=0, y=0, width=0, height=1), "column width: 0 is not positive"),
        (
            lambda: Interval(label="a", start=2, stop=1),
            "column stop: the interval a:2-1 stops before it",
        ),
        (lambda: Track(frames=[1, 1], boxes=[[0, 0, 1, 1]] * 2), "column frames: the frames do not ascend"),
        (lambda: Track(frames=[1], boxes=[[0, 0, 1]]), "column boxes: these are not numeric arrays"),
        (lambda: Track(frames=[1], boxes=[[0, 0, 1, 1]] * 2), "there is not one box for each frame"),
    ],
)
def test_faults_of_regions_tracks_and_intervals_made_in_python(
    make: Callable[[], object], sentence: str
) -> None:
    with pytest.raises(StudyError) as caught:
        make()
    (line,) = sentences(caught.value)
    assert line.startswith(sentence)


def test_intervals_may_be_given_as_text() -> None:
    assert recording(intervals="on:1-2;off:2-3,5").intervals == parse_intervals("on:1-2;off:2-3.5")


def test_a_recording_is_opened_at_the_frame_rate_of_the_study() -> None:
    def opener(path: Path, *, fps: float | None, **options: Any) -> tuple[Any, ...]:
        return path, fps, options

    made = recording(fps="250")
    assert made.open_with(opener) == (made.video, 250.0, {})
    assert recording().open_with(opener, progress=1) == (made.video, None, {"progress": 1})


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("light:2-5", [("light", 2, 5)]),
        ("light on : 2.5 - 5,5 ;; dark:6-7;", [("light on", 2.5, 5.5), ("dark", 6, 7)]),
        ("a:-3--1;b:-1-1e1", [("a", -3, -1), ("b", -1, 10)]),
        ("a:1e-3-2E+1", [("a", 0.001, 20)]),
        ("a:.5–1.", [("a", 0.5, 1)]),
        ("a:0-1;a:1-2;b:0-9", [("a", 0, 1), ("a", 1, 2), ("b", 0, 9)]),
        ("", []),
    ],
)
def test_intervals_in_a_cell(cell: str, expected: list[tuple[str, float, float]]) -> None:
    found = parse_intervals(cell)
    assert [(item.label, item.start, item.stop) for item in found] == expected
    assert parse_intervals(";".join(map(str, found))) == found


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("light:5-2", "the interval light:5-2 stops before it starts or has no duration"),
        ("light:2-2", "stops before it starts or has no duration"),
        ("light:2", "'light:2' is not an interval"),
        ("2-5", "'2-5' is not an interval"),
        (":2-5", "is not an interval"),
        ("a:1-2, b:3-4", "is not an interval"),
        ("a:0-5;b:0-1;a:4-6", "the intervals a:0-5 and a:4-6 overlap"),
        ("a:0-9;a:1-2;a:3-4", "the intervals a:0-9 and a:3-4 overlap"),
    ],
)
def test_intervals_that_are_refused(cell: str, sentence: str) -> None:
    with pytest.raises(StudyError) as caught:
        parse_intervals(cell)
    assert sentence in str(caught.value)


def test_intervals_in_a_table(tmp_path: Path) -> None:
    path = tmp_path / "i.csv"
    path.write_text("Label;Start;Stop;Note\nlight;-1,5;2;x\nlight;2;3e0;\n")
    assert [str(item) for item in read_intervals(path)] == ["light:-1.5-2", "light:2-3"]
    path.write_text("label,start,stop\nlight,1,\n,1,2\na;b,1,2\n")
    with pytest.raises(StudyError) as caught:
        read_intervals(path)
    assert [(fault.row, fault.column) for fault in caught.value.faults] == [
        (2, "stop"),
        (3, "label"),
        (4, "label"),
    ]


def test_labels_of_frames_begin_with_start_and_end_before_stop() -> None:
    times = np.arange(6) / 2
    labels = recording(intervals=parse_intervals("on:0.5-1.5;off:2-9;on:2-2.5")).frame_labels(times)
    assert list(labels) == ["on", "off"]
    np.testing.assert_array_equal(labels["on"], [False, True, True, False, True, False])
    np.testing.assert_array_equal(labels["off"], [False, False, False, False, True, True])
    assert recording().frame_labels(times) == {}


def test_an_interval_with_a_colon_in_its_label_is_refused() -> None:
    with pytest.raises(ValueError, match="contains a colon"):
        Interval(label="a:b", start=0, stop=1)


def test_frames_that_are_left_out() -> None:
    one = recording(intervals="exclude:1-1.5;light:0-9;Exclude:3-9", start=2)
    times = np.arange(40) / 10
    assert np.flatnonzero(one.left_out(times)).tolist() == [*range(10, 15), *range(30, 40)]
    assert one.segments(40) == (range(2, 40),)
    assert one.segments(40, times) == (range(2, 10), range(15, 30))
    track = Track(frames=[*range(5, 12), *range(20, 25)], boxes=[[0, 0, 9, 9]] * 12)
    tracked = recording(intervals="exclude:1-1.5;exclude:2-2.2", track=track)
    assert tracked.segments(40, times) == (range(5, 10), range(22, 25))
    faster = recording(intervals="exclude:1-1.5", fps=20)  # whatever the file states
    assert np.flatnonzero(faster.left_out(times)).tolist() == [*range(20, 30)]
    assert not recording(intervals="excluded:1-2").left_out(times).any()
    assert condition_labels(one.intervals) == ["light"]


def test_more_is_left_out_and_joined() -> None:
    known = parse_intervals("exclude:1-2;light:0-9;Exclude:5-6")
    found = with_left_out(known, [(2, 3), (5.5, 5.7), (8, 9)])
    assert [str(one) for one in found] == ["light:0-9", "exclude:1-3", "exclude:5-6", "exclude:8-9"]
