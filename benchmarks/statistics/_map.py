"""Whether `map_compare` finds what is there, and nothing where nothing is.

``python benchmarks/statistics map [--worlds 200]`` prints

- how often an area of the map, the share of time in a cluster, or a transition is found to differ at p < 0.05
  after the adjustment, where labels were drawn at random, for groups and for conditions of the same subjects;
- the same for a behaviour that only one group shows.

Subjects show bouts of five behaviours, each subject with its own probabilities (Dirichlet distribution with
parameters of 2). Clusters and map are computed once for ten sets of labels, since they use none; there the
map is that of principal components, which is quick.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from _common import print_table
from _shares import by_chance, percent

from napari_ubam.analysis.groups import Settings, compare_values
from napari_ubam.analysis.map_compare import bouts, compare_densities, find_clusters, subject_densities
from napari_ubam.analysis.map_compare.density import extent_of
from napari_ubam.analysis.map_compare.subjects import PROBABILITY, RATE, SHARE, share_table, transition_table
from napari_ubam.analysis.maps import fit_map

SIZE, FRAMES, BOUT, KINDS, RATE_OF_FRAMES = 12, 240, 12, 5, 30
LABELS = 10  # sets of labels of each world
TESTS = ("area of the map", "cluster", "transition rate", "transition probability", "any of them")
LEVELS = ("a", "b")


@dataclass(frozen=True)
class World:
    """Densities (n, g, g) and bouts of n subjects, or of n subjects and conditions."""

    densities: np.ndarray
    bouts: pd.DataFrame


def world_of(
    generator: np.random.Generator,
    count: int,
    conditions: int = 1,
    planted: float = 0.0,
    method: Literal["pca", "umap"] = "pca",
) -> World:
    """Generate subjects; the second half shows another behaviour in a share ``planted`` of the time."""
    centres, codes = 4 * np.eye(SIZE)[: KINDS + 1], []
    for number in range(count):
        usual = generator.dirichlet(np.full(KINDS, 2.0))
        for _ in range(conditions):
            kinds = generator.choice(KINDS, FRAMES // BOUT, p=usual)
            other = generator.random(FRAMES // BOUT) < (planted if number >= count // 2 else 0.0)
            shown = np.repeat(np.where(other, KINDS, kinds), BOUT)
            codes.append(centres[shown] + generator.normal(0, 0.8, (FRAMES, SIZE)))
    all_codes = np.concatenate(codes).astype(np.float32)
    all_codes /= np.linalg.norm(all_codes, axis=1, keepdims=True)
    owner = np.repeat(np.arange(count * conditions), FRAMES)
    number = find_clusters(all_codes, owner // conditions, 6).number.reshape(-1, FRAMES)
    points = fit_map(all_codes, owner, method=method, sample=2000).points
    times = np.arange(FRAMES) / RATE_OF_FRAMES
    each = [
        bouts(own, times, 0.2).assign(row=row, subject=f"s{row // conditions}")
        for row, own in enumerate(number)
    ]
    return World(subject_densities(points, owner, extent_of(points)), pd.concat(each, ignore_index=True))


def found_in(world: World, levels: np.ndarray, paired: bool, seed: int) -> np.ndarray:
    """Tell which of `TESTS` find something; ``levels`` (0 or 1) are those of the rows of the world."""
    rows = [np.flatnonzero(levels == level) for level in (0, 1)]
    areas = compare_densities(
        *(world.densities[own] for own in rows), paired=paired, permutations=300, seed=seed
    )
    labelled = world.bouts.assign(level=np.array(LEVELS)[levels[world.bouts["row"]]])
    shares = share_table(labelled, 6)
    moves, pairs = transition_table(labelled, shares)
    settings = Settings(paired=paired, permutations=300, resamples=2, seed=seed)
    names = {
        SHARE: [f"{SHARE}_{one}" for one in range(1, 7)],
        **{what: [f"{what}_{one}_{other}" for one, other in pairs] for what in (RATE, PROBABILITY)},
    }
    found = [bool(areas.p.min(initial=1) <= 0.05)]
    for what, measures in names.items():
        table = compare_values(shares if what == SHARE else moves, LEVELS, measures, settings).pairs
        found.append(bool(table["p_adjusted"].min() <= 0.05))
    return np.array([*found, any(found)])


def labels_at_random(generator: np.random.Generator, sizes: tuple[int, int], conditions: int) -> np.ndarray:
    """Draw the groups of subjects, or which recording of each subject is which condition."""
    if conditions == 2:
        return (generator.random((sizes[0], 1)) < 0.5) ^ np.array([[False, True]])
    return generator.permutation(np.repeat([0, 1], sizes))


def without_difference(worlds: int, seed: int, sizes: tuple[int, int], conditions: int = 1) -> np.ndarray:
    """Share of sets of labels with which each of `TESTS` finds something."""
    found = []
    for number in range(max(worlds // LABELS, 1)):
        generator = np.random.default_rng([seed, number, *sizes])
        world = world_of(generator, sizes[0] if conditions == 2 else sum(sizes), conditions)
        for turn in range(LABELS):
            labels = labels_at_random(generator, sizes, conditions).astype(int).ravel()
            found.append(found_in(world, labels, conditions == 2, turn))
    return np.mean(found, axis=0)


def with_difference(worlds: int, seed: int, planted: float) -> np.ndarray:
    """Share of worlds in which each of `TESTS` finds a behaviour that only the second group shows."""
    labels = np.repeat([0, 1], 8)
    found = [
        found_in(world_of(np.random.default_rng([seed, 1, one]), 16, 1, planted, "umap"), labels, False, one)
        for one in range(worlds)
    ]
    return np.mean(found, axis=0)


def main(worlds: int, seed: int) -> None:
    """Print both tables."""
    rows: list[Sequence[str]] = []
    for name, sizes, conditions in (
        ("8 and 8 subjects", (8, 8), 1),
        ("8 and 4 subjects", (8, 4), 1),
        ("2 conditions of 8 subjects", (8, 8), 2),
    ):
        shares = without_difference(worlds, seed, sizes, conditions)
        rows.append([name, *(percent(float(one)) for one in shares)])
        print(*rows[-1], file=sys.stderr, flush=True)
    labels = max(worlds // LABELS, 1) * LABELS
    title = f"Found with labels at random ({labels} sets of labels; {by_chance(labels)} for each test)"
    print_table(title, ["labels", *TESTS], rows)
    few, rows = max(worlds // 20, 1), []  # UMAP takes long
    for planted in (0.05, 0.1, 0.2):
        shares = with_difference(few, seed, planted)
        rows.append([f"{100 * planted:.0f}%", *(percent(float(one)) for one in shares)])
        print(*rows[-1], file=sys.stderr, flush=True)
    title = f"A behaviour that only one of two groups of 8 shows ({few} worlds)"
    print_table(title, ["share of the time", *TESTS], rows)
