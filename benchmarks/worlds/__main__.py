"""Render a study with known truth: ``python benchmarks/worlds WORLD FOLDER [--seed S]``, see README.md there.

Seeds from 900 on are the judge: nothing is ever tuned to them, and they need ``--judge``.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from pathlib import Path

WORLDS = ("people", "rats", "dogs", "reach", "arena")


def main(words: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python benchmarks/worlds", description=__doc__)
    parser.add_argument("world", choices=WORLDS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--reference", type=int, default=8, help="healthy subjects")
    parser.add_argument("--impaired", type=int, default=6, help="impaired subjects, two of them constantly")
    parser.add_argument("--frames", type=int, default=450, help="of each recording, 30 per second")
    parser.add_argument("--size", type=int, nargs=2, metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--judge", action="store_true", help="allow the seeds of the judge, from 900 on")
    asked = parser.parse_args(words)
    from _study import make_study

    make_study(
        importlib.import_module(asked.world),
        asked.folder,
        seed=asked.seed,
        reference=asked.reference,
        impaired=asked.impaired,
        frames=asked.frames,
        size=tuple(asked.size) if asked.size else None,
        judge=asked.judge,
    )


if __name__ == "__main__":
    main()
