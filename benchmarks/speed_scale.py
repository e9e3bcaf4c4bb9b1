"""Time and memory of each command with the size of a study, as ``python benchmarks/speed.py scale``.

``scale [RECORDINGS SECONDS ...] [OPTION ...]``: studies with generated embeddings, by default 3 and 30
recordings of an hour and 300 of five minutes. Each command runs as users run it, in a process of its own.
Options, such as ``--scheduler=local:2`` or ``--reference-frames=50000``, are passed on to ``score``.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
from _common import print_table
from _scale_study import generated_run

STUDIES = (3, 3600, 30, 3600, 300, 300)
EVERY = 0.1  # seconds between two looks at the memory


def scale(arguments: Sequence[str], folder: Path) -> None:
    """Measure the commands on studies of several sizes."""
    options = [one for one in arguments if one.startswith("--")]
    sizes = [int(one) for one in arguments if one not in options] or STUDIES
    for recordings, seconds in zip(sizes[::2], sizes[1::2], strict=True):
        place = folder / f"{recordings}-{seconds}"
        table = generated_run(place, recordings, seconds)
        commands = _commands(table, options)
        if recordings < 4:  # one impaired subject is no group
            commands.pop("compare")
        rows = [_measured(name, words, place) for name, words in commands.items()]
        sizes_of = {name: place / "run" / name for name in ("embeddings.zarr", "scores.csv", "report.html")}
        print_table(
            f"{recordings} recordings of {seconds / 60:g} minutes",
            ["command", "time (s)", "CPU (s)", "memory, all processes (MB)", ""],
            [*rows, *([name, "", "", "", f"{_bytes(path) / 1e6:.1f} MB"] for name, path in sizes_of.items())],
        )


def _commands(table: Path, options: list[str]) -> dict[str, list[str]]:
    run = ["--run", str(table.parent / "run")]
    return {
        "score": ["score", str(table), *run, "--reference", "group=healthy", *options],
        "compare": ["compare", *run],
        "map": ["map", *run, "--method", "pca"],
        "neighbours": ["neighbours", "s00-0", "900", *run],
        "report": ["report", *run],
    }


def _measured(name: str, words: list[str], place: Path) -> list[str]:
    """Run a command; give its name, its time, the most memory of it and its workers, and how it ended."""
    begin, most, busy = time.perf_counter(), 0, 0.0
    with (place / f"{name}.txt").open("w", encoding="utf-8") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "napari_ubam.cli", *words], stdout=said, stderr=subprocess.STDOUT
        )
        while process.poll() is None:
            memory, seconds = _now(process.pid)
            most, busy = max(most, memory), max(busy, seconds)
            time.sleep(EVERY)
    ended = "" if process.returncode == 0 else f"ended with {process.returncode}, see {said.name}"
    return [name, f"{time.perf_counter() - begin:.0f}", f"{busy:.0f}", f"{most / 1e6:.0f}", ended]


def _now(process: int) -> tuple[int, float]:
    """Give the memory and the processor time of a process and its children."""
    try:
        parent = psutil.Process(process)
        all_of_them = [parent, *parent.children(recursive=True)]
        times = [one.cpu_times() for one in all_of_them]
        memory = sum(one.memory_info().rss for one in all_of_them)
        return memory, sum(one.user + one.system for one in times)
    except psutil.Error:  # one of them has just ended
        return 0, 0.0


def _bytes(path: Path) -> int:
    if path.is_dir():
        return sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
    return path.stat().st_size if path.exists() else 0
