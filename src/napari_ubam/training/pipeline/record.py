"""What a training was begun with, so that it is only ever resumed with the same."""

from __future__ import annotations

import hashlib
import math
import shutil
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from napari_ubam.files import write_atomic
from napari_ubam.models.config import ModelConfig
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.paths import TRAINING
from napari_ubam.study import Recording

SEEN = {"name", "video", "subject", "roi", "start", "stop", "fps"}  # what training depends on, besides tracks


class TrainingRecord(BaseModel):
    """A training that was begun; the file ``training.json`` beside its checkpoints.

    Parameters
    ----------
    config : ModelConfig
        Networks and training.
    seed : int
    study : str
        Hash of the recordings, as far as training depends on them.
    used, held_out : tuple of str
        Recordings that could be read, and subjects that are kept out for the checks; empty until the crops
        are made.
    posture : str
        Hash of the trained posture encoder, which the behaviour encoder is trained for; empty before.
    finished : bool
        Whether its weights were saved.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    config: ModelConfig
    seed: int
    study: str
    used: tuple[str, ...] = ()
    held_out: tuple[str, ...] = ()
    posture: str = ""
    finished: bool = False

    def write(self, folder: Path) -> None:
        """Write it into the folder of the checkpoints."""
        write_atomic(folder / TRAINING, (self.model_dump_json(indent=2) + "\n").encode())


def refuse_length(minutes: float | None, steps: int | None, *, weights: bool = False) -> None:
    """Refuse a length of a training that makes no sense.

    Parameters
    ----------
    minutes : float, optional
    steps : int, optional
    weights : bool
        Whether weights are given, which 0 steps take as they are.

    Raises
    ------
    RunError
        If both are given, or one is none that a training could have.
    """
    if weights and steps == 0:
        steps = None
    if minutes is not None and steps is not None:
        raise RunError("Minutes and steps are both given; choose one of them.")
    if (minutes is not None and not 0 < minutes < math.inf) or (steps is not None and steps < 1):
        raise RunError("A training needs minutes above 0, or steps of at least 1.")


def study_hash(recordings: Iterable[Recording]) -> str:
    """Hash of what training sees of recordings: groups and sessions do not count."""
    digest = hashlib.sha256()
    for one in recordings:
        digest.update(one.model_dump_json(include=SEEN).encode())
        if one.track is not None:
            digest.update(one.track.frames.tobytes() + one.track.boxes.tobytes())
    return digest.hexdigest()[:16]


def unfinished(folder: Path) -> bool:
    """Whether a training in the folder of the checkpoints was begun, got to a checkpoint and did not end."""
    record = _read(folder)
    return record is not None and not record.finished and any(folder.glob("*/step-*.safetensors"))


def begin(folder: Path, wanted: TrainingRecord, resume: bool) -> TrainingRecord:
    """Begin a training, or go on with one that was begun with the same.

    Parameters
    ----------
    folder : Path
        Of the checkpoints.
    wanted : TrainingRecord
        What is asked for now.
    resume : bool
        Whether to go on.

    Returns
    -------
    TrainingRecord
        What is on disk now.

    Raises
    ------
    RunError
        If a training that did not end would be lost, or another one would be resumed.
    """
    if not resume:
        if unfinished(folder):
            raise RunError(
                f"{folder} holds a training that did not end; go on with it by resuming, or remove that "
                "folder to begin anew."
            )
        shutil.rmtree(folder, ignore_errors=True)
        wanted.write(folder)
        return wanted
    begun = _read(folder)
    if begun is None:
        raise RunError(f"{folder} holds no training that could be resumed; train without resuming.")
    for name, said in (("config", "preset, crops or window"), ("seed", "seed"), ("study", "recordings")):
        if getattr(begun, name) != getattr(wanted, name):
            raise RunError(
                f"The training in {folder} was begun with other {said}; resume it with the same, or remove "
                "that folder to begin anew."
            )
    return begun


def with_recordings(
    folder: Path, record: TrainingRecord, used: tuple[str, ...], held_out: set[str]
) -> TrainingRecord:
    """Note which recordings are trained on, or see that they are those of before.

    Raises
    ------
    RunError
        If a resumed training saw others.
    """
    if record.used:
        changed = sorted(set(record.used) ^ set(used))
        if changed:
            raise RunError(
                f"{changed[0]} can{'not' if changed[0] in record.used else ''} be read now, unlike when the "
                "training was begun; resume with the same recordings, or train anew."
            )
        return record
    record = record.model_copy(update={"used": used, "held_out": tuple(sorted(held_out))})
    record.write(folder)
    return record


def with_posture(folder: Path, record: TrainingRecord, posture: str) -> TrainingRecord:
    """Note the posture encoder; what was learned of behaviour with another one is removed."""
    if record.posture != posture:
        shutil.rmtree(folder / "behaviour", ignore_errors=True)
        record = record.model_copy(update={"posture": posture, "finished": False})
        record.write(folder)
    return record


def _read(folder: Path) -> TrainingRecord | None:
    try:
        return TrainingRecord.model_validate_json((folder / TRAINING).read_bytes())
    except (OSError, ValidationError):
        return None
