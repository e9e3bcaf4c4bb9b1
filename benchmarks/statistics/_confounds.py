"""Whether `confounds` reads what is in the codes, and nothing that is not.

``python benchmarks/statistics confounds [--worlds 200]`` prints how often columns of the study that were
drawn at random are read from codes of unseen subjects, are found in the scores, or are said to go together
with the groups (the warning of every analysis), and how often a camera is read that moves the codes.

Subjects of two groups of eight have an offset of their own and frames of common postures. A study has 20
columns with two names and 20 with numbers, so that tests of one study depend on each other a little.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from _common import print_table
from _shares import by_chance, percent

from napari_ubam.analysis import AnalysisInputs, Codes
from napari_ubam.analysis.confounds import CONFOUNDS, threats
from napari_ubam.runfolder.tables import Result
from napari_ubam.study import Recording, Roi, Study

FRAMES, SIZE, POSTURES, SUBJECTS, COLUMNS = 90, 10, 5, 16, 20
TESTS = ("codes_p", "constant_p", "episodic_p")


def study_of(generator: np.random.Generator, columns: pd.DataFrame) -> tuple[Study, list[Codes]]:
    """Generate subjects of two groups; the column ``camera``, if there is one, moves their codes."""
    postures, codes, recordings = generator.normal(size=(POSTURES, SIZE)), [], []
    for number in range(SUBJECTS):
        own = postures[generator.integers(0, POSTURES, FRAMES)] + 0.3 * generator.normal(size=SIZE)
        own += 0.3 * generator.normal(size=(FRAMES, SIZE))
        if "camera" in columns:
            own[:, 0] += float(columns["camera"][number] == "1")
        values, names = own.astype(np.float32), (f"r{number}", f"s{number}", "ab"[number % 2], "0")
        times, frames, valid = np.arange(FRAMES) / 30, np.arange(FRAMES), np.ones(FRAMES, bool)
        codes.append(Codes(*names, values, values, times, frames, valid))
        recordings.append(
            Recording(
                video=Path("generated.mp4"),
                name=names[0],
                subject=names[1],
                group=names[2],
                session=names[3],
                roi=Roi(x=number, y=0, width=8, height=8),  # each its own region
                metadata={name: str(columns[name][number]) for name in columns},
            )
        )
    return Study(recordings), codes


def scores_of(generator: np.random.Generator) -> Result:
    """Generate scores that are known for each recording."""
    names = [f"r{number}" for number in range(SUBJECTS)]
    table = pd.DataFrame(generator.gamma(4, 1, (SUBJECTS, 2)), columns=["constant", "episodic"])
    return Result("scores", {"scores": table.assign(recording=names)}, {})


def at_random(generator: np.random.Generator) -> pd.DataFrame:
    """Draw the columns of a study."""
    half = np.repeat(["1", "2"], SUBJECTS // 2)
    named = {f"name{one}": generator.permutation(half) for one in range(COLUMNS)}
    numbers = {f"number{one}": generator.normal(size=SUBJECTS).round(3) for one in range(COLUMNS)}
    return pd.DataFrame({**named, **numbers})


def read(study: Study, codes: Sequence[Codes], scores: Result, seed: int) -> pd.DataFrame:
    """Compute the analysis."""
    inputs = AnalysisInputs(study, lambda: codes, lambda: scores)
    return CONFOUNDS.compute(inputs, CONFOUNDS.parse({"permutations": 300, "seed": seed})).tables["confounds"]


def main(worlds: int, seed: int) -> None:
    """Print both tables."""
    studies, tables, said = max(worlds // COLUMNS, 1), [], []
    for number in range(studies):
        generator = np.random.default_rng([seed, number])
        study, codes = study_of(generator, at_random(generator))
        tables.append(read(study, codes, scores_of(generator), number))
        sentences = [one.split(maxsplit=1)[0] for one in threats(study, "group")]
        said += [(name, name in sentences) for name in study.metadata_columns]
        print(f"{number + 1} of {studies}", file=sys.stderr, flush=True)
    table, warned = pd.concat(tables), pd.DataFrame(said, columns=["property", "found"])
    rows = []
    for kind in ("name", "number"):
        own = table[table["property"].str.startswith(kind)]
        shares = [(own[test] <= 0.05).mean() for test in TESTS]
        shares.append(warned.loc[warned["property"].str.startswith(kind), "found"].mean())
        rows.append([kind, *(percent(float(one)) for one in shares)])
    tests = studies * COLUMNS
    header = ["column", "read from codes", "constant part", "episodic part", "said to threaten the groups"]
    print_table(f"Columns drawn at random that are found ({tests} each; {by_chance(tests)})", header, rows)
    found = []
    for number in range(studies):
        generator = np.random.default_rng([seed, 1, number])
        columns = pd.DataFrame({"camera": generator.permutation(np.repeat(["0", "1"], SUBJECTS // 2))})
        study, codes = study_of(generator, columns)
        found.append(float(read(study, codes, scores_of(generator), number)["codes_p"].iloc[0]) <= 0.05)
    print(f"A camera that moves all codes by 1: read in {sum(found)} of {studies} studies.")
