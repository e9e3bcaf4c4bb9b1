"""Levels compared: tests by permutation, effects, adjustment, and false positives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from scipy.stats import mannwhitneyu, wilcoxon

from napari_ubam.analysis.groups import Settings, compare_values, mixed_model
from napari_ubam.analysis.groups.comparison import widened
from napari_ubam.analysis.groups.effects import exact_change_interval, exact_shift_interval
from napari_ubam.analysis.groups.permutation import permute_subjects

WORLDS = 200
MOST = 0.05 + 1.645 * np.sqrt(0.05 * 0.95 / WORLDS)  # of false positives, with the error of so many worlds
QUICK = Settings(permutations=300, resamples=100)


def table(*samples: Sequence[float], same_subjects: bool = False) -> pd.DataFrame:
    rows = [
        (f"s{row}" if same_subjects else f"s{level}-{row}", "abc"[level], float(value))
        for level, sample in enumerate(samples)
        for row, value in enumerate(sample)
    ]
    return pd.DataFrame(rows, columns=["subject", "level", "value"])


def pair(values: pd.DataFrame, settings: Settings = QUICK) -> dict[str, float]:
    return compare_values(values, ["a", "b"], ["value"], settings).pairs.iloc[0].to_dict()


def test_all_ways_are_counted_if_they_are_few() -> None:
    found = pair(table([1, 2, 3], [7, 9, 8, 10]))
    assert (found["arrangements"], found["exact"]) == (35, True)
    assert found["p"] == pytest.approx(1 / 35)
    assert found["smallest_p"] == pytest.approx(1 / 35)
    equal = pair(table([1, 2, 3, 4], [7, 9, 8, 10]))  # the two groups can change places
    assert equal["p"] == equal["smallest_p"] == pytest.approx(2 / 70)


def test_many_ways_are_drawn_with_the_seed() -> None:
    generator = np.random.default_rng(0)
    values = table(generator.normal(size=12), generator.normal(size=12) + 1)
    first = pair(values)
    assert (first["arrangements"], first["exact"], first["smallest_p"]) == (300, False, 1 / 301)
    assert pair(values) == first
    drawn = {pair(values, Settings(permutations=300, resamples=100, seed=seed))["p"] for seed in range(4)}
    assert len(drawn) > 1


def test_effects_are_those_of_the_books() -> None:
    a, b = [1.0, 4.0, 2.5, 8.0], [3.0, 9.0, 5.0, 6.0, 7.5]
    found = pair(table(a, b))
    assert found["difference"] == np.median(np.subtract.outer(b, a))
    assert found["delta"] == pytest.approx(2 * mannwhitneyu(b, a).statistic / 20 - 1)
    assert found["low"] < found["difference"] < found["high"]
    assert found["spread"] == pytest.approx(np.sqrt((3 * np.var(a, ddof=1) + 4 * np.var(b, ddof=1)) / 7))


def test_sign_flips_use_the_differences_within_subjects() -> None:
    off = np.array([10.0, 20.0, 30.0, 40.0, 50.0, 60.0])  # the subjects differ much more than the conditions
    on = off + [1.0, 2.0, 1.5, 0.5, 1.0, 3.0]
    paired = pair(table(off, on, same_subjects=True), Settings(paired=True, resamples=100))
    assert paired["p"] == pytest.approx(2 / 64)
    assert paired["delta"] == 1.0
    assert paired["difference"] == pytest.approx(1.5, abs=0.1)
    assert pair(table(off, on))["p"] > 0.8


def test_a_subject_in_two_rows_is_refused() -> None:
    rows = table([1, 2, 3], [4, 5, 6])
    rows.loc[1, "subject"] = rows.loc[0, "subject"]
    with pytest.raises(ValueError, match="the subject is the unit"):
        compare_values(rows, ["a", "b"], ["value"])
    within = table([1, 2, 3], [4, 5, 6], same_subjects=True)
    with pytest.raises(ValueError, match="the subject is the unit"):
        compare_values(within, ["a", "b"], ["value"])


def test_p_is_adjusted_for_all_pairs_and_measures() -> None:
    values = table([1, 2, 3, 4], [2, 3, 4, 5.5], [8, 9, 10, 12])
    values["other"] = np.arange(12) % 4
    holm = compare_values(values, ["a", "b", "c"], ["value", "other"], QUICK)
    assert len(holm.pairs) == 6
    order = holm.pairs["p"].to_numpy().argsort(kind="stable")
    steps = np.maximum.accumulate(holm.pairs["p"].to_numpy()[order] * np.arange(6, 0, -1))
    assert holm.pairs["p_adjusted"].to_numpy()[order] == pytest.approx(np.minimum(steps, 1))
    rate = compare_values(values, ["a", "b", "c"], ["value", "other"], Settings(adjust="bh", resamples=100))
    assert (rate.pairs["p_adjusted"] <= holm.pairs["p_adjusted"] + 1e-9).all()


def test_missing_values_are_left_out_and_too_few_are_told() -> None:
    found = compare_values(table([1, 2, np.nan], [np.nan, np.nan, 4]), ["a", "b"], ["value"], QUICK)
    assert np.isnan(found.pairs["p"][0])
    assert found.levels["n"].tolist() == [2, 1]
    assert "too few for a test" in found.warnings[0]


def test_equal_values_are_no_difference() -> None:
    assert pair(table([0, 0, 0, 0], [0, 0, 0, 0]))["p"] == 1.0
    assert pair(table([0, 0, 0, 0], [1, 1, 1, 1]))["p"] == pytest.approx(2 / 70)


def with_shared_distances(generator: np.random.Generator, reference: int, others: int) -> pd.DataFrame:
    """Mean distance of subjects at random places to the reference subjects other than themselves."""
    count = reference + others
    places = generator.normal(size=(count, 8))
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)[:, :reference]
    np.fill_diagonal(distances, np.nan)
    values = table(*np.split(np.nanmean(distances, axis=1), [reference]))
    return values.assign(reference=values["level"] == "a")


def share_found(reference: int, others: int, corrected: bool) -> float:
    """Share of worlds in which the test alone finds a difference, without effects and intervals."""
    found = 0
    for world in range(WORLDS):
        values = with_shared_distances(np.random.default_rng(world), reference, others)
        values = widened(values, "value") if corrected else values
        samples = [values.loc[values["level"] == level, "value"].to_numpy() for level in "ab"]
        found += permute_subjects(samples, 200, 0).p <= 0.05
    return found / WORLDS


def test_reference_subjects_that_depend_on_each_other_cause_no_false_positives() -> None:
    assert share_found(8, 8, corrected=True) <= MOST
    assert share_found(8, 8, corrected=False) > 0.06  # so the correction is needed


def test_reference_subjects_get_a_larger_spread_around_the_same_mean() -> None:
    values = table([1, 2, 3, 4, 5, 6], [1, 9, 2]).assign(reference=[True] * 6 + [False] * 3)
    wider = widened(values, "value")
    assert wider["value"][:6].mean() == pytest.approx(3.5)
    assert wider["value"][:6].std() == pytest.approx(np.sqrt(2 * 5 / 4) * values["value"][:6].std())
    assert wider["value"][6:].tolist() == [1, 9, 2]
    found = compare_values(values, ["a", "b"], ["value"], QUICK)
    assert found.pairs["median_first"][0] == 3.5  # what is shown stays as it is
    assert found.pairs["difference"][0] == np.median(np.subtract.outer([1, 9, 2], [1, 2, 3, 4, 5, 6]))


def rows_of_sessions(generator: np.random.Generator, shift: float, change: float) -> pd.DataFrame:
    rows = []
    for number in range(12):
        own, level = generator.normal(), "a" if number < 6 else "b"
        for session in range(3):
            value = own + 0.5 * generator.normal() + (shift + change * session) * (level == "b")
            rows.append((f"s{number}", level, str(session), value, str(20 + number % 5)))
    return pd.DataFrame(rows, columns=["subject", "level", "session", "value", "age"])


def test_a_mixed_model_counts_subjects_and_not_sessions() -> None:
    generator = np.random.default_rng(3)
    rows = rows_of_sessions(generator, 3.0, 0.0)
    found = mixed_model(rows, ["a", "b"], "value", by="group").set_index("term")
    of_group = found.loc["group: b - a"]
    assert of_group["dof"] == 10
    assert of_group["low"] < 3 < of_group["high"]
    means = rows.groupby(["level", "subject"])["value"].mean()
    # Without covariates, the model is the t test of the subjects' means.
    spread = np.sqrt((means["a"].var() + means["b"].var()) / 2)
    assert of_group["statistic"] == pytest.approx(
        (means["b"].mean() - means["a"].mean()) / (spread * np.sqrt(1 / 3)), rel=1e-3
    )
    assert found.loc["group × session", "p"] > 0.05
    changing = mixed_model(rows_of_sessions(generator, 0.0, 2.0), ["a", "b"], "value", by="group")
    assert changing.set_index("term").loc["group × session", "p"] < 0.001


def test_a_covariate_that_is_the_group_is_refused() -> None:
    rows = rows_of_sessions(np.random.default_rng(0), 1.0, 0.0)
    rows["room"] = rows["level"].map({"a": "north", "b": "south"})
    with pytest.raises(ValueError, match="room cannot be told apart from group"):
        mixed_model(rows, ["a", "b"], "value", by="group", covariates=["room"])
    rows.loc[3, "age"] = ""
    with pytest.raises(ValueError, match="has no age; fill in this column"):
        mixed_model(rows, ["a", "b"], "value", by="group", covariates=["age"])


def test_the_interval_holds_the_difference_in_95_percent_of_studies() -> None:
    generator = np.random.default_rng(0)
    for sizes in ((4, 4), (8, 8), (5, 10)):
        held = 0
        for _ in range(1000):
            a, b = (generator.gamma(4, 1, size) for size in sizes)
            low, high = exact_shift_interval(a, b + 1)
            held += low <= 1 <= high
        assert held / 1000 >= 0.93, sizes
    changes = [exact_change_interval(generator.normal(size=8) + 1) for _ in range(1000)]
    assert np.mean([low <= 1 <= high for low, high in changes]) >= 0.93


def test_the_interval_agrees_with_the_test() -> None:
    generator = np.random.default_rng(1)
    for _ in range(50):
        a, b = generator.normal(size=6), generator.normal(size=7) + 1
        low, high = exact_shift_interval(a, b)
        p = mannwhitneyu(a, b, method="exact").pvalue
        assert (low <= 0 <= high) == (p > 0.05)
        low, high = exact_change_interval(b)
        assert (low <= 0 <= high) == (wilcoxon(b, method="exact").pvalue > 0.05)
    assert np.isnan(exact_shift_interval(np.arange(3.0), np.arange(3.0))).all()  # no interval holds 95%
    assert np.isnan(exact_change_interval(np.arange(5.0))).all()


def test_a_model_without_values_in_a_level_is_refused() -> None:
    rows = rows_of_sessions(np.random.default_rng(0), 1.0, 0.0)
    rows.loc[rows["level"] == "a", "value"] = np.nan
    with pytest.raises(ValueError, match="value: no subject with group = a has a value"):
        mixed_model(rows, ["a", "b"], "value", by="group")
