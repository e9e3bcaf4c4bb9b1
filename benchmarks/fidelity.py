"""How much truth the codes hold: rendered animals with known joint angles and known deviations.

``python benchmarks/fidelity.py [--seeds 3] [--steps N | --minutes M] [--preset tiny] [--json FILE]``: for
every seed, renders animals for training and others that are held out, trains without labels, and prints
tables against simple features, networks without training, and the true joint angles. The crops are kept in
``--cache`` for the next time. ``python benchmarks/fidelity.py magnify`` measures the magnified frames
(`_magnify.py`; with ``STUDY_FOLDER=RUN`` those of worlds, `_magnify_worlds.py`),
``python benchmarks/fidelity.py real FOLDER`` the codes of real recordings with hand-labelled key points
(`_fidelity_real.py`).
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from _common import _processor
from _fidelity_data import Recipe, herd_of
from platformdirs import user_cache_path

PACKAGES = ("napari-ubam", "torch", "lightning", "numpy", "scikit-learn", "scikit-image", "av")
PRESETS = ("tiny", "small", "base")


def main(words: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    words = sys.argv[1:] if words is None else list(words)
    if words[:1] == ["magnify"]:
        if any("=" in word for word in words[1:]):
            from _magnify_worlds import main as magnify
        else:
            from _magnify import main as magnify
        magnify(words[1:])
        return
    if words[:1] == ["real"]:
        from _fidelity_real import main as real

        real(words[1:])
        return
    asked = _arguments().parse_args(words)
    from _fidelity_tables import show

    recipe = Recipe(
        tuple(asked.training), tuple(asked.held_out), asked.frames, asked.factor, _size(asked.preset)
    )
    network = f"napari-ubam {asked.preset}"
    found: dict[str, list[dict[str, Any]]] = {}
    for seed in range(asked.first_seed, asked.first_seed + asked.seeds):
        for name, numbers in _of_seed(seed, recipe, asked, _teller(seed)):
            found.setdefault(name, []).append(numbers)
        if asked.json:
            _write(asked, recipe, found, network)
    title = (
        f"Fidelity: mean ± standard deviation over {asked.seeds} seed{'s' * (asked.seeds > 1)}; "
        f"{_amounts(recipe)}, {_budget(asked)}"
    )
    show(found, network, asked.statistic, title)


def _teller(seed: int) -> Callable[[str], None]:
    """Give what tells how far a seed is, and when."""
    begin = time.monotonic()

    def say(text: str) -> None:
        print(f"[seed {seed}, {time.monotonic() - begin:4.0f} s] {text}", file=sys.stderr, flush=True)

    return say


def _arguments() -> argparse.ArgumentParser:
    from napari_ubam.analysis import STATISTICS

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--seeds", type=int, default=3, help="each renders other animals (default 3)")
    add("--first-seed", type=int, default=0)
    limit = parser.add_mutually_exclusive_group()
    limit.add_argument("--steps", type=int, help="of the posture training; behaviour in proportion")
    limit.add_argument("--minutes", type=float, help="of both trainings together")
    add("--preset", choices=PRESETS, default="tiny")
    add("--device", default="auto", help="auto, cpu, cuda or mps")
    add(
        "--cache",
        type=Path,
        default=user_cache_path("napari-ubam") / "fidelity",
        help="folder of rendered crops",
    )
    add("--keep", type=Path, help="folder in which trained published networks and their codes are kept")
    add("--json", type=Path, help="write all numbers to this file, after every seed")
    add(
        "--methods",
        nargs="+",
        metavar="NAME",
        help="rows whose names contain one of these words; all unless given",
    )
    add(
        "--statistic",
        choices=list(STATISTICS),
        default="episodic_excess",
        help="deviation of a subject",
    )
    add("--frames", type=int, default=450, help="a recording (default 450)")
    add("--training", type=int, nargs=2, default=(24, 12), metavar=("HEALTHY", "IMPAIRED"))
    add("--held-out", type=int, nargs=2, default=(8, 8), metavar=("HEALTHY", "IMPAIRED"))
    add("--factor", type=float, default=1.0, help="scales the deviations; 1 is the sample study")
    return parser


def _of_seed(
    seed: int, recipe: Recipe, asked: argparse.Namespace, say: Callable[[str], None]
) -> list[tuple[str, dict[str, Any]]]:
    """Render, encode by each method and measure."""
    from _fidelity_measures import measure
    from _fidelity_methods import Methods
    from _fidelity_network import Budget

    herd = herd_of(seed, recipe, asked.cache, say)
    budget = Budget(asked.steps, asked.minutes)
    measured = []
    for name, method in (
        Methods(herd, budget, asked.preset, seed, asked.device, say, asked.keep).by_name().items()
    ):
        if asked.methods and not any(word in name for word in asked.methods):
            continue
        begin = time.monotonic()
        encoded = method()
        seconds = time.monotonic() - begin
        numbers = measure(herd, encoded)
        measured.append((name, {"seed": seed, "seconds": seconds, **numbers}))
        say(
            f"{name}: R² {numbers['r2']:.3f}, AUROC frame {numbers['auroc_frame']:.3f}, "
            f"window {numbers['auroc_window']:.3f} ({seconds:.0f} s)"
        )
    return measured


def _size(preset: str) -> int:
    from napari_ubam.families import preset as of_name

    return of_name(preset).posture.size[0]


def _amounts(recipe: Recipe) -> str:
    parts = ("{} healthy + {} impaired".format(*part) for part in (recipe.training, recipe.held_out))
    scaled = "" if recipe.factor == 1 else f", deviations × {recipe.factor:g}"
    return "trained on {}, held out {}, {} frames each".format(*parts, recipe.frames) + scaled


def _budget(asked: argparse.Namespace) -> str:
    if asked.minutes is not None:
        return f"{asked.minutes:g} minutes of training"
    return f"{asked.steps} steps" if asked.steps is not None else f"preset {asked.preset}"


def _write(
    asked: argparse.Namespace, recipe: Recipe, found: dict[str, list[dict[str, Any]]], network: str
) -> None:
    """Write all numbers, the machine and the floors."""
    from _fidelity_tables import floors

    checked = floors(found, network, asked.statistic) if network in found else []
    record = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.system()} {platform.machine()}, {_processor()}, {os.cpu_count()} cores",
        "versions": {"python": platform.python_version()} | {name: version(name) for name in PACKAGES},
        "arguments": {
            name: str(value) if isinstance(value, Path) else value for name, value in vars(asked).items()
        },
        "recipe": vars(recipe),
        "seeds": [numbers["seed"] for numbers in next(iter(found.values()), [])],
        "methods": found,
        "floors": [floor._asdict() for floor in checked],
    }
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_text(json.dumps(_plain(record), indent=1, allow_nan=False), encoding="utf-8")


def _plain(value: Any) -> Any:
    """Replace what JSON cannot hold: numbers that are none become null."""
    if isinstance(value, dict):
        return {name: _plain(inside) for name, inside in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inside) for inside in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


if __name__ == "__main__":
    main()
