"""How the scores depend on the number of reference subjects.

``python benchmarks/reference_subjects.py STUDY_FOLDER=RUN ... [--counts 6 12 24]``: for studies of
``benchmarks/worlds`` with many healthy subjects (``--reference 28``) and their runs, as `scores.py` takes
them. The first healthy subjects are the reference, the last two are controls, and the others are left out.
All rows of a study use one trained model. *angles*: the true joint angles take the place of posture, as in
`with_labels.py`; *codes*: those of the run.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from _common import print_table
from scores import CONTROLS, World, product
from with_labels import standardized, with_posture


def with_reference(world: World, count: int) -> World:
    """Keep so many reference subjects, the controls, and the impaired."""
    left_out = world.reference[count:]
    codes = [one for one in world.codes if one.name not in left_out]
    return World(world.name, codes, {name: one for name, one in world.truth.items() if name not in left_out})


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("pairs", nargs="+", metavar="STUDY_FOLDER=RUN")
    parser.add_argument("--counts", type=int, nargs="+", default=(6, 12, 24))
    asked = parser.parse_args()
    rows = []
    for text in asked.pairs:
        folder, run = (Path(part) for part in text.split("=", 1))
        world = World.read(folder, run)
        for count in asked.counts:
            if count > len(world.reference):
                raise SystemExit(
                    f"{folder} has {len(world.reference)} healthy subjects beside {CONTROLS} controls, so "
                    f"{count} cannot be the reference; render it with --reference {count + CONTROLS}."
                )
            part = with_reference(world, count)
            angles = with_posture(part, standardized(folder, part.reference))
            rows += [[count, "angles", *product(angles)], [count, "codes", *product(part)]]
    header = [
        "reference",
        "codes",
        "world",
        "frames",
        "windows",
        "episodic",
        "controls",
        "ranked",
        "constant",
    ]
    print_table("Reference subjects: AUROC / pooled", header, rows)


if __name__ == "__main__":
    main()
