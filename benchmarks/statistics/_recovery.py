"""Whether `recovery` declares equivalence only where it is, and follows a severity that is known.

``python benchmarks/statistics recovery [--worlds 200]`` prints

- how often a group is declared equivalent where the mean loss is the margin itself, for losses of a known
  skewness, and how often where there is no loss;
- how often a group is declared equivalent to its baseline although its true mean change is as large as the
  margin, for a margin that is given and for one that is derived from the baseline; and what Student's t alone
  would do;
- what is decided for groups that have fully recovered;
- how well the curve over sessions follows the planted severity;
- the overlap along a discriminant of sessions that do not differ, with and without the published leak.

Subjects of the generator walk in a circle of postures with a style, a light and a camera of the day. After
the lesion a part of the frames moves in one direction, by the severity of the session times a sensitivity
that differs between subjects (gamma distribution, shape 4), so the losses are skewed. All similarities are
those of the product. A pool of subjects is the population; studies are drawn from it, so that the true mean
change is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from _common import print_table
from _shares import by_chance, percent
from scipy.stats import spearmanr, ttest_1samp

from napari_ubam.analysis import Codes
from napari_ubam.analysis.recovery import equivalence, overlaps, own_margin, session_table, similarities

SIZE, FRAMES, RATE = 10, 240, 30
MARGIN = 10.0  # in standard deviations of the losses: so the other edge does not matter
SEVERITIES = {"-2": 0.0, "-1": 0.0, "0": 0.0, "1": 1.2, "3": 0.9, "7": 0.6, "14": 0.4, "28": 0.2, "56": 0.0}
BASELINES = {"one session": ("0",), "two sessions": ("-1", "0"), "three sessions": ("-2", "-1", "0")}
COUNTS = (4, 6, 8, 12)
EDGE = ("1", "7", "28")
LOSSES: Mapping[str, tuple[float, Callable[[np.random.Generator, int], np.ndarray]]] = {
    "normal": (0.0, lambda generator, count: generator.normal(size=count)),
    "gamma, shape 4": (1.0, lambda generator, count: (generator.gamma(4, 1, count) - 4) / 2),
    "exponential": (2.0, lambda generator, count: generator.exponential(size=count) - 1),
    "gamma, shape 1/2": (2.8, lambda generator, count: (generator.gamma(0.5, 1, count) - 0.5) * np.sqrt(2)),
    "one subject in ten": (2.6, lambda generator, count: _rare(generator, count)),
}
"""Losses with mean 0 and standard deviation 1, with their skewness."""


def _rare(generator: np.random.Generator, count: int) -> np.ndarray:
    """Draw losses of which only one subject in ten has any; the others differ by noise."""
    loss = (generator.random(count) < 0.1) - 0.1 + 0.05 * generator.normal(size=count)
    return loss / np.sqrt(0.09 + 0.05**2)


def subject_codes(
    generator: np.random.Generator,
    name: str,
    severities: Mapping[str, float],
    day: float = 0.04,
    frames: int = FRAMES,
) -> list[Codes]:
    """Generate a recording in each session; ``day`` is how much days differ."""
    style, sensitivity = 0.2 * generator.normal(size=SIZE), generator.gamma(4, 0.25)
    direction = np.concatenate([np.zeros(SIZE - 3), np.full(3, 1 / np.sqrt(3))])
    found = []
    for session, severity in severities.items():
        phase = generator.uniform(0, 2 * np.pi) + np.cumsum(generator.normal(0.4, 0.15, frames))
        codes = np.zeros((frames, SIZE))
        codes[:, 0], codes[:, 1] = np.cos(phase), np.sin(phase)
        codes += style + day * generator.normal(size=SIZE) + 0.15 * generator.normal(size=(frames, SIZE))
        codes[(np.arange(frames) // 20) % 2 == 0] += severity * sensitivity * direction
        codes = codes.astype(np.float32)
        times, valid = np.arange(frames) / RATE, np.ones(frames, bool)
        found.append(
            Codes(f"{name}-{session}", name, "lesion", session, codes, codes, times, np.arange(frames), valid)
        )
    return found


def followed(codes: Sequence[Codes], baseline: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the stretches and the sessions of each subject."""
    order = [one for one in SEVERITIES if one in baseline or float(one) > 0]
    sessions = {one.name: one.session for one in codes if one.session in order}
    stretches = similarities(codes, sessions, order, baseline).stretches
    return stretches, session_table(stretches, order)


def of_known_skew(worlds: int, seed: int) -> None:
    """Print how often losses of a known skewness, with the margin as their mean, are called equivalent."""
    rows = []
    for name, (skew, draw) in LOSSES.items():
        cells = []
        for count in COUNTS:
            generator = np.random.default_rng([seed, count])
            changes = [-MARGIN - draw(generator, count) for _ in range(worlds)]
            own = np.mean([equivalence(one, MARGIN).state == "recovered" for one in changes])
            alone = np.mean(
                [ttest_1samp(one, -MARGIN, alternative="greater").pvalue < 0.05 for one in changes]
            )
            cells.append(f"{percent(float(own))} / {percent(float(alone))}")
        rows.append([name, f"{skew:g}", *cells])
    header = ["losses", "skewness", *(f"{count} subjects" for count in COUNTS)]
    title = f"Declared equivalent at the edge of the margin, product / t alone ({worlds} studies"
    print_table(f"{title}; {by_chance(worlds)})", header, rows)


def told_of_none(worlds: int, seed: int) -> None:
    """Print how often groups without any change are called equivalent, by margin."""
    rows = []
    for margin in (1.0, 1.5, 2.0, 3.0):
        cells = []
        for count in COUNTS:
            generator = np.random.default_rng([seed, count])
            drawn = [equivalence(generator.normal(size=count), margin) for _ in range(worlds)]
            cells.append(percent(float(np.mean([one.state == "recovered" for one in drawn]))))
        rows.append([f"{margin:g}", *cells])
    header = ["margin (standard deviations of subjects)", *(f"{count} subjects" for count in COUNTS)]
    print_table(f"Groups without a change that are called equivalent ({worlds} studies)", header, rows)


def at_the_edge(
    changes: np.ndarray, margin: float, count: int, studies: int, seed: int
) -> tuple[float, float]:
    """Share of studies that find equivalence where the mean is -margin: of the product, and of t alone."""
    moved = changes - changes.mean() - margin
    found = np.zeros(2)
    for study in range(studies):
        drawn = np.random.default_rng([seed, study, count]).choice(moved, count)
        found[0] += equivalence(drawn, margin).state == "recovered"
        two = (
            ttest_1samp(drawn, edge, alternative=side).pvalue
            for edge, side in ((-margin, "greater"), (margin, "less"))
        )
        found[1] += max(two) < 0.05
    return float(found[0] / studies), float(found[1] / studies)


class Drawn:
    """Studies drawn from a pool, with the margin that each derives from its own baseline."""

    def __init__(self, stretches: pd.DataFrame, table: pd.DataFrame) -> None:
        self._parts = dict(iter(stretches[stretches["baseline"]].groupby("subject")))
        self._names = list(self._parts)
        self.margin = own_margin(stretches)
        self.changes = table[~table["baseline"]].pivot(index="subject", columns="session", values="change")

    def states(self, session: str, mean: float | None, count: int, studies: int, seed: int) -> pd.Series:
        """Share of each decision; the mean change of the pool is moved to ``mean``, if given."""
        changes = self.changes[session]
        moved = changes if mean is None else changes - changes.mean() + mean
        found = []
        for study in range(studies):
            drawn = np.random.default_rng([seed, study, count]).choice(self._names, count)
            own = [self._parts[one].assign(subject=str(number)) for number, one in enumerate(drawn)]
            margin = own_margin(pd.concat(own))
            found.append(equivalence(moved[drawn].to_numpy(), margin).state)
        return pd.Series(found).value_counts(normalize=True)


def leak(generator: np.random.Generator, count: int) -> tuple[float, float, float]:
    """Overlap of sessions that do not differ: baseline with itself, without the leak, and with it."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    severities = {"0": 0.0, "1": 0.0}
    codes = [one for n in range(count) for one in subject_codes(generator, f"s{n}", severities)]
    table = overlaps(codes, {one.name: one.session for one in codes}, ["0", "1"], ["0"])
    mean = table.groupby("session")["overlap"].mean()
    units = [one.behaviour / np.linalg.norm(one.behaviour, axis=1, keepdims=True) for one in codes]
    labels = np.concatenate([np.full(FRAMES, int(one.session)) for one in codes])
    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(np.concatenate(units), labels)
    placed = {one.name: part @ model.coef_[0] for one, part in zip(codes, units, strict=True)}
    shared = [_shared(placed[f"s{n}-0"], placed[f"s{n}-1"]) for n in range(count)]
    return float(mean["0"]), float(mean["1"]), float(np.mean(shared))


def _shared(a: np.ndarray, b: np.ndarray) -> float:
    halves = [(a[FRAMES // 2 :], b[: FRAMES // 2]), (a[: FRAMES // 2], b[FRAMES // 2 :])]
    found = []
    for one, other in halves:
        edges = np.histogram_bin_edges(np.concatenate([one, other]), 20)
        counts = [np.histogram(part, edges)[0] / len(part) for part in (one, other)]
        found.append(np.minimum(*counts).sum())
    return float(np.mean(found))


def main(worlds: int, seed: int) -> None:
    """Print all tables."""
    studies, limit = 10 * worlds, by_chance(10 * worlds)
    generator = np.random.default_rng(seed)
    codes = [
        one for n in range(max(30, 3 * worlds // 2)) for one in subject_codes(generator, f"s{n}", SEVERITIES)
    ]
    pools = {name: followed(codes, baseline) for name, baseline in BASELINES.items()}
    _print_edges(pools["two sessions"][1], studies, seed, limit)
    drawn = {name: Drawn(*pool) for name, pool in pools.items()}
    _print_own_margins(drawn, studies // 4, seed)
    _print_recovered(drawn, studies // 4, seed)
    _print_curves(pools, seed)
    few = [leak(np.random.default_rng([seed, count]), count) for count in (3, 6, 12)]
    header = ["subjects", "baseline with itself", "left out", "with the leak"]
    rows = [
        [str(count), *(percent(one) for one in part)] for count, part in zip((3, 6, 12), few, strict=True)
    ]
    print_table("Overlap along the discriminant of sessions that do not differ", header, rows)


def _print_edges(table: pd.DataFrame, studies: int, seed: int, limit: str) -> None:
    rows = []
    for session in EDGE:
        changes = table.loc[table["session"] == session, "change"].to_numpy()
        margin = float(-changes.mean())
        skew = float(((changes - changes.mean()) ** 3).mean() / changes.std() ** 3)
        both = [at_the_edge(changes, margin, count, studies, seed) for count in COUNTS]
        cells = [f"{percent(own)} / {percent(alone)}" for own, alone in both]
        rows.append([f"{SEVERITIES[session]:g}", f"{margin:.3f}", f"{skew:.1f}", *cells])
    header = ["severity", "margin", "skew", *(f"{count} subjects" for count in COUNTS)]
    title = f"Declared equivalent at the edge of a given margin, product / t alone ({studies} studies"
    print_table(f"{title}; {limit})", header, rows)


def _print_own_margins(drawn: Mapping[str, Drawn], studies: int, seed: int) -> None:
    rows = []
    for name, pool in drawn.items():
        found = [
            pool.states("28", -pool.margin, count, studies, seed).get("recovered", 0.0) for count in COUNTS
        ]
        rows.append([name, f"{pool.margin:.4f}", *(percent(float(one)) for one in found)])
    header = ["baseline", "margin", *(f"{count} subjects" for count in COUNTS)]
    print_table(
        f"Declared equivalent at the edge of the baseline's own margin ({studies} studies)", header, rows
    )


def _print_recovered(drawn: Mapping[str, Drawn], studies: int, seed: int) -> None:
    rows = []
    for name, pool in drawn.items():
        cells = []
        for count in COUNTS:
            states = pool.states("56", None, count, studies, seed)
            cells.append(" / ".join(percent(states.get(one, 0.0)) for one in ("recovered", "not recovered")))
        rows.append([name, f"{pool.changes['56'].mean():.4f}", *cells])
    header = ["baseline", "mean change", *(f"{count} subjects" for count in COUNTS)]
    print_table(
        f"Groups without any loss, recovered / not recovered, own margin ({studies} studies)", header, rows
    )


def _print_curves(pools: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]], seed: int) -> None:
    later = [one for one in SEVERITIES if float(one) > 0]
    planted = [SEVERITIES[one] for one in later]
    rows = []
    for name, (_, table) in pools.items():
        changes = table[~table["baseline"]].pivot(index="subject", columns="session", values="change")[later]
        generator = np.random.default_rng(seed)
        groups = [changes.sample(6, random_state=generator).mean() for _ in range(200)]
        values = [
            [-spearmanr(one, planted).statistic for one in part] for part in (groups, changes.to_numpy())
        ]
        rows.append([name, *(f"{np.mean(part):.3f} ({np.quantile(part, 0.05):.2f})" for part in values)])
    header = ["baseline", "groups of 6", "single subjects"]
    print_table("Spearman correlation of loss and planted severity, mean (5th percentile)", header, rows)
