"""Whether `compare` finds what is there, and nothing where nothing is.

``python benchmarks/statistics groups [--worlds 200]`` prints

- how often groups of subjects that do not differ are found to differ at p < 0.05. Their codes are generated,
  scored by `deviation` against one of the groups, and compared, so the values of the reference subjects
  depend on each other as in a study; and the same for distances between subjects of several kinds;
- the same for tests of subjects that do not depend on each other: three groups, sign flips, mixed models;
- how often groups with a planted difference are found;
- how often the 95% interval holds the true difference, and how often a difference of the size that is told
  to be found in 80% of studies is found.

Subjects of the generator have an offset of their own from common postures, with a length that differs
between them (gamma distribution, shape 2), a spread of their own (gamma, shape 8), and frames that are drawn
at random. An impaired subject moves a third of its frames in one direction. Values without scoring are
skewed (gamma, shape 4), and those of sessions of a subject are correlated by 0.5.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from _common import print_table
from _shares import by_chance, percent

from napari_ubam.analysis import Codes, deviation, episodes, score_table
from napari_ubam.analysis.groups import compare_values, mixed_model, session_values, subject_values
from napari_ubam.analysis.groups.comparison import Settings, widened
from napari_ubam.analysis.groups.effects import exact_shift_interval
from napari_ubam.analysis.groups.permutation import permute_subjects

FRAMES, SIZE, POSTURES = 45, 8, 6
NEAREST = 5  # subjects: ten frames, of at most two of each subject
KINDS = ("places in a plane", "8 dimensions", "8 dimensions, some far off", "each pair its own")
FAST = Settings(permutations=500, resamples=2)  # intervals are not looked at
REFERENCE, OTHERS = "healthy", "impaired"


def codes_of(generator: np.random.Generator, counts: Sequence[int], shift: float = 0.0) -> list[Codes]:
    """Generate codes of subjects; ``shift`` moves a third of the frames of the impaired ones."""
    postures = generator.normal(size=(POSTURES, SIZE))
    direction = generator.normal(size=SIZE)
    direction /= np.linalg.norm(direction)
    found = []
    for number in range(sum(counts)):
        own = 0.3 * generator.normal(size=SIZE) * generator.gamma(2, 0.5)
        noise = 0.3 * generator.gamma(8, 1 / 8) * generator.normal(size=(FRAMES, SIZE))
        codes = postures[generator.integers(0, POSTURES, FRAMES)] + own + noise
        group = REFERENCE if number < counts[0] else OTHERS
        if group == OTHERS:
            start = generator.integers(0, 2 * FRAMES // 3)
            codes[start : start + FRAMES // 3] += shift * direction
        codes = codes.astype(np.float32)
        times, frames = np.arange(FRAMES) / 30, np.arange(FRAMES)
        valid = np.ones(FRAMES, bool)
        found.append(Codes(f"r{number}", f"s{number}", group, "0", codes, codes, times, frames, valid))
    return found


def scored_values(codes: Sequence[Codes]) -> pd.DataFrame:
    """Score subjects against the healthy ones, and give one row for each."""
    reference = [one.name for one in codes if one.group == REFERENCE]
    result = deviation(codes, reference)
    bouts = [
        episodes(one.episodic_percentile, one.times, frames=one.frames).assign(recording=one.name)
        for one in result.recordings
    ]
    rows = [(one.name, one.subject, one.group, one.session, one.name in reference) for one in codes]
    labels = pd.DataFrame(rows, columns=["recording", "subject", "level", "session", "reference"])
    return subject_values(session_values(score_table(result), pd.concat(bouts), labels))


def table_of(samples: Sequence[np.ndarray], *, same_subjects: bool = False) -> pd.DataFrame:
    """Put values of levels into a table of subjects."""
    rows = [
        (f"s{row}" if same_subjects else f"s{level}-{row}", f"level{level}", value)
        for level, sample in enumerate(samples)
        for row, value in enumerate(sample)
    ]
    return pd.DataFrame(rows, columns=["subject", "level", "value"])


def skewed(generator: np.random.Generator, count: int) -> np.ndarray:
    """Draw values of subjects with mean 0 and standard deviation 1."""
    return (generator.gamma(4, 1, count) - 4) / 2


def found_with_reference(worlds: int, seed: int, counts: Sequence[int], shift: float) -> dict[str, float]:
    """Share of worlds in which the groups differ at p < 0.05, by measure, before and after adjustment."""
    found: dict[str, list[bool]] = {"episodic": [], "constant": [], "either, adjusted": [], "uncorrected": []}
    for world in range(worlds):
        values = scored_values(codes_of(np.random.default_rng([seed, world, *counts]), counts, shift))
        pairs = compare_values(values, [REFERENCE, OTHERS], ["episodic", "constant"], FAST).pairs
        plain = compare_values(values.drop(columns="reference"), [REFERENCE, OTHERS], ["constant"], FAST)
        by_measure = pairs.set_index("measure")
        for measure in ("episodic", "constant"):
            found[measure].append(by_measure.loc[measure, "p"] <= 0.05)
        found["either, adjusted"].append(pairs["p_adjusted"].min() <= 0.05)
        found["uncorrected"].append(plain.pairs["p"][0] <= 0.05)
    return {name: float(np.mean(each)) for name, each in found.items()}


def distances_of(generator: np.random.Generator, kind: str, count: int) -> np.ndarray:
    """Draw the distances between subjects that do not differ."""
    if kind == "each pair its own":
        noise = np.triu(generator.normal(size=(count, count)), 1)
        return 5 + noise + noise.T
    places = generator.normal(size=(count, 2 if kind == "places in a plane" else 8))
    if kind == "8 dimensions, some far off":
        places *= generator.gamma(2, 0.5, (count, 1))
    return np.linalg.norm(places[:, None] - places[None], axis=2)


def values_of_distances(distances: np.ndarray, reference: int) -> pd.DataFrame:
    """Score subjects by the five nearest reference subjects, as `deviation` does for frames."""

    def mean(row: np.ndarray, without: int) -> float:
        return float(np.sort(np.delete(row[:reference], without))[:NEAREST].mean())

    values = [
        mean(row, number) if number < reference else np.mean([mean(row, one) for one in range(reference)])
        for number, row in enumerate(distances)
    ]
    table = table_of([np.array(values[:reference]), np.array(values[reference:])])
    return table.assign(reference=table["level"] == "level0")


def found_by_distances(worlds: int, seed: int, kind: str, counts: Sequence[int]) -> tuple[float, float]:
    """Share of worlds in which groups differ at p < 0.05, with the correction for a reference and without."""
    found = np.zeros(2)
    for world in range(worlds):
        generator = np.random.default_rng([seed, world, *counts])
        values = values_of_distances(distances_of(generator, kind, sum(counts)), counts[0])
        for place, table in enumerate((widened(values, "value"), values)):
            samples = [part["value"].to_numpy() for _, part in table.groupby("level")]
            found[place] += permute_subjects(samples, 500, seed).p <= 0.05
    return float(found[0] / worlds), float(found[1] / worlds)


def share(worlds: int, seed: int, is_found: Callable[[np.random.Generator], bool]) -> float:
    """Share of worlds in which something is found."""
    return float(np.mean([is_found(np.random.default_rng([seed, world])) for world in range(worlds)]))


def two_groups(count: int, other: int, shift: float = 0.0) -> Callable[[np.random.Generator], bool]:
    """Compare two groups that do not depend on each other."""

    def is_found(generator: np.random.Generator) -> bool:
        table = table_of([skewed(generator, count), skewed(generator, other) + shift])
        return bool(compare_values(table, ["level0", "level1"], ["value"], FAST).pairs["p"][0] <= 0.05)

    return is_found


def three_groups(generator: np.random.Generator) -> bool:
    """Compare three groups of six at once."""
    table = table_of([skewed(generator, 6) for _ in range(3)])
    found = compare_values(table, ["level0", "level1", "level2"], ["value"], FAST)
    return bool(found.overall["p"][0] <= 0.05)


def paired(generator: np.random.Generator) -> bool:
    """Compare two conditions of eight subjects."""
    own = skewed(generator, 8)
    table = table_of([own + skewed(generator, 8) for _ in range(2)], same_subjects=True)
    settings = Settings(paired=True, permutations=500, resamples=2)
    return bool(compare_values(table, ["level0", "level1"], ["value"], settings).pairs["p"][0] <= 0.05)


def repeated(term: str) -> Callable[[np.random.Generator], bool]:
    """Fit a mixed model to two groups of six with three sessions and a covariate."""

    def is_found(generator: np.random.Generator) -> bool:
        rows = []
        for number in range(12):
            own, age = skewed(generator, 1)[0], generator.integers(10, 30)
            for session in "012":
                value = own + skewed(generator, 1)[0]
                rows.append((f"s{number}", "a" if number < 6 else "b", session, str(age), value))
        table = pd.DataFrame(rows, columns=["subject", "level", "session", "age", "value"])
        found = mixed_model(table, ["a", "b"], "value", by="group", covariates=["age"])
        return bool(found.set_index("term").loc[term, "p"] <= 0.05)

    return is_found


def covers(count: int) -> Callable[[np.random.Generator], bool]:
    """Tell whether the interval holds a true difference of 1."""

    def is_inside(generator: np.random.Generator) -> bool:
        low, high = exact_shift_interval(skewed(generator, count), skewed(generator, count) + 1)
        return bool(low <= 1 <= high)

    return is_inside


def main(worlds: int, seed: int) -> None:
    """Print all tables."""
    limit = by_chance(worlds)
    names = ["episodic", "constant", "either, adjusted", "uncorrected"]
    rows = []
    for counts in ((8, 8), (8, 4), (5, 5), (5, 8)):
        found = found_with_reference(worlds, seed, counts, 0.0)
        rows.append([f"{counts[0]} and {counts[1]}", *(percent(found[name]) for name in names)])
        print(*rows[-1], file=sys.stderr)
    header = ["reference and others", "episodic", "constant", "either, adjusted", "constant, uncorrected"]
    print_table(f"False positives, reference against others ({worlds} worlds; {limit})", header, rows)
    rows = []
    for kind in KINDS:
        cells = [found_by_distances(worlds, seed, kind, counts) for counts in ((8, 8), (8, 4), (5, 8))]
        rows.append([kind, *(f"{percent(with_it)} / {percent(without)}" for with_it, without in cells)])
    header = ["distances between subjects", "8 and 8", "8 and 4", "5 and 8"]
    print_table(f"False positives by distances, corrected / uncorrected ({limit})", header, rows)
    tests: dict[str, Callable[[np.random.Generator], bool]] = {
        "two groups, 8 and 8": two_groups(8, 8),
        "two groups, 5 and 10": two_groups(5, 10),
        "three groups of 6, all at once": three_groups,
        "sign flips, 8 subjects": paired,
        "mixed model, group, 6 and 6, 3 sessions": repeated("group: b - a"),
        "mixed model, group × session": repeated("group × session"),
        "mixed model, covariate": repeated("age"),
    }
    rows = [[name, percent(share(worlds, seed, test))] for name, test in tests.items()]
    print_table(
        f"False positives, subjects that do not depend on each other ({limit})", ["test", "found"], rows
    )
    rows = []
    for shift in (1.5, 3.0, 4.5):
        found = found_with_reference(worlds // 2, seed + 1, (8, 8), shift)
        rows.append([f"{shift:.1f}", *(percent(found[name]) for name in names[:3])])
    header = ["shift of a third of the frames", *names[:3]]
    print_table(f"Found, 8 reference and 8 impaired subjects ({worlds // 2} worlds)", header, rows)
    rows = []
    for count in (4, 8, 16):
        one = table_of([skewed(np.random.default_rng(0), count), skewed(np.random.default_rng(1), count)])
        told = float(compare_values(one, ["level0", "level1"], ["value"], FAST).pairs["detectable"][0])
        reached = share(worlds, seed, two_groups(count, count, told))
        rows.append(
            [
                f"{count} and {count}",
                percent(share(10 * worlds, seed, covers(count))),
                f"{told:.2f}",
                percent(reached),
            ]
        )
    header = ["subjects", "interval holds the difference", "told to be found in 80%", "found"]
    print_table(f"Intervals ({10 * worlds} worlds) and power ({worlds} worlds)", header, rows)
