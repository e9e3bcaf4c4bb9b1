"""Evaluation of studies from the properties of their recordings."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from napari_ubam.check import CheckReport, RecordingFacts
from napari_ubam.check.permutation import permutation_p, sign_flip_p
from napari_ubam.check.proposal import odd_frames, propose
from napari_ubam.check.study_against_video import frame_list
from napari_ubam.check.verdict import judge
from napari_ubam.study import Recording, Roi, Study, Track
from napari_ubam.study.intervals import parse_intervals

from .facts import fact, judged, two_groups


def sentences(report: CheckReport, word: str) -> list[str]:
    return [str(problem) for problem in report.problems if word in problem.text]


def test_a_valid_study_has_no_problem() -> None:
    report = judged(two_groups(5))
    assert report.ok
    assert report.problems == ()
    assert [group.smallest_p for group in report.groups] == [1 / 6, 1 / 6]


# --- exact tests


def test_permutation_p_equals_all_permutations() -> None:
    a, b = [1.0, 2.5, 3.0], [2.0, 4.0, 6.5, 7.0]
    observed = abs(np.mean(a) - np.mean(b))
    shuffled = [abs(np.mean(order[:3]) - np.mean(order[3:])) for order in permutations([*a, *b])]
    expected = np.mean(np.array(shuffled) >= observed - 1e-12)
    assert permutation_p(a, b) == pytest.approx(expected)


@pytest.mark.parametrize(("n", "p"), [(1, 1.0), (2, 1 / 3), (3, 0.1), (4, 2 / 70)])
def test_complete_separation_gives_the_smallest_p(n: int, p: float) -> None:
    assert permutation_p(list(range(n)), list(range(10, 10 + n))) == pytest.approx(p)


def test_p_of_equal_values_is_one() -> None:
    assert permutation_p([5.0] * 4, [5.0] * 4) == 1
    assert sign_flip_p([0.0, 0.0]) == 1


def test_sign_flips() -> None:
    assert sign_flip_p([3.0]) == 1
    assert sign_flip_p([1.0, 2.0, 3.0, 4.0]) == pytest.approx(2 / 16)
    assert sign_flip_p([1.0, -1.0]) == 1


def test_large_samples_use_a_fixed_random_seed() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=20).tolist(), (rng.normal(size=20) + 3).tolist()
    assert permutation_p(a, b) == permutation_p(a, b) < 0.001
    assert sign_flip_p(b) < 0.001
    assert permutation_p(a, a) == 1


# --- confounds


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"brightness": 80.0}, "brightness"),
        ({"fps": 25.0}, "frame rate"),
        ({"width": 640, "height": 480, "crop_width": 640, "crop_height": 480}, "frame size"),
        ({"crop_width": 160}, "region size"),
    ],
)
def test_a_group_with_another_setting_is_found(changes: dict[str, float], name: str) -> None:
    (sentence,) = sentences(judged(two_groups(4, **changes)), "confounded")
    assert sentence.startswith(f"group is confounded with {name}: all subjects of group ")
    assert "'healthy'" in sentence
    assert "'stroke'" in sentence
    assert "p = 0.029 with 4 and 4 subjects" in sentence


@pytest.mark.parametrize(
    "changes", [{"brightness": 103.0}, {"fps": 29.97}, {"width": 322, "crop_width": 322}]
)
def test_an_irrelevant_difference_is_ignored(changes: dict[str, float]) -> None:
    assert judged(two_groups(4, **changes)).problems == ()


def test_separation_of_few_subjects_can_be_chance() -> None:
    (sentence,) = sentences(judged(two_groups(1, brightness=50.0)), "confounded")
    assert "the only subject of group 'healthy' has a brighter image than the only subject" in sentence
    assert "p = 1 with 1 and 1 subject, too few to exclude chance" in sentence


def test_overlapping_groups_with_a_small_p_are_found() -> None:
    facts = [fact(f"h{i}", f"h{i}", "healthy", brightness=100 + 3.0 * i) for i in range(8)]
    facts += [fact(f"s{i}", f"s{i}", "stroke", brightness=85 + 3.0 * i) for i in range(8)]
    (sentence,) = sentences(judged(facts), "confounded")
    assert sentence.startswith("group may be confounded with brightness")
    assert "on average" in sentence


def test_the_unit_is_the_subject_not_the_recording() -> None:
    facts = [fact(f"h{i}", "one", "healthy", brightness=120.0 + i) for i in range(10)]
    facts += [fact(f"s{i}", "two", "stroke", brightness=60.0 + i) for i in range(10)]
    (sentence,) = sentences(judged(facts), "confounded")
    assert "with 1 and 1 subject" in sentence


def test_the_same_subjects_under_two_drugs_are_compared_within_subjects() -> None:
    facts = [
        fact(f"{drug}{i}", f"m{i}", drug, session, brightness=60.0 + 20 * i + extra)
        for i in range(6)
        for drug, session, extra in (("vehicle", "0", 0), ("drug", "1", 8))
    ]
    found = sentences(judged(facts), "confounded")
    # Between subjects the ranges overlap, and group and session are one thing here.
    assert len(found) == 1
    assert "group 'drug' has a brighter image than group 'vehicle' in the same 6 subjects" in found[0]
    assert "p = 0.031 with 6 subjects" in found[0]


def test_sessions_of_the_same_subjects_are_compared_with_the_first() -> None:
    facts = [
        fact(f"{i}_{day}", f"m{i}", f"g{i % 2}", day, fps=60.0 if day == "10" else 30.0)
        for i in range(6)
        for day in ("10", "2")
    ]
    (sentence,) = sentences(judged(facts), "confounded")
    assert sentence.startswith("session is confounded with frame rate: session '10' has a higher frame rate")


def test_settings_that_differ_only_between_subjects_give_a_note() -> None:
    facts = two_groups(4)
    facts[0] = facts[0].model_copy(update={"fps": 50.0})
    facts[4] = facts[4].model_copy(update={"fps": 50.0})
    (problem,) = judged(facts).problems
    assert problem.severity == "note"
    assert "the frame rate differs between subjects, from 30.0 (h1) to 50.0 fps (h0)" in problem.text


def test_brightness_that_identifies_every_subject_gives_a_note() -> None:
    facts = [
        fact(f"{i}_{j}", f"m{i}", "a" if i in (0, 3) else "b", brightness=60.0 + 20 * i + j)
        for i in range(4)
        for j in range(2)
    ]
    assert sentences(judged(facts), "brightness alone identifies all 4 subjects")


# --- amounts


def test_too_few_subjects() -> None:
    (sentence,) = sentences(judged(two_groups(2)), "too few subjects")
    assert "'healthy' has 2 subjects and 'stroke' has 2 subjects" in sentence
    facts = [*two_groups(3), fact("x", "x", "sham", brightness=101.0)]
    (sentence,) = sentences(judged(facts), "too few subjects")
    assert "'sham' has 1 subject; use 'healthy' or 'stroke' as the reference" in sentence


def test_too_little_video() -> None:
    facts = two_groups(3)
    facts[0] = facts[0].model_copy(update={"frames": 270, "seconds": 9.0})
    facts[1] = facts[1].model_copy(update={"frames": 900, "seconds": 30.0})
    report = judged(facts)
    assert sentences(report, "too little video for training of 1 subject: h0 (9.0 s, 270 frames)")
    assert sentences(report, "less than a minute of video of 1 subject: h1 (30 s)")


def test_video_of_a_subject_adds_up_over_recordings() -> None:
    facts = [
        fact(f"{i}_{j}", f"m{i}", "gh"[i % 2], seconds=6.0, frames=200) for i in range(6) for j in range(12)
    ]
    assert not sentences(judged(facts), "video")
    assert not sentences(judged(facts), "minute")


def test_one_group_needs_sessions() -> None:
    facts = [fact(f"{i}{s}", f"m{i}", "all", s) for i in range(4) for s in ("3", "0")]
    assert sentences(judged(facts), "use a session as the reference, such as session=0")
    assert sentences(judged(facts[::2]), "there is nothing to compare")


def test_one_recording_is_told_how_its_parts_are_compared() -> None:
    found = judged([fact("long", "m0", "all")])
    assert sentences(found, "enter each part as a row with start and stop")
    assert not sentences(found, "there is nothing to compare")


def test_one_subject_in_two_groups_in_one_session() -> None:
    facts = [*two_groups(3), fact("again", "h0", "stroke", brightness=101.0)]
    assert sentences(judged(facts), "subject 'h0' is in the groups 'healthy' and 'stroke' in session 0")
    facts[-1] = fact("again", "h0", "stroke", "1", brightness=101.0)
    assert not sentences(judged(facts), "is in the groups")


def test_spellings_copies_and_misspelt_columns() -> None:
    facts = [*two_groups(3), fact("x", "x", "Healthy", brightness=101.0, fingerprint="h0", row=9)]
    report = judged(facts, metadata={"heigth": "3", "weight": "3", "age": "2"})
    assert sentences(report, "the groups 'Healthy' and 'healthy' differ only in spelling")
    assert sentences(report, "the video is a copy of the one in row 2, h0")[0].startswith("row 9, x: ")
    assert len(sentences(report, "is kept as metadata")) == 1
    assert sentences(report, "the column 'heigth' is kept as metadata; if 'height' was meant")


def test_a_frame_rate_column_with_another_name_gives_a_note() -> None:
    report = judged(two_groups(3), metadata={"Frame Rate": "250", "hz": "3"})
    (first, second) = sentences(report, "if 'fps' was meant, rename it")
    assert "the column 'Frame Rate' is kept as metadata" in first
    assert "the column 'hz' is kept as metadata" in second


def test_one_video_at_two_frame_rates() -> None:
    rates: list[float | None] = [250.0, None, 250]
    facts = [fact(f"v{i}", f"m{i}", "g", row=i + 2) for i in range(3)]
    parts = [
        Recording(
            video=Path("v.mp4"), subject=f"m{i}", group="g", session="0", name=f"v{i}", fps=fps,
            start=100 * i, stop=100 * i + 99,
        )
        for i, fps in enumerate(rates)
    ]  # fmt: skip
    (sentence,) = sentences(judge(Study(parts, rows=[2, 3, 4]), facts), "for the same video")
    assert sentence.startswith("row 3, v1: fps is empty, but 250 in row 2 for the same video; enter the")


# --- one recording against its video


def fits(facts: RecordingFacts, **fields: object) -> list[str]:
    recording = Recording.model_validate(
        {"video": "v.mp4", "subject": "m", "group": "g", "session": "0", **fields}
    )
    report = judge(Study([recording], rows=[7]), [facts])
    return [f"{problem.severity} {problem}" for problem in report.problems if problem.row == 7]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"start": 3000}, "error row 7, v: start is 3000, but v.mp4 has 3000 frames; enter at most 2999."),
        ({"stop": 3001}, "error row 7, v: stop is 3001, but v.mp4 has 3000 frames; enter 3000, or"),
        ({"roi": Roi(x=300, y=0, width=21, height=5)}, "error row 7, v: the region x 300 to 321, y 0 to 5"),
        ({"intervals": parse_intervals("a:90-101")}, "warning row 7, v: the interval a:90-101 continues"),
        (
            {"intervals": parse_intervals("a:100-101")},
            "warning row 7, v: the interval a:100-101 starts",
        ),
        ({"intervals": parse_intervals("a:-5-0")}, "warning row 7, v: the interval a:-5-0 ends before"),
        (
            {"track": Track(frames=[1, 3000], boxes=[[0, 0, 5, 5]] * 2)},
            "error row 7, v: the track ends",
        ),
        (
            {"track": Track(frames=[1, 2], boxes=[[0, 0, 5, 5], [320, 0, 5, 5]])},
            "error row 7, v: the track",
        ),
        (
            {"track": Track(frames=[1, 2], boxes=[[0, 0, 5, 5], [-3, 0, 5, 5]])},
            "note row 7, v: the track",
        ),
    ],
)
def test_recordings_that_do_not_fit_the_video(fields: dict[str, object], expected: str) -> None:
    (sentence,) = fits(fact("v", "m", "g", row=7), **fields)
    assert sentence.startswith(expected)


def test_recordings_that_fit_the_video() -> None:
    intervals = parse_intervals("a:-1-3;b:99-100.02")
    assert fits(fact("v", "m", "g", row=7), start=2999, stop=3000, intervals=intervals) == []
    assert fits(fact("v", "m", "g", row=7), roi=Roi(x=0, y=0, width=320, height=240)) == []


def test_a_track_that_counts_from_one_is_recognised() -> None:
    track = Track(frames=np.arange(1, 3001), boxes=np.tile([0, 0, 5, 5], (3000, 1)))
    (sentence,) = fits(fact("v", "m", "g", row=7), track=track)
    assert "subtract 1 from its frame numbers, because frames are counted from 0" in sentence


def test_frames_that_cannot_be_decoded() -> None:
    (some,) = fits(fact("v", "m", "g", row=7, bad_frames=(3, 4, 5, 9)))
    assert some.startswith("warning row 7, v: 4 of 200 tested frames of v.mp4 cannot be decoded")
    assert "frames 3 to 5 and 9" in some
    (none,) = fits(fact("v", "m", "g", row=7, read=2, bad_frames=(0, 1)))
    assert none.startswith("error row 7, v: none of 2 tested frames of v.mp4")
    (only,) = fits(fact("v", "m", "g", row=7, read=1, bad_frames=(0,)))
    assert only.startswith("error row 7, v: none of 1 tested frame of v.mp4")
    (short,) = fits(fact("v", "m", "g", row=7, video_frames=1), stop=5)
    assert "stop is 5, but v.mp4 has 1 frame; enter 1, or" in short
    assert frame_list([7]) == "frame 7"
    assert frame_list(list(range(0, 40, 2))).endswith("14 and 12 more places")


# --- proposal


@pytest.mark.parametrize(
    ("frames", "side", "preset", "reason"),
    [
        (4_000, 320, "tiny", "only 4000 frames; a larger network needs at least 20000"),
        (1, 320, "tiny", "the study has only 1 frame; a larger"),
        (40_000, 320, "small", "40000 frames; a larger network needs at least 200000"),
        (40_000, 95, "tiny", "no more detail"),
        (400_000, 127, "small", "no more detail"),
        (400_000, 128, "base", "enough for a large network"),
    ],
)
def test_preset_by_frames_and_region(frames: int, side: int, preset: str, reason: str) -> None:
    proposal = propose([fact("v", "m", "g", frames=frames, crop_width=side, crop_height=side // 2)])
    assert proposal is not None
    assert proposal.preset == preset
    assert reason in proposal.preset_reason


@pytest.mark.parametrize(
    ("periods", "fps", "window", "frames", "reason"),
    [
        ([0.4, 0.42, 0.6], 30.0, 420, (13, 13), "repeats every 420 ms in 3 of 3 recordings"),
        ([None, None, 0.6], 30.0, 500, (15, 15), "a period was found in only 1 of 3 recordings, so"),
        ([None, None, None], 30.0, 500, (15, 15), "no period was found in the movement, so"),
        ([0.02, 0.02, 0.02], 250.0, 100, (25, 25), "limited to 100 ms"),
        ([9.0, 9.0, 9.0], 30.0, 2000, (61, 61), "limited to 2000 ms"),
        ([0.3, 0.3, 0.3], 10.0, 500, (5, 5), "extended to 5 frames"),
    ],
)
def test_window_by_period(
    periods: list[float | None], fps: float, window: int, frames: tuple[int, int], reason: str
) -> None:
    facts = [fact(f"v{i}", f"m{i}", "g", period=period, fps=fps) for i, period in enumerate(periods)]
    proposal = propose(facts)
    assert proposal is not None
    assert (proposal.window_ms, proposal.window_frames) == (window, frames)
    assert reason in proposal.window_reason


def test_every_subject_counts_once_for_the_window() -> None:
    facts = [fact(f"a{i}", "a", "g", period=1.0) for i in range(9)]
    facts += [fact("b", "b", "g", period=0.4), fact("c", "c", "g", period=0.4)]
    proposal = propose(facts)
    assert proposal is not None
    assert proposal.window_ms == 400


def test_one_slow_recording_does_not_make_the_window_of_the_others_huge() -> None:
    facts = [
        fact(f"v{i}", f"m{i}", "g", period=None, fps=fps) for i, fps in enumerate([250.0, 250.0, 1 / 300])
    ]
    proposal = propose(facts)
    assert proposal is not None
    assert proposal.window_ms == 500
    assert "0.00333333 frames per second are too slow" in proposal.window_reason
    slow = propose([fact("v", "m", "g", period=None, fps=fps) for fps in (1.0, 2.0)])
    assert slow is not None
    assert slow.window_ms == 5000


@pytest.mark.parametrize("other", ["\uff52\uff11", "r\N{ZERO WIDTH SPACE}1", "R1", "r1\N{WORD JOINER}"])
def test_subjects_that_look_alike_are_told(other: str) -> None:
    report = judged([fact("a", "r1", "g"), fact("b", other, "g")])
    assert sentences(report, "differ only in spelling")


def test_window_frames_are_odd() -> None:
    assert [odd_frames(ms, 30.0) for ms in (10, 100, 133, 200, 400)] == [1, 3, 3, 7, 13]


def test_no_video_no_proposal() -> None:
    assert propose([]) is None
