"""Properties that go together with what is compared: they threaten every conclusion about it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from napari_ubam.analysis.groups.labels import value_of
from napari_ubam.analysis.groups.permutation import permute_subjects, permute_within
from napari_ubam.analysis.groups.words import p_text
from napari_ubam.study import Study
from napari_ubam.study.values import listed

from .properties import BRIGHTNESS, Property, properties_of

ALPHA = 0.05
PERMUTATIONS = 2000
ENOUGH = 3  # subjects in each group
SLIGHT = 5.0  # grey levels, as in the check of a study


def threats(
    study: Study,
    by: str = "group",
    *,
    where: str = "",
    brightness: Mapping[str, float] | None = None,
) -> list[str]:
    """Tell what else differs between the values of a column that are compared.

    Parameters
    ----------
    study : Study
    by : str
        Column of the study whose values are compared.
    where : str
        Filter of the recordings; empty for all.
    brightness : mapping of str to float, optional
        Brightness of recordings, such as `napari_ubam.analysis.confounds.measure_brightness` gives.

    Returns
    -------
    list of str
        A sentence for each property that tells the groups apart, or that goes together with them by a
        permutation test of subjects. Empty if there is none, or if nothing is compared.
    """
    chosen = study.select(where) if where.strip() else study
    levels = {one.name: value_of(one, by) for one in chosen}
    so = f"so what differs by {by} may come from "
    properties = properties_of(chosen, by, brightness)
    if by == "session":  # sessions are on different days
        properties = [one for one in properties if not one.date]
    return _sentences(chosen, levels, properties, _Words(by, f"with {by} = ", so))


def threats_to_reference(
    study: Study,
    reference: Sequence[str],
    chosen_by: str = "",
    *,
    brightness: Mapping[str, float] | None = None,
) -> list[str]:
    """Tell what else differs between the reference and the other recordings.

    Parameters
    ----------
    study : Study
    reference : sequence of str
        Names of the reference recordings.
    chosen_by : str
        Filter that chose them. The columns that it names differ by choice, and are left out.
    brightness : mapping of str to float, optional
        Brightness of recordings.

    Returns
    -------
    list of str
        As `threats` gives them.
    """
    names, asked = set(reference), set(re.findall(r"\w+", chosen_by))
    levels = {one.name: "reference" if one.name in names else "others" for one in study}
    properties = [one for one in properties_of(study, "", brightness) if one.name not in asked]
    if "session" in asked:
        properties = [one for one in properties if not one.date]
    if "group" not in asked:  # a baseline of all groups, for example
        properties = [one for one in properties if one.name != "group"]
    words = _Words("the reference", "in the ", "so a deviation from the reference may come from ")
    return _sentences(study, levels, properties, words)


@dataclass(frozen=True)
class _Words:
    """Names what is compared, a level of it, and what follows."""

    by: str
    level: str
    so: str


def _sentences(
    study: Study, levels: Mapping[str, str], properties: Sequence[Property], words: _Words
) -> list[str]:
    known = {name: level for name, level in levels.items() if level}
    found = []
    for one in properties:
        rows = _rows(study, known, one)
        if rows["level"].nunique() < 2 or rows["value"].nunique() < 2:
            continue
        found.append(_number(rows, one, words) if one.numeric else _names(rows, one.name, words))
    return [said for said in found if said]


def _rows(study: Study, levels: Mapping[str, str], one: Property) -> pd.DataFrame:
    """Give a row for each subject and level; of names, one for each value."""
    table = pd.DataFrame(
        [
            (recording.subject, levels[recording.name], one.values[recording.name])
            for recording in study
            if recording.name in levels and recording.name in one.values
        ],
        columns=["subject", "level", "value"],
    )
    if one.numeric:
        return table.groupby(["subject", "level"], sort=False)["value"].mean().reset_index()
    return table.drop_duplicates(ignore_index=True)


def _names(rows: pd.DataFrame, name: str, words: _Words) -> str:
    of = {str(level): set(own["value"]) for level, own in rows.groupby("level", sort=False)}
    subjects = rows["subject"].nunique()
    if rows["value"].nunique() > max(subjects / 2, len(of)):
        return ""  # nearly each subject has its own value, so it cannot go together with anything
    if _apart(of):
        pairs = ", ".join(f"{level}: {listed(sorted(own), 4)}" for level, own in of.items())
        return f"{name} goes wholly together with {words.by} ({pairs}), {words.so}{name}."
    if rows["subject"].duplicated().any():
        return ""
    p = _association(rows)
    if p > ALPHA:
        return ""
    counts = Counter(zip(rows["level"], rows["value"], strict=True))
    sizes = rows["level"].value_counts()
    common = rows["value"].value_counts().index[0]
    shares = ", ".join(f"{counts[level, common]} of {sizes[level]} {words.level}{level}" for level in of)
    return (
        f"{name} goes together with {words.by} ({name} = {common}: {shares}; {p_text(p)}), {words.so}{name}."
    )


def _apart(of: Mapping[str, set[object]]) -> bool:
    """Whether no value occurs in two levels."""
    return sum(map(len, of.values())) == len(set().union(*of.values()))


def _association(rows: pd.DataFrame) -> float:
    """Test by chi squared and permutation of subjects."""
    levels, values = (pd.factorize(rows[name])[0] for name in ("level", "value"))
    generator = np.random.default_rng(0)
    shape = levels.max() + 1, values.max() + 1

    def statistic(order: np.ndarray) -> float:
        counts = np.zeros(shape)
        np.add.at(counts, (levels, values[order]), 1)
        usual = counts.sum(1, keepdims=True) * counts.sum(0) / len(rows)
        return float(((counts - usual) ** 2 / usual).sum())

    true = statistic(np.arange(len(rows)))
    found = [statistic(generator.permutation(len(rows))) >= true - 1e-9 for _ in range(PERMUTATIONS)]
    return (1 + sum(found)) / (1 + PERMUTATIONS)


def _number(rows: pd.DataFrame, one: Property, words: _Words) -> str:
    means = rows.groupby("level", sort=False)["value"].mean().sort_values()
    wide = rows.pivot(index="subject", columns="level", values="value")
    low, high = str(means.index[0]), str(means.index[-1])
    complete = wide.dropna()
    if rows["subject"].duplicated().any():  # conditions of the same subjects
        if len(complete) < 2:
            return ""
        p = permute_within([complete[level].to_numpy(float) for level in wide], PERMUTATIONS, 0).p
        apart = bool((complete[high] > complete[low]).all())
    else:
        samples = [wide[level].dropna().to_numpy(float) for level in wide]
        enough = min(map(len, samples)) > 1
        p = permute_subjects(samples, PERMUTATIONS, 0).p if enough else 1.0
        apart = bool(wide[low].max() < wide[high].min())
    few = min(wide[level].count() for level in wide) < ENOUGH  # so few are apart by chance
    slight = one.name == BRIGHTNESS and means.iloc[-1] - means.iloc[0] < SLIGHT
    if slight or (p > ALPHA and (few or not apart)):
        return ""
    how = "in all subjects" if apart else "on average"
    first, last = f"{words.level}{low}", f"{words.level}{high}"
    if one.date:
        return (
            f"Recordings {last} were made later than those {first} {how} ({p_text(p)}), {words.so}{one.name}."
        )
    spans = " against ".join(f"{wide[level].min():.4g} to {wide[level].max():.4g}" for level in (high, low))
    return f"{one.name} is higher {last} than {first} {how} ({spans}; {p_text(p)}), {words.so}{one.name}."
