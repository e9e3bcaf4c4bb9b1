"""Whether `classify` tells groups apart that differ, and no others.

``python benchmarks/statistics classify [--worlds 200]`` prints how often groups that were
drawn at random among the same subjects are told apart at p < 0.05, and the accuracy for groups with a
planted difference. Subjects have an offset of their own and frames of common postures; an impaired subject
moves a third of its frames in one direction.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from _common import print_table
from _shares import by_chance

from napari_ubam.analysis import Codes
from napari_ubam.analysis.classify import Settings, classify_subjects
from napari_ubam.analysis.classify.classifier import balanced_accuracy, evidence_of
from napari_ubam.analysis.classify.labelings import labelings
from napari_ubam.analysis.classify.windows import leave_one_out, recording_windows

FRAMES, SIZE, POSTURES = 120, 12, 5
PERMUTATIONS = 200


def codes_of(
    generator: np.random.Generator, counts: Sequence[int], shift: float, own_kinds: bool = False
) -> list[Codes]:
    """Generate codes of subjects; ``shift`` moves a third of the frames of the second group.

    With ``own_kinds``, each of its subjects moves a fifth of its frames in a direction of its own.
    """
    postures, direction = generator.normal(size=(POSTURES, SIZE)), generator.normal(size=SIZE)
    direction /= np.linalg.norm(direction)
    found = []
    for number, group in enumerate(np.repeat([0, 1], counts)):
        codes = postures[generator.integers(0, POSTURES, FRAMES)] + 0.3 * generator.normal(size=SIZE)
        codes += 0.3 * generator.normal(size=(FRAMES, SIZE))
        start, lasting = int(generator.integers(0, 2 * FRAMES // 3)), FRAMES // (5 if own_kinds else 3)
        if own_kinds:
            direction = generator.normal(size=SIZE)
            direction /= np.linalg.norm(direction)
        codes[start : start + lasting] += shift * group * direction
        times, frames, valid = np.arange(FRAMES) / 30, np.arange(FRAMES), np.ones(FRAMES, bool)
        values = codes.astype(np.float32)
        found.append(
            Codes(f"r{number}", f"s{number}", "ab"[group], "0", values, values, times, frames, valid)
        )
    return found


def false_positives(counts: Sequence[int], count: int, seed: int) -> tuple[float, float]:
    """Share of random labelings with p <= 0.05, and the mean accuracy."""
    codes = codes_of(np.random.default_rng([seed, *counts]), counts, 0.0)
    folds = leave_one_out(recording_windows(codes, "behaviour"), seed)
    generator, true = np.random.default_rng(seed), np.repeat([0, 1], counts)
    found, accuracies = 0, []
    for number in range(count):
        permuted = labelings(generator.permutation(true), PERMUTATIONS, number)
        decided = evidence_of(folds, permuted.labels, 2).argmax(2)
        accuracy = balanced_accuracy(decided, permuted.labels, 2)
        accuracies.append(accuracy[0])
        found += permuted.p(accuracy) <= 0.05
    return found / count, float(np.mean(accuracies))


def main(worlds: int, seed: int) -> None:
    """Print both tables."""
    rows = []
    for counts in ((8, 8), (8, 4), (12, 12)):
        found, accuracy = false_positives(counts, worlds, seed)
        rows.append([f"{counts[0]} and {counts[1]}", f"{found:.1%}", f"{accuracy:.0%}"])
    title = f"Groups at random ({worlds} labelings; {by_chance(worlds)})"
    print_table(title, ["subjects", "p < 0.05", "accuracy"], rows)
    few = max(worlds // 20, 1)
    _print_planted(few, seed, "the same third of the frames of all", False)
    _print_planted(few, seed, "a fifth of the frames, each subject in a direction of its own", True)


def _print_planted(worlds: int, seed: int, what: str, own_kinds: bool) -> None:
    rows = []
    for shift in (2.0, 3.0, 4.0):
        results = []
        for world in range(worlds):
            codes = codes_of(np.random.default_rng([seed, world]), (8, 8), shift, own_kinds)
            settings = Settings(permutations=PERMUTATIONS, seed=seed)
            results.append(classify_subjects(codes, {one.subject: one.group for one in codes}, settings))
        share = np.mean([one.p <= 0.05 for one in results])
        rows.append([f"{shift:.0f}", f"{np.mean([one.accuracy for one in results]):.0%}", f"{share:.0%}"])
    title = f"Planted difference, 8 and 8 subjects: {what} ({worlds} worlds)"
    print_table(title, ["shift", "accuracy", "p < 0.05"], rows)
