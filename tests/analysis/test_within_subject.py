"""Each subject against its own baseline."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from analysis.gaits import herd, walk, without
from napari_ubam.analysis import (
    Codes,
    DeviationError,
    DeviationResult,
    deviation,
    deviation_within_subjects,
    mean_excess,
    subject_table,
)
from napari_ubam.progress import Progress

BOUTS = [slice(50, 100), slice(200, 260)]


def pair(name: str, seed: int, **later: object) -> list[Codes]:
    """Record a subject before and after; the style of walking is its own."""
    both = walk(name, seed, frames=800, style=0.6)
    cut = [
        Codes(
            f"{name}_{session}",
            name,
            both.group,
            str(session),
            both.posture[part],
            both.behaviour[part],
            np.arange(400) / 30,
            np.arange(400),
            np.ones(400, bool),
        )
        for session, part in enumerate((slice(0, 400), slice(400, 800)))
    ]
    for bout in later.get("bouts", ()):  # type: ignore[attr-defined]
        for codes in (cut[1].posture, cut[1].behaviour):
            codes[bout, -3:] += 2
    return cut


@pytest.fixture(scope="module")
def codes() -> list[Codes]:
    changed = [one for number in range(3) for one in pair(f"ill{number}", number, bouts=BOUTS)]
    throughout = pair("always", 7, bouts=[slice(0, 400)])
    return [*changed, *throughout, *pair("well0", 11), *pair("well1", 12)]


@pytest.fixture(scope="module")
def result(codes: list[Codes]) -> DeviationResult:
    return deviation_within_subjects(codes, [one.name for one in codes if one.session == "0"])


def test_each_subject_is_scored_as_if_it_were_alone(codes: list[Codes], result: DeviationResult) -> None:
    alone = deviation(codes[2:4], ["ill1_0"])
    for name in ("ill1_0", "ill1_1"):
        for column, values in alone[name].columns().items():
            np.testing.assert_array_equal(result[name].columns()[column], values)
    assert [one.name for one in result.recordings] == [one.name for one in codes]
    assert result.within_subjects


def test_what_changed_is_found_and_what_did_not_is_not(result: DeviationResult) -> None:
    for name in ("ill0_1", "ill1_1", "ill2_1"):
        inside = np.concatenate([np.arange(bout.start, bout.stop) for bout in BOUTS])
        percentile = result[name].episodic_percentile
        assert np.median(percentile[inside]) > 99
        assert np.mean(np.delete(percentile, inside) > 95) < 0.15
    for name in ("well0_1", "well1_1"):
        assert np.mean(result[name].episodic_percentile > 95) < 0.15


def test_the_constant_part_is_ranked_among_stretches_of_the_baseline(result: DeviationResult) -> None:
    table = subject_table(result, mean_excess).set_index(["subject", "session"])
    for name in ("ill0", "always", "well0"):
        scores = result[f"{name}_1"]
        known = np.isfinite(scores.behaviour_deviation)
        rank = table.loc[(name, "1"), "constant_percentile"]
        np.testing.assert_allclose(scores.constant_percentile[known], rank)
        assert np.isnan(result[f"{name}_0"].constant_percentile).all()  # the stretches are parts of it
    assert np.nanmax(result["always_1"].constant_percentile) == 100


def test_p_counts_stretches_of_the_own_baseline(result: DeviationResult) -> None:
    table = subject_table(result, mean_excess).set_index(["subject", "session"])
    later = table.loc[~table["reference"]]
    assert (later["n_reference"] == 10).all()
    assert later["smallest_p"].tolist() == pytest.approx([1 / 11] * 6)
    for name in ("ill0", "ill1", "ill2"):
        assert later.loc[(name, "1"), "episodic_p"] == pytest.approx(1 / 11)
    assert later.loc[("always", "1"), "constant_p"] == pytest.approx(1 / 11)
    assert later.loc[[("well0", "1"), ("well1", "1")], ["constant_p", "episodic_p"]].min(axis=None) > 1 / 11
    assert table.loc[table["reference"], ["p", "constant_p", "episodic_p"]].isna().all(axis=None)


def test_a_subject_without_a_baseline_has_no_scores(codes: list[Codes]) -> None:
    new = walk("new", 90, session="1")
    result = deviation_within_subjects([*codes[:2], new], ["ill0_0"])
    assert np.isnan(result["new_1"].behaviour_deviation).all()
    (warning,) = result.warnings
    assert warning.startswith("new has no recording in the reference")
    table = subject_table(result).set_index("subject")
    assert np.isnan(table.loc["new", "episodic_p"])


def test_gaps_of_the_baseline_are_left_out(codes: list[Codes]) -> None:
    holed = without(codes[0], slice(100, 180))
    result = deviation_within_subjects([holed, codes[1]], ["ill0_0"])
    assert np.isnan(result["ill0_0"].behaviour_deviation[100:180]).all()
    assert subject_table(result)["n_reference"].tolist() == [10, 10]


@pytest.mark.parametrize(
    ("chosen", "says"), [(lambda one: True, "nothing to compare"), (lambda one: False, "no recording")]
)
def test_references_that_leave_nothing_are_refused(
    codes: list[Codes], chosen: Callable[[Codes], bool], says: str
) -> None:
    with pytest.raises(DeviationError, match=says):
        deviation_within_subjects(codes, [one.name for one in codes if chosen(one)])


def test_several_subjects_are_one_progress(codes: list[Codes]) -> None:
    events: list[Progress] = []
    deviation_within_subjects(codes[:6], ["ill0_0", "ill1_0", "ill2_0"], progress=events.append)
    shares = [event.share for event in events if event.stage == "score"]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert {event.stage for event in events} == {"reading", "score"}


def test_subjects_are_not_compared_with_each_other(codes: list[Codes]) -> None:
    chosen = [one for one in codes if one.subject in ("ill0", "well0")]
    more = [*chosen, *herd(3, 40, "other")]
    found, again = (
        deviation_within_subjects(some, ["ill0_0", "well0_0"])["well0_1"].posture_deviation
        for some in (chosen, more)
    )
    np.testing.assert_array_equal(found, again)


def test_a_baseline_that_is_too_short_leaves_the_others_scored(codes: list[Codes]) -> None:
    short = walk("short", 60, frames=30)
    later = walk("short", 61, session="1")
    result = deviation_within_subjects([*codes[:2], short, later], ["ill0_0", "short_0"])
    assert np.isfinite(result["ill0_1"].behaviour_deviation).all()
    assert np.isnan(result["short_1"].behaviour_deviation).all()
    (warning,) = result.warnings
    assert warning.startswith("The baseline of short has too few valid frames")
    with pytest.raises(DeviationError, match="The baseline of short"):
        deviation_within_subjects([short, later], ["short_0"])
