"""The record of a training: what it was started with, so that it can be resumed with the same."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from napari_ubam.crops.identity import alignment, exclusions
from napari_ubam.errors import UbamError
from napari_ubam.files import write_atomic
from napari_ubam.models.config import ModelConfig
from napari_ubam.progress import Cancelled
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.paths import CHECKPOINTS, MAGNIFIER_CHECKPOINTS, TRAINING
from napari_ubam.study import Recording

HASHED = {"name", "video", "subject", "roi", "start", "stop", "fps"}  # fields on which a training depends
Part = Literal["encoders", "magnifier"]


class TrainingRecord(BaseModel):
    """A training that was started; the file ``training.json`` beside its checkpoints.

    Parameters
    ----------
    config : ModelConfig
        Networks and how they are trained.
    seed : int
        Random seed.
    study : str
        Hash of the recordings.
    minutes, steps : optional
        Length that the user asked for; neither for the steps of the preset.
    weights, vgg : Path, optional
        Pretrained files that the user gave.
    used, held_out : tuple of str
        Recordings that could be read, and subjects that are held out for the checks. Empty until the crops
        are made.
    posture : str
        Hash of the trained posture encoder. Empty until it is trained.
    finished : bool
        Whether the weights were saved.
    earlier_minutes : float
        Minutes of a training that had ended when it was continued: ``minutes`` are added to them.
    earlier_steps : int
        The same in steps.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    config: ModelConfig
    seed: int
    study: str
    minutes: float | None = None
    steps: int | None = None
    weights: Path | None = None
    vgg: Path | None = None
    used: tuple[str, ...] = ()
    held_out: tuple[str, ...] = ()
    posture: str = ""
    finished: bool = False
    earlier_minutes: float = 0.0
    earlier_steps: int = 0

    def write(self, folder: Path) -> None:
        """Write the record.

        Parameters
        ----------
        folder : Path
            Folder of the checkpoints.
        """
        write_atomic(folder / TRAINING, (self.model_dump_json(indent=2) + "\n").encode())


@dataclass(frozen=True)
class UnfinishedTraining:
    """A training that was stopped and can be resumed.

    Parameters
    ----------
    part : str
        ``"encoders"`` or ``"magnifier"``.
    preset : str
        Name of the preset.
    seed : int
        Random seed.
    window_ms : float
        Length of a behaviour window in milliseconds.
    saved : float
        Time of the last checkpoint, or of the start if there is none, in seconds since 1970.
    begun : bool
        Whether there is a checkpoint. Without one, resuming starts it again with the same settings.
    """

    part: Part
    preset: str
    seed: int
    window_ms: float
    saved: float
    begun: bool = True

    @property
    def settings(self) -> str:
        """Settings of the training, for the user."""
        return f"preset {self.preset}, random seed {self.seed}, window {self.window_ms:.0f} ms"


def unfinished_trainings(folder: Path) -> tuple[UnfinishedTraining, ...]:
    """Find the trainings of a run that were stopped.

    Parameters
    ----------
    folder : Path
        Folder of the run.

    Returns
    -------
    tuple of UnfinishedTraining
        The one that was stopped last comes first.
    """
    parts: dict[Part, str] = {"encoders": CHECKPOINTS, "magnifier": MAGNIFIER_CHECKPOINTS}
    found = []
    for part, name in parts.items():
        record = _read(folder / name)
        if record is not None and not record.finished:
            config, times = record.config, _checkpoint_times(folder / name)
            saved = max(times, default=(folder / name / TRAINING).stat().st_mtime)
            found.append(
                UnfinishedTraining(
                    part, config.preset, record.seed, config.behaviour.window_ms, saved, bool(times)
                )
            )
    return tuple(sorted(found, key=lambda one: one.saved, reverse=True))


def unfinished(folder: Path) -> bool:
    """Whether a training was stopped after its first checkpoint, and can be resumed.

    Parameters
    ----------
    folder : Path
        Folder of the checkpoints.

    Returns
    -------
    bool
    """
    record = _read(folder)
    return record is not None and not record.finished and bool(_checkpoint_times(folder))


def study_hash(recordings: Iterable[Recording]) -> str:
    """Hash of recordings. It depends on what a training sees, not on groups and sessions.

    Parameters
    ----------
    recordings : iterable of Recording
        Recordings of the training.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for one in recordings:
        digest.update(one.model_dump_json(include=HASHED).encode() + exclusions(one))
        if one.track is not None:
            digest.update(one.track.frames.tobytes() + one.track.boxes.tobytes() + alignment(one))
    return digest.hexdigest()[:16]


def read_started(folder: Path) -> TrainingRecord:
    """Read the record of the training that is to be resumed.

    Parameters
    ----------
    folder : Path
        Folder of the checkpoints.

    Returns
    -------
    TrainingRecord

    Raises
    ------
    RunError
        If no training was started there.
    """
    record = _read(folder)
    if record is None:
        raise RunError(f"{folder} holds no training that could be resumed; train without resuming.")
    return record


def start(folder: Path, wanted: TrainingRecord, *, restart: bool = False) -> TrainingRecord:
    """Start a training, and remove the checkpoints of an earlier one.

    Parameters
    ----------
    folder : Path
        Folder of the checkpoints.
    wanted : TrainingRecord
        Record of the new training.
    restart : bool
        Whether to discard a training that is not finished.

    Returns
    -------
    TrainingRecord
        The new record.

    Raises
    ------
    RunError
        If a training that is not finished would be lost.
    """
    if unfinished(folder) and not restart:
        raise RunError(
            f"{folder} holds a training that is not finished; resume it with --resume, or discard it with "
            "--restart."
        )
    _clear(folder)
    wanted.write(folder)
    return wanted


def resume(folder: Path, started: TrainingRecord, wanted: TrainingRecord) -> TrainingRecord:
    """Check that a training is resumed with the same settings, and change its length; nothing is written.

    Parameters
    ----------
    folder : Path
        Folder of the checkpoints.
    started : TrainingRecord
        Record of the training that is resumed.
    wanted : TrainingRecord
        What is asked for now.

    Returns
    -------
    TrainingRecord
        The updated record, to be written when the recordings were checked.

    Raises
    ------
    RunError
        If the settings differ.
    """
    fields = {"config": "preset, backbone, crops or window", "seed": "random seed", "study": "recordings"}
    for name, said in fields.items():
        if getattr(started, name) != getattr(wanted, name):
            raise RunError(
                f"The training in {folder} was started with other {said}; resume it with the same, or start "
                "again with --restart."
            )
    length = {name: getattr(wanted, name) for name in ("minutes", "steps", "weights", "vgg")}
    longer = (wanted.minutes, wanted.steps) != (started.minutes, started.steps)
    finished = started.finished and not longer
    return started.model_copy(update={**length, "finished": finished})


def with_recordings(
    folder: Path, record: TrainingRecord, used: tuple[str, ...], held_out: set[str]
) -> TrainingRecord:
    """Record the recordings of a training, or check that they are the same as at its start.

    Parameters
    ----------
    folder : Path
        Folder of the checkpoints.
    record : TrainingRecord
        Record of the training.
    used : tuple of str
        Names of the recordings that can be read.
    held_out : set of str
        Subjects that are held out.

    Returns
    -------
    TrainingRecord
        The updated record.

    Raises
    ------
    RunError
        If the training was started with other recordings.
    """
    if record.used:
        changed = sorted(set(record.used) ^ set(used))
        if changed:
            raise RunError(
                f"{changed[0]} can{'not' if changed[0] in record.used else ''} be read now, unlike at the "
                "start of the training; resume with the same recordings, or start again with --restart."
            )
    else:
        record = record.model_copy(update={"used": used, "held_out": tuple(sorted(held_out))})
    record.write(folder)
    return record


def with_posture(folder: Path, record: TrainingRecord, posture: str) -> TrainingRecord:
    """Record the trained posture encoder. Checkpoints for another posture encoder are removed.

    Parameters
    ----------
    folder : Path
        Folder of the checkpoints.
    record : TrainingRecord
        Record of the training.
    posture : str
        Hash of the trained posture encoder.

    Returns
    -------
    TrainingRecord
        The updated record.
    """
    if record.posture != posture:
        shutil.rmtree(folder / "behaviour", ignore_errors=True)
        record = record.model_copy(update={"posture": posture, "finished": False})
        record.write(folder)
    return record


def discard_magnifier_training(folder: Path, posture: str) -> None:
    """Remove the checkpoints of a magnifier that is trained for another posture encoder.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    posture : str
        Hash of the posture encoder of the run.
    """
    record = _read(folder / MAGNIFIER_CHECKPOINTS)
    if record is not None and record.posture != posture:
        shutil.rmtree(folder / MAGNIFIER_CHECKPOINTS, ignore_errors=True)


@contextmanager
def recorded(folder: Path) -> Iterator[None]:
    """Say how a training that is stopped can go on, and forget one that is refused before its first step.

    Parameters
    ----------
    folder : Path
        Folder of the checkpoints, with the record.

    Raises
    ------
    Cancelled
        With what was kept.
    """
    try:
        yield
    except Cancelled as stopped:
        if unfinished(folder):
            raise
        before = _read(folder)
        if before is not None and before.finished:
            said = "The training was cancelled before it went on; the model stays as it was."
            raise Cancelled(said) from stopped
        raise Cancelled(
            "The training was cancelled before its first step; resuming starts it with the same settings."
        ) from stopped
    except UbamError:
        if not _checkpoint_times(folder):
            (folder / TRAINING).unlink(missing_ok=True)
        raise


def _read(folder: Path) -> TrainingRecord | None:
    try:
        return TrainingRecord.model_validate_json((folder / TRAINING).read_bytes())
    except (OSError, ValidationError):
        return None


def _checkpoint_times(folder: Path) -> list[float]:
    """Modification times of the checkpoints of all stages."""
    return [path.stat().st_mtime for path in folder.glob("*/step-*.safetensors")]


def _clear(folder: Path) -> None:
    """Remove checkpoints and record of a training, but not those of another training inside of its folder."""
    for path in folder.glob("*"):
        if path.is_dir() and not (path / TRAINING).is_file():
            shutil.rmtree(path, ignore_errors=True)
        elif path.is_file():
            path.unlink(missing_ok=True)
