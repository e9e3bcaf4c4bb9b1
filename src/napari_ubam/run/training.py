"""Training by the public functions: a study and a folder in, a run out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_ubam.families import GivenFiles
from napari_ubam.progress import Cancel, ProgressCallback, silent
from napari_ubam.study import Study
from napari_ubam.training.pipeline.context import TrainingOptions
from napari_ubam.training.pipeline.encoders import train_encoders

from .facade import Run


def train(
    study: Study,
    run: str | Path,
    *,
    preset: str = "small",
    device: str = "auto",
    minutes: float | None = None,
    steps: int | None = None,
    window_ms: float | None = None,
    seed: int = 0,
    resume: bool = False,
    budget_bytes: int | None = None,
    weights: str | Path | None = None,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> Run:
    """Learn posture and behaviour from the videos of a study, without labels.

    Parameters
    ----------
    study : Study
        All recordings, of all groups; the training does not use the groups.
    run : path
        Folder of the run; created if it does not exist.
    preset : str
        ``"tiny"``, ``"small"`` or ``"base"``; ``"paper"`` for the published networks, as a baseline.
    device : str
        Compute device: ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or ``"mps"``.
    minutes : float, optional
        Duration of the training, over all resumptions; as many steps as the preset says unless given.
    steps : int, optional
        Steps of the posture training; the behaviour training scales with it. With ``weights``, 0 takes them
        as they are.
    window_ms : float, optional
        Length of a window of behaviour, in milliseconds: about one period of the movement, as
        `napari_ubam.check_study` proposes. As the preset says unless given.
    seed : int
        Random seed.
    resume : bool
        Continue a training of this run that was cancelled or killed.
    budget_bytes : int, optional
        Disk space for decoded crops, in bytes; 8 GiB or half of what is free unless given.
    weights : path, optional
        Checkpoint of the published code (``*.pth.tar``) that the preset ``"paper"`` begins with.
    progress, cancel : optional
        Called at least every second; checked several times a second.

    Returns
    -------
    Run
        Its weights are replaced only when the whole training succeeded.

    Raises
    ------
    RunError, FamilyError, TrainingError
        If the arguments do not go together, or no recording can be used.
    WeightsError
        If ``weights`` is not such a checkpoint.
    Cancelled
        When ``cancel`` is set; the same call with ``resume=True`` continues.
    """
    folder = Path(run).absolute()
    options = TrainingOptions(device, minutes, steps, seed, resume, budget_bytes, progress or silent, cancel)
    given = GivenFiles(None if weights is None else Path(weights))
    train_encoders(study, folder, options, preset_name=preset, window_ms=window_ms, given=given)
    return Run.open(folder)


def train_magnifier(study: Study, run: Run | str | Path, **options: Any) -> Run:
    """Train the magnifier of a run, as `Run.train_magnifier` does.

    Parameters
    ----------
    study : Study
    run : Run or path
    **options
        As `Run.train_magnifier` takes them.

    Returns
    -------
    Run
    """
    opened = run if isinstance(run, Run) else Run.open(run)
    opened.train_magnifier(study, **options)
    return opened
