"""Compares levels such as groups: all pairs, all of them at once, and an adjustment for what was asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from . import effects
from .permutation import Tested, permute_subjects, permute_within

Floats = npt.NDArray[np.float64]
Adjust = Literal["holm", "bh"]

METHODS: dict[str, str] = {"holm": "holm", "bh": "fdr_bh"}
ADJUSTED_BY: dict[str, str] = {"holm": "Holm", "bh": "Benjamini and Hochberg"}


@dataclass(frozen=True)
class Settings:
    """How levels are compared.

    Parameters
    ----------
    paired : bool
        Whether the levels are conditions of the same subjects.
    adjust : str
        ``"holm"`` or ``"bh"`` (Benjamini and Hochberg).
    permutations : int
        Number of arrangements that are counted. If there are more, this many are drawn at random.
    resamples : int
        Number of samples of the bootstrap of the median of each group.
    seed : int
    """

    paired: bool = False
    adjust: Adjust = "holm"
    permutations: int = 20_000
    resamples: int = 5000
    seed: int = 0


@dataclass(frozen=True)
class Comparison:
    """Levels compared.

    Parameters
    ----------
    pairs : DataFrame
        One row for each measure and pair of levels: ``measure, first, second, n_first, n_second,
        median_first, median_second, difference`` (second minus first), ``low, high`` (its 95% interval),
        ``delta, p, p_adjusted, smallest_p, arrangements, exact, spread`` (standard deviation within
        groups) and ``detectable`` (difference that is found in 80% of such studies, in units of the spread).
    overall : DataFrame
        With three or more levels, one row for each measure: ``measure, levels, n, p, p_adjusted, smallest_p,
        arrangements, exact``. Else empty.
    levels : DataFrame
        One row for each measure and level: ``measure, level, n, median, low, high``, with the 95% interval of
        the median.
    warnings : tuple of str
        Sentences for the user.
    """

    pairs: pd.DataFrame
    overall: pd.DataFrame
    levels: pd.DataFrame
    warnings: tuple[str, ...] = field(default=())


def compare_values(
    values: pd.DataFrame,
    levels: Sequence[str],
    measures: Sequence[str],
    settings: Settings | None = None,
    check: Callable[[], None] = lambda: None,
) -> Comparison:
    """Compare levels of subjects by permutation.

    Parameters
    ----------
    values : DataFrame
        One row for each subject and level: ``subject``, ``level`` and the measures, and optionally
        ``reference`` (bool); see `widened`. NaN is left out.
    levels : sequence of str
        Levels to compare, at least two. In each pair, the earlier one is subtracted from the later one.
    measures : sequence of str
        Columns to compare.
    settings : Settings, optional
    check : callable
        Called before each test; may raise `napari_ubam.progress.Cancelled`.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        If a subject has two rows in a level, or is in two levels that are not paired.
    """
    chosen, settings = values[values["level"].isin(levels)], settings or Settings()
    _check_unit(chosen, settings.paired)
    pairs: list[dict[str, Any]] = []
    overall: list[dict[str, Any]] = []
    each: list[dict[str, Any]] = []
    for measure in measures:
        wide, tested = (
            one.pivot(index="subject", columns="level", values=measure).reindex(columns=list(levels))
            for one in (chosen, chosen if settings.paired else widened(chosen, measure))
        )
        for level in levels:
            each.append(_level(wide[level].dropna().to_numpy(float), measure, level, settings))
        if len(levels) > 2:
            check()
            overall.append(_overall(tested, measure, settings))
        for first, second in combinations(levels, 2):
            check()
            pairs.append(_pair(wide[[first, second]], tested[[first, second]], measure, settings))
    found, all_at_once = pd.DataFrame(pairs), pd.DataFrame(overall)
    for table in (found, all_at_once):
        if len(table):
            place = list(table.columns).index("p") + 1
            table.insert(place, "p_adjusted", adjusted(table["p"], settings.adjust))
    return Comparison(found, all_at_once, pd.DataFrame(each), tuple(_warnings(found)))


def widened(values: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Give reference subjects the spread that they would have if they were independent.

    Each reference subject is scored against the other ones. Two of them share their distance, and a subject
    that is far from all moves the others towards itself: with n reference subjects, their values have a
    smaller spread than their mean would have in another sample. Without a correction, up to one test in
    six finds a difference where there is none. If each pair of n reference subjects has a distance of its
    own, their mean has the variance 2 / (n (n - 1)) of a distance, and the values have (n - 2) / (n - 1)^2,
    since two values share a distance: the spread is too small by the square root of 2 (n - 1) / (n - 2). If
    one subject is far from all, it loses 1 / (n - 1) of its distance. The larger of both factors is used.
    This is an approximation: see ``python benchmarks/statistics groups``.

    Parameters
    ----------
    values : DataFrame
        One row for each subject and level. The column ``reference`` tells the reference subjects; without it
        nothing changes.
    measure : str
        Column that is changed.

    Returns
    -------
    DataFrame
        Values of reference subjects at a larger distance from their mean, which stays.
    """
    if "reference" not in values or not values["reference"].any():
        return values
    rows = values["reference"].astype(bool)
    known = values.loc[rows, measure]
    count = max(values.loc[rows, "subject"].nunique(), 3)
    factor = max(np.sqrt(2 * (count - 1) / (count - 2)), (count - 1) / (count - 2))
    mean = known.groupby(values.loc[rows, "level"]).transform("mean")
    return values.assign(**{measure: values[measure].where(~rows, mean + factor * (known - mean))})


def adjusted(p: pd.Series, method: str) -> npt.NDArray[np.float64]:
    """Adjust p-values for their number.

    Parameters
    ----------
    p : Series of float
        NaN is left out.
    method : str
        ``"holm"`` or ``"bh"``.

    Returns
    -------
    ndarray of float, shape (n,)
    """
    from statsmodels.stats.multitest import multipletests  # it takes a second to load

    values = p.to_numpy(float)
    asked, result = np.isfinite(values), np.full(len(values), np.nan)
    if asked.any():
        result[asked] = multipletests(values[asked], method=METHODS[method])[1]
    return result


def _check_unit(values: pd.DataFrame, paired: bool) -> None:
    keys = ["subject", "level"] if paired else ["subject"]
    twice = values[values.duplicated(keys)]
    if len(twice):
        raise ValueError(
            f"{twice['subject'].iloc[0]} has more than one row; average its recordings, since the subject is "
            "the unit."
        )


def _level(known: Floats, measure: str, level: str, settings: Settings) -> dict[str, Any]:
    low, high = effects.median_interval(known, settings.resamples, settings.seed)
    median = float(np.median(known)) if len(known) else float("nan")
    return {"measure": measure, "level": level, "n": len(known), "median": median, "low": low, "high": high}


def _overall(wide: pd.DataFrame, measure: str, settings: Settings) -> dict[str, Any]:
    samples, count = _samples(wide, settings.paired)
    enough = min(map(len, samples)) >= 2
    test = permute_within if settings.paired else permute_subjects
    found = test(samples, settings.permutations, settings.seed) if enough else None
    return {"measure": measure, "levels": ", ".join(map(str, wide.columns)), "n": count, **_facts(found)}


def _pair(wide: pd.DataFrame, tested: pd.DataFrame, measure: str, settings: Settings) -> dict[str, Any]:
    (first, second), _ = _samples(wide, settings.paired)
    (a, b), _ = _samples(tested, settings.paired)
    row: dict[str, Any] = {"measure": measure}
    row |= {"first": wide.columns[0], "second": wide.columns[1], "n_first": len(a), "n_second": len(b)}
    if min(len(a), len(b)) < 2:
        nothing = dict.fromkeys(_NUMBERS, np.nan)
        return {**row, **nothing, **_facts(None), "spread": np.nan, "detectable": np.nan}
    if settings.paired:
        found = permute_within((a, b), settings.permutations, settings.seed)
        difference = float(effects.change(b - a))
        interval = effects.exact_change_interval(b - a)
        delta, spread = float(np.sign(b - a).mean()), effects.spread_of(b - a)
    else:
        found = permute_subjects((a, b), settings.permutations, settings.seed)
        difference = float(effects.shift(first, second))
        interval = effects.exact_shift_interval(a, b)
        delta, spread = effects.cliffs_delta(first, second), effects.spread_of(a, b)
    sizes = (len(a),) if settings.paired else (len(a), len(b))
    numbers = (float(np.median(first)), float(np.median(second)), difference, *interval, delta)
    return {
        **row,
        **dict(zip(_NUMBERS, numbers, strict=True)),
        **_facts(found),
        "spread": spread,
        "detectable": effects.found_in_most(sizes, found.smallest_p),
    }


_NUMBERS = ("median_first", "median_second", "difference", "low", "high", "delta")


def _samples(wide: pd.DataFrame, paired: bool) -> tuple[list[Floats], int]:
    """Values of each level, and the number of subjects; if paired, only of subjects with all levels."""
    known = wide.dropna() if paired else wide
    return [known[level].dropna().to_numpy(float) for level in wide.columns], len(known.dropna(how="all"))


def _facts(found: Tested | None) -> dict[str, Any]:
    if found is None:
        return {"p": np.nan, "smallest_p": np.nan, "arrangements": 0, "exact": False}
    return {
        "p": found.p,
        "smallest_p": found.smallest_p,
        "arrangements": found.arrangements,
        "exact": found.exact,
    }


def _warnings(pairs: pd.DataFrame) -> list[str]:
    said = []
    small = pairs[pairs["smallest_p"] > effects.LEVEL]
    for row in small.drop_duplicates(["first", "second"]).itertuples():
        said.append(
            f"{row.first} and {row.second}: with {row.n_first} and {row.n_second} subjects p cannot be less "
            f"than {row.smallest_p:.3f}, however large the difference is; add subjects."
        )
    few = pairs[pairs["p"].isna()]
    for row in few.itertuples():
        said.append(
            f"{row.measure}: {row.first} and {row.second} have {row.n_first} and {row.n_second} subjects "
            "with a value, too few for a test."
        )
    return said
