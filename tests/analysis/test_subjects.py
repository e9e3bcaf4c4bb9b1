"""Subjects compared with the reference subjects."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.gaits import herd, names, walk, without
from napari_ubam.analysis import (
    STATISTICS,
    DeviationResult,
    deviation,
    group_table,
    mean_excess,
    subject_table,
)

BOUTS = [slice(start, start + 60) for start in (40, 160, 300)]


@pytest.fixture(scope="module")
def result() -> DeviationResult:
    reference = herd(7)
    ill = [walk(f"ill{number}", 300 + number, group="ill", bouts=BOUTS) for number in range(3)]
    later = walk("ill0", 400, group="ill", session="2")
    return deviation([*reference, *ill, later, *herd(1, 9, "well")], names(reference))


@pytest.fixture(scope="module")
def always() -> DeviationResult:
    """Give the scores of a subject that is ill throughout, beside those who are ill at times."""
    reference = herd(7)
    ill = [walk(f"ill{number}", 300 + number, group="ill", bouts=BOUTS) for number in range(3)]
    throughout = walk("always", 500, group="ill", bouts=[slice(0, 400)])
    return deviation([*reference, *ill, throughout, *herd(1, 9, "well")], names(reference))


def test_a_subject_that_is_ill_throughout_is_found_by_its_constant_part(always: DeviationResult) -> None:
    table = subject_table(always).set_index("subject")
    ill = table.loc["always"]
    assert ill["constant"] > 2 * table["constant"].drop("always").max()
    assert ill["constant_percentile"] == 100
    assert ill["constant_p"] == pytest.approx(1 / 8)
    assert ill["episodic"] < table.loc[["ill0", "ill1", "ill2"], "episodic"].min()
    assert ill["episodic_p"] > 1 / 8


def test_subjects_that_are_ill_at_times_are_found_by_their_episodic_part(always: DeviationResult) -> None:
    table = subject_table(always).set_index("subject")
    at_times = table.loc[["ill0", "ill1", "ill2"]]
    assert (at_times["episodic_percentile"] == 100).all()
    assert at_times["episodic_p"].tolist() == pytest.approx([1 / 8] * 3)
    assert (at_times["episodic_q"] >= at_times["episodic_p"]).all()
    assert at_times["constant"].max() < table.loc["always", "constant"] / 2
    assert table.loc["well0", "episodic_percentile"] < 100
    assert table.loc[table["reference"], ["constant_q", "episodic_q"]].isna().all(axis=None)


@pytest.mark.parametrize("name", STATISTICS)
def test_every_statistic_ranks_ill_subjects_first(result: DeviationResult, name: str) -> None:
    table = subject_table(result, STATISTICS[name])
    assert list(table.columns[:6]) == ["subject", "group", "session", "deviation", "p", "q"]
    ill = table[(table["group"] == "ill") & (table["session"] == "0")]
    assert ill["deviation"].min() > table["deviation"].drop(ill.index).max()
    assert ill["p"].tolist() == pytest.approx([1 / 8] * 3)
    assert (ill["p"] == ill["smallest_p"]).all()


def test_p_counts_other_reference_subjects(result: DeviationResult) -> None:
    table = subject_table(result).set_index(["subject", "session"])
    reference = table[table["reference"]]
    assert (reference["n_reference"] == 6).all()
    assert sorted(reference["p"]) == pytest.approx([step / 7 for step in range(1, 8)])
    assert reference["q"].isna().all()
    well = table.loc[("well0", "0")]
    above = (reference["deviation"] >= well["deviation"]).sum()
    assert well["p"] == pytest.approx((1 + above) / 8)


def test_q_is_that_of_benjamini_and_hochberg(result: DeviationResult) -> None:
    table = subject_table(result)
    asked = table[~table["reference"]].sort_values("p")
    ranks = np.arange(1, len(asked) + 1)
    expected = np.minimum.accumulate((asked["p"] * len(asked) / ranks)[::-1])[::-1]
    assert asked["q"].tolist() == pytest.approx(expected.tolist())
    assert len(asked) == 5


def test_sessions_have_rows_of_their_own_and_the_reference_has_one_a_subject() -> None:
    reference = [*herd(3), *(walk(f"rat{number}", number, session="1") for number in range(3))]
    result = deviation([*reference, walk("rat1", 8, session="5", bouts=BOUTS)], names(reference))
    table = subject_table(result)
    assert table["session"].tolist() == ["0, 1", "0, 1", "0, 1", "5"]
    # The own reference value is no comparison for the same subject.
    assert table["n_reference"].tolist() == [2, 2, 2, 2]
    assert table["p"].iloc[3] == pytest.approx(1 / 3)


def test_subjects_drawn_alike_have_uniform_p() -> None:
    p = []
    for seed in range(25):
        reference = herd(4, seed, frames=120)
        table = subject_table(deviation([*reference, *herd(3, seed + 50, "new", 120)], names(reference)))
        p += table.loc[~table["reference"], "p"].tolist()
    counts = np.unique(np.round(p, 6), return_counts=True)[1]
    assert len(counts) == 5
    assert counts.min() > 5
    assert 0.5 < np.mean(p) < 0.7  # of 0.2, 0.4 ... 1


def test_a_recording_without_scores_has_no_p() -> None:
    reference = herd(3)
    table = subject_table(deviation([*reference, without(walk("new", 9), slice(None))], names(reference)))
    assert table.iloc[3][["deviation", "p", "q"]].isna().all()


def test_one_subject_alone_cannot_be_significant() -> None:
    codes = [walk("rat", 3, frames=900), walk("rat", 3, frames=300, session="1"), walk("new", 4, frames=300)]
    table = subject_table(deviation(codes, ["rat_0"]))
    assert table["n_reference"].tolist() == [0, 0, 1]
    assert table["smallest_p"].tolist() == [1, 1, 0.5]


def test_own_statistics_can_be_given(result: DeviationResult) -> None:
    table = subject_table(result, lambda scores, _: float(len(scores)))
    assert (table["deviation"] == 400).all()
    assert (table["p"] == 1).all()


def test_mean_excess_is_zero_below_the_line(result: DeviationResult) -> None:
    line = result.calibration["behaviour"].deviation(95)
    values = result["ill0_0"].behaviour_deviation
    assert mean_excess(result["ill0_0"], result.calibration) == pytest.approx(
        float(np.maximum(values - line, 0).mean()), rel=1e-5
    )


def test_groups_count_subjects_and_not_sessions() -> None:
    rows = [
        ("a", "ill", "0", 1.0, 0.2, False),
        ("a", "ill", "1", 3.0, 0.01, False),
        ("b", "ill", "0", 8.0, 0.3, False),
        ("c", "well", "0", 0.5, float("nan"), True),
        ("d", float("nan"), "0", 2.0, float("nan"), False),
    ]
    subjects = pd.DataFrame(rows, columns=["subject", "group", "session", "deviation", "q", "reference"])
    parts = {
        "constant": 0.1,
        "episodic": subjects["deviation"],
        "constant_q": 1.0,
        "episodic_q": subjects["q"],
    }
    found = group_table(subjects.assign(**parts))
    assert found["episodic_significant"].tolist() == found["significant"].tolist()
    assert found["constant_significant"].tolist() == [0, 0, 0]
    assert found["episodic"].tolist() == found["deviation"].tolist()
    assert found[["group", "subjects", "deviation", "significant"]].values.tolist() == [
        ["", 1, 2.0, 0],
        ["ill", 2, 5.0, 1],
        ["well", 1, 0.5, 0],
    ]
    assert found["reference"].tolist() == [False, False, True]


def test_groups_of_a_subject_table(result: DeviationResult) -> None:
    found = group_table(subject_table(result)).set_index(["group", "reference"])
    assert found["subjects"].to_dict() == {("healthy", False): 1, ("ill", False): 3, ("healthy", True): 7}
    assert found.loc[("ill", False), "deviation"] > found.loc[("healthy", True), "deviation"]
