"""Checkpoints of a training as safetensors. They are written completely or not at all, without pickle."""

from __future__ import annotations

import contextlib
import json
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch.plugins.io import CheckpointIO
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor

from napari_ubam.files import write_atomic
from napari_ubam.learners.errors import TrainingError
from napari_ubam.models.weights import copy_to_cpu, tensor_bytes

KEY = "checkpoint"
SUM = "crc32"
KEPT = 2


class SafeCheckpoints(CheckpointIO):
    """Stores checkpoints of Lightning: tensors as tensors, and the rest as JSON in the same file."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Write a checkpoint.

        Parameters
        ----------
        checkpoint : dict
            Tensors, containers and plain values.
        path : path
            File to write.
        storage_options : object
            Not used.

        Raises
        ------
        TrainingError
            If the checkpoint holds anything else.
        """
        tensors: dict[str, Tensor] = {}
        tree = _to_json(checkpoint, tensors)
        noted = {KEY: json.dumps(tree), SUM: str(_sum(tensors))}
        write_atomic(Path(path), to_bytes(tensors, noted))

    def load_checkpoint(self, path: Any, *_: Any, **__: Any) -> dict[str, Any]:
        """Read a checkpoint.

        Parameters
        ----------
        path : path
            File to read.
        *_, **__ : object
            Not used.

        Returns
        -------
        dict

        Raises
        ------
        TrainingError
            If the file is damaged.
        """
        try:
            with safe_open(Path(path), "pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                noted = file.metadata() or {}
            tree = json.loads(noted[KEY])
            if noted.get(SUM, "") not in ("", str(_sum(tensors))):  # a disk can corrupt data
                raise ValueError("its content changed since it was written")
        except (SafetensorError, OSError, KeyError, ValueError) as error:
            raise TrainingError(f"The checkpoint {path} is damaged ({error}); remove it.") from None
        whole: dict[str, Any] = _from_json(tree, tensors)
        return whole

    def remove_checkpoint(self, path: Any) -> None:
        """Delete a checkpoint.

        Parameters
        ----------
        path : path
            File to delete.
        """
        Path(path).unlink(missing_ok=True)


def checkpoint_path(folder: Path, step: int) -> Path:
    """File of the checkpoint of a step.

    Parameters
    ----------
    folder : Path
        Folder of the checkpoints.
    step : int
        Number of the step.

    Returns
    -------
    Path
    """
    return folder / f"step-{step:08d}.safetensors"


def latest(folder: Path, damaged: Callable[[Path], None] | None = None) -> tuple[Path, dict[str, Any]] | None:
    """Find the last checkpoint that can be read.

    Parameters
    ----------
    folder : Path
        Folder of the checkpoints.
    damaged : callable, optional
        Called with every file that cannot be read. Such files are renamed to ``.damaged``.

    Returns
    -------
    (Path, dict) or None
        File and content, None if there is no checkpoint.
    """
    for path in sorted(folder.glob("step-*.safetensors"), reverse=True):
        try:
            return path, SafeCheckpoints().load_checkpoint(path)
        except TrainingError:
            if damaged is not None:
                damaged(path)
            with contextlib.suppress(OSError):  # then it is found again next time
                path.replace(path.with_suffix(".damaged"))
    return None


def prune(folder: Path) -> None:
    """Remove all but the last checkpoints, and incomplete files of a killed process.

    Parameters
    ----------
    folder : Path
        Folder of the checkpoints.
    """
    for path in sorted(folder.glob("step-*.safetensors"))[:-KEPT]:
        path.unlink(missing_ok=True)
    for path in folder.glob("*.part"):
        path.unlink(missing_ok=True)


def _sum(tensors: Mapping[str, Tensor]) -> int:
    total = 0
    for name in sorted(tensors):
        total = zlib.crc32(tensor_bytes(tensors[name]), total)
    return total


def _to_json(value: Any, tensors: dict[str, Tensor]) -> Any:
    """Turn nested containers into JSON; tensors are moved to ``tensors``, and their names remain."""
    if isinstance(value, Tensor):
        name = f"t{len(tensors)}"
        tensors[name] = copy_to_cpu(value)
        return {"tensor": name}
    if isinstance(value, dict):
        return {"dict": [[_to_json(k, tensors), _to_json(v, tensors)] for k, v in value.items()]}
    if isinstance(value, list | tuple):
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [_to_json(item, tensors) for item in value]}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TrainingError(
        f"A {type(value).__name__} cannot be stored in a checkpoint; keep plain values and tensors."
    )


def _from_json(tree: Any, tensors: dict[str, Tensor]) -> Any:
    if not isinstance(tree, dict):
        return tree
    ((kind, inside),) = tree.items()
    if kind == "tensor":
        return tensors[inside]
    if kind == "dict":
        return {_from_json(k, tensors): _from_json(v, tensors) for k, v in inside}
    items = [_from_json(item, tensors) for item in inside]
    return items if kind == "list" else tuple(items)
