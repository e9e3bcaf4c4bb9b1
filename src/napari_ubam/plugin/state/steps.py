"""The work of a panel as a command line and as a Python script. Needs neither Qt nor napari."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_ubam.jobs import command_line


@dataclass(frozen=True)
class Step:
    """One step of the work.

    Parameters
    ----------
    arguments : tuple of str
        Arguments of ``napari-ubam``, for a job.
    python : str
        Lines of a script that do the same.
    """

    arguments: tuple[str, ...]
    python: str

    @property
    def command(self) -> str:
        """Command line, quoted for the shell of this computer."""
        return command_line(["napari-ubam", *self.arguments])


def train_step(
    study: Path,
    run: Path,
    *,
    preset: str | None = None,
    device: str = "auto",
    minutes: float | None = None,
    window_ms: float | None = None,
    seed: int | None = None,
    resume: bool = False,
    restart: bool = False,
    backbone: str | None = None,
    backbone_name: str | None = None,
    tune_backbone: bool = False,
    whole_frame: bool = False,
) -> Step:
    """Train the encoders of a run.

    Parameters
    ----------
    study : Path
        CSV file of the study.
    run : Path
        Folder of the run.
    preset : str, optional
        Size of the model, such as ``"small"``; when resuming, by default that of the start.
    device : str
        Compute device, such as ``"auto"`` or ``"cuda:1"``.
    minutes : float, optional
        Training time of both encoders.
    window_ms : float, optional
        Length of a behaviour in milliseconds; by default that of the preset.
    seed : int, optional
        Random seed.
    resume : bool
        Continue a training that was stopped.
    restart : bool
        Discard a training that was stopped, and start again.
    backbone, backbone_name : str, optional
        File of a pretrained network, and its architecture if the file does not say it.
    tune_backbone : bool
        Train the pretrained network with the rest.
    whole_frame : bool
        Use the whole picture of recordings without a region, instead of finding one.

    Returns
    -------
    Step
    """
    options: dict[str, Any] = {"preset": preset, "device": device, "minutes": minutes}
    options |= {"window_ms": window_ms, "seed": seed, "resume": resume, "restart": restart}
    options |= {"backbone": backbone, "backbone_name": backbone_name, "tune_backbone": tune_backbone}
    options |= {"whole_frame": whole_frame}
    arguments, named = _training(options)
    lines = [*_study(study), f"run = ubam.train(study, {_path(run)}, {named})"]
    return Step(("train", str(study), "--run", str(run), *arguments), "\n".join(lines))


def train_magnifier_step(
    study: Path,
    run: Path,
    *,
    device: str = "auto",
    minutes: float | None = None,
    seed: int | None = None,
    resume: bool = False,
    restart: bool = False,
) -> Step:
    """Train the magnifier of a run with trained encoders.

    Parameters
    ----------
    study : Path
        CSV file of the study.
    run : Path
        Folder of the run.
    device : str
        Compute device, such as ``"auto"`` or ``"cuda:1"``.
    minutes : float, optional
        Training time.
    seed : int, optional
        Random seed.
    resume : bool
        Continue a training that was stopped.
    restart : bool
        Discard a training that was stopped, and start again.

    Returns
    -------
    Step
    """
    options: dict[str, Any] = {"device": device, "minutes": minutes, "seed": seed}
    options |= {"resume": resume, "restart": restart}
    arguments, named = _training(options)
    lines = [*_study(study), *_run(run), f"ubam.train_magnifier(study, run, {named})"]
    return Step(("train", str(study), "--run", str(run), "--magnifier", *arguments), "\n".join(lines))


def _training(options: dict[str, Any]) -> tuple[list[str], str]:
    """Write options for the command and for the script, without those that are None or False."""
    given = {name: value for name, value in options.items() if value is not None and value is not False}
    arguments: list[str] = []
    for name, value in given.items():
        arguments.append("--" + name.removesuffix("_ms").replace("_", "-"))
        if value is not True:
            arguments.append(f"{value:g}" if isinstance(value, float) else str(value))
    return arguments, _named(given)


def embed_step(study: Path, run: Path, *, device: str = "auto") -> Step:
    """Compute the embeddings of a study.

    Parameters
    ----------
    study : Path
        CSV file of the study.
    run : Path
        Folder of the run.
    device : str
        Compute device, such as ``"auto"`` or ``"cuda:1"``.

    Returns
    -------
    Step
    """
    arguments = ("embed", str(study), "--run", str(run), "--device", device)
    return Step(arguments, "\n".join([*_study(study), *_run(run), f"run.embed(study, device={device!r})"]))


def score_step(study: Path, run: Path, reference: str, *, within: str = "") -> Step:
    """Score a study against a reference.

    Parameters
    ----------
    study : Path
        CSV file of the study.
    run : Path
        Folder of the run.
    reference : str
        Filter of the reference recordings, such as ``group=healthy``.
    within : str
        ``"subject"`` to compare each subject with its own reference recordings.

    Returns
    -------
    Step
    """
    more = ("--within", within) if within else ()
    arguments = ("score", str(study), "--run", str(run), "--reference", reference, *more)
    options = f"reference={reference!r}" + (f", within={within!r}" if within else "")
    lines = [*_study(study), *_run(run), f"scores = run.score(study, {options})"]
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
    """Write magnified frames to a file.

    Parameters
    ----------
    recording : str
        Name of the recording.
    run : Path
        Folder of the run.
    out : Path
        File to write, such as ``.mp4`` or ``.tif``.
    reference : str
        Filter of the reference recordings, such as ``group=healthy``.
    factor : float
        Magnification factor.
    frames : (int, int)
        First frame, from 0, and the frame after the last one.
    smoothing_ms : float
        Smoothing of the difference over time, in milliseconds.
    device : str
        Compute device, such as ``"auto"`` or ``"cuda:1"``.
    side_by_side : bool
        Write the original and the difference beside each magnified frame.
    label : bool
        Write factor and reference into the picture.

    Returns
    -------
    Step
    """
    start, stop = frames
    arguments = ["magnify", recording, "--run", str(run), "--reference", reference]
    arguments += ["--factor", f"{factor:g}", "--frames", f"{start}:{stop}"]
    arguments += ["--smoothing", f"{smoothing_ms:g}", "--device", device, "--out", str(out)]
    arguments += ["--side-by-side"] * side_by_side + ["--label"] * label
    named = f"factor={factor:g}, frames=slice({start}, {stop}), smoothing_ms={smoothing_ms:g}"
    lines = [
        *_run(run),
        f"frames = run.magnify({recording!r}, {reference!r}, {named}, device={device!r})",
        f"ubam.export(frames, {_path(out)}, side_by_side={side_by_side}, label={label})",
    ]
    return Step(tuple(arguments), "\n".join(lines))


def analyse_step(name: str, run: Path, values: Mapping[str, Any]) -> Step:
    """Compute an analysis of a run.

    Parameters
    ----------
    name : str
        Name of the analysis.
    run : Path
        Folder of the run.
    values : mapping of str to object
        Parameters that differ from their defaults.

    Returns
    -------
    Step
    """
    arguments = ["analyse", name, "--run", str(run)]
    for key, value in values.items():
        arguments += ["--set", f"{key}={value if isinstance(value, str) else json.dumps(value)}"]
    call = ", ".join(filter(None, [repr(name), _named(dict(values))]))
    return Step(tuple(arguments), "\n".join([*_run(run), f"result = run.analyse({call})"]))


def script(*steps: Step) -> str:
    """Write a script of several steps; repeated lines that open the study or the run are written once.

    Parameters
    ----------
    *steps : Step

    Returns
    -------
    str
        Python code.
    """
    written: set[str] = set()
    lines = ["import napari_ubam as ubam", ""]
    for step in steps:
        for line in step.python.split("\n"):
            if line in written and line.startswith(("study =", "run =")):
                continue
            written.add(line)
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
