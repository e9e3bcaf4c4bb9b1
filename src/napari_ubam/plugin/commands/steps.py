"""What a panel is about to do, as the command line and the Python script that do the same. Pure."""

from __future__ import annotations

import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Step:
    """One step of the work.

    Parameters
    ----------
    arguments : tuple of str
        After ``napari-ubam``, as a job takes them.
    python : str
        Lines that do the same in a script.
    """

    arguments: tuple[str, ...]
    python: str

    @property
    def command(self) -> str:
        """The command as it is typed."""
        words = ["napari-ubam", *self.arguments]
        return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)


def train_step(
    study: Path,
    run: Path,
    *,
    preset: str,
    device: str = "auto",
    minutes: float | None = None,
    window_ms: float | None = None,
    seed: int = 0,
    resume: bool = False,
) -> Step:
    """Train the encoders of a run."""
    options: dict[str, Any] = {"preset": preset, "device": device, "minutes": minutes}
    options |= {"window_ms": window_ms, "seed": seed, "resume": resume}
    arguments, named = _training(options)
    lines = [*_study(study), f"run = ubam.train(study, {_path(run)}, {named})"]
    return Step(("train", str(study), "--run", str(run), *arguments), "\n".join(lines))


def train_magnifier_step(
    study: Path,
    run: Path,
    *,
    device: str = "auto",
    minutes: float | None = None,
    seed: int = 0,
    resume: bool = False,
) -> Step:
    """Train the magnifier of a run whose encoders are trained."""
    options: dict[str, Any] = {"device": device, "minutes": minutes, "seed": seed, "resume": resume}
    arguments, named = _training(options)
    lines = [*_study(study), *_run(run), f"ubam.train_magnifier(study, run, {named})"]
    return Step(("train", str(study), "--run", str(run), "--magnifier", *arguments), "\n".join(lines))


def _training(options: dict[str, Any]) -> tuple[list[str], str]:
    """Options of a training for the command and for the script; those that are None or False are left out."""
    given = {name: value for name, value in options.items() if value is not None and value is not False}
    arguments: list[str] = []
    for name, value in given.items():
        arguments.append("--" + name.removesuffix("_ms"))
        if value is not True:
            arguments.append(f"{value:g}" if isinstance(value, float) else str(value))
    return arguments, _named(given)


def embed_step(study: Path, run: Path, *, device: str = "auto") -> Step:
    """Compute the codes of a study."""
    arguments = ("embed", str(study), "--run", str(run), "--device", device)
    return Step(arguments, "\n".join([*_study(study), *_run(run), f"run.embed(study, device={device!r})"]))


def score_step(study: Path, run: Path, reference: str) -> Step:
    """Score a study against a reference."""
    arguments = ("score", str(study), "--run", str(run), "--reference", reference)
    lines = [*_study(study), *_run(run), f"scores = run.score(study, reference={reference!r})"]
    return Step(arguments, "\n".join(lines))


def magnify_step(
    recording: str,
    run: Path,
    out: Path,
    *,
    reference: str,
    factor: float,
    frames: tuple[int, int],
    smoothing_ms: float,
    device: str = "auto",
    side_by_side: bool = False,
    label: bool = False,
) -> Step:
    """Write magnified frames."""
    start, stop = frames
    arguments = ["magnify", recording, "--run", str(run), "--reference", reference]
    arguments += ["--factor", f"{factor:g}", "--frames", f"{start}:{stop}"]
    arguments += ["--smoothing", f"{smoothing_ms:g}", "--device", device, "--out", str(out)]
    arguments += ["--side-by-side"] * side_by_side + ["--label"] * label
    named = f"factor={factor:g}, frames=slice({start}, {stop}), smoothing_ms={smoothing_ms:g}"
    lines = [
        *_run(run),
        f"made = run.magnification({recording!r}, {reference!r}, {named}, device={device!r})",
        f"ubam.export(made, {_path(out)}, side_by_side={side_by_side}, label={label})",
    ]
    return Step(tuple(arguments), "\n".join(lines))


def script(*steps: Step) -> str:
    """Whole script of steps; lines that a later step repeats are said once."""
    said: set[str] = set()
    lines = ["import napari_ubam as ubam", ""]
    for step in steps:
        for line in step.python.split("\n"):
            if line in said and line.startswith(("study =", "run =")):
                continue
            said.add(line)
            lines.append(line)
    return "\n".join(lines) + "\n"


def _study(path: Path) -> list[str]:
    return [f"study = ubam.Study.from_csv({_path(path)})"]


def _run(path: Path) -> list[str]:
    return [f"run = ubam.Run.open({_path(path)})"]


def _path(path: Path) -> str:
    return repr(str(path))


def _named(values: dict[str, object]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in values.items())
