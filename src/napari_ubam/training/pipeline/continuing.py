"""A training that was stopped is resumed; one that has ended goes on for longer."""

from __future__ import annotations

from pathlib import Path

from napari_ubam.families import family_of
from napari_ubam.progress import Progress
from napari_ubam.runfolder.errors import RunError
from napari_ubam.training.loop.checkpoints import latest
from napari_ubam.training.loop.watch import Watch

from .context import STAGE_FOLDERS, TrainingOptions
from .training_record import TrainingRecord, read_started

ENDED = "This training has ended, so only its checks are repeated; give minutes or steps to train longer."

KEPT = (
    "The pretrained weights were kept without training, so only the checks are repeated; give minutes or "
    "steps to train them."
)


def started_training(folder: Path, stage: str, options: TrainingOptions) -> TrainingRecord | None:
    """Read the record of the training that is to be resumed.

    Parameters
    ----------
    folder : Path
        Folder of the checkpoints.
    stage : str
        First stage of the training: ``"posture"`` or ``"magnifier"``.
    options : TrainingOptions
        As the user gave them.

    Returns
    -------
    TrainingRecord or None
        None for a new training. If the training has ended, the record says how long it was, and the minutes
        or steps of the options are added.

    Raises
    ------
    RunError
        If no training was started there, or the checkpoints of one that has ended were removed.
    """
    if not options.resume:
        return None
    started = read_started(folder)
    if not started.finished:
        return started
    found = latest(folder / STAGE_FOLDERS.get(stage, stage))
    if found is None and started.steps == 0:  # pretrained weights were kept; now they are trained from there
        if options.minutes is None and options.steps is None:
            options.progress(Progress(stage, 0, 0, message=KEPT))
        return started
    if found is None:
        raise RunError(
            f"The checkpoints of the training in {folder} were removed, so it cannot go on; train again "
            "without --resume."
        )
    if options.minutes is None and options.steps is None:
        options.progress(Progress(stage, 0, 0, message=ENDED))
        return started
    seconds = float(found[1]["callbacks"][Watch.__qualname__]["seconds"])
    minutes = seconds / 60 / family_of(started.config).time_shares.get(stage, 1.0)
    earlier = {"earlier_minutes": minutes, "earlier_steps": int(found[1]["global_step"])}
    return started.model_copy(update=earlier)
