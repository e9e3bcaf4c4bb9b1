"""Whether the tests of the analyses are true: ``python benchmarks/statistics [TEST ...] [--worlds 200]``.

Without the name of a test all are run, one after the other. Each prints how often something is found where
nothing is, and how often what was planted is found, in generated studies. This is a folder and no file
``statistics.py``, which would hide the module of Python that has this name from all benchmarks.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path

TESTS = ("groups", "recovery", "stimulus", "classify", "map", "confounds")


def main(words: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python benchmarks/statistics",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("tests", nargs="*", metavar="TEST", help=f"some of {', '.join(TESTS)}; all if none")
    parser.add_argument("--worlds", type=int, default=200, help="generated studies of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--rendered",
        action="store_true",
        help="with the test groups: ten studies of rendered animals instead, from training to comparison",
    )
    parser.add_argument("--model", type=Path, metavar="RUN", help="with --rendered: run with a trained model")
    asked = parser.parse_args(words)
    if unknown := [one for one in asked.tests if one not in TESTS]:
        parser.error(f"there is no test {unknown[0]!r}; choose some of {', '.join(TESTS)}")
    if asked.worlds < 1:
        parser.error("--worlds must be at least 1")
    if asked.rendered and asked.tests != ["groups"]:
        parser.error("--rendered needs the test groups, and no other")
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # a long run shows what it has
    sys.path.append(str(Path(__file__).parents[1]))  # of what all benchmarks share
    if asked.rendered:
        importlib.import_module("_rendered").main(asked.seed, asked.model)
        return
    for name in asked.tests or TESTS:
        begin = time.perf_counter()
        importlib.import_module(f"_{name}").main(asked.worlds, asked.seed)
        print(f"{name}: {time.perf_counter() - begin:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
