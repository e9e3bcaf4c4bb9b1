"""Write the codes of one recording to disk."""

from __future__ import annotations

import datetime
import platform
import shutil
import uuid
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import zarr
from numpy.typing import NDArray

from napari_ubam.crops.folders import NAME, free_folder, move, remove_folder
from napari_ubam.crops.identity import region_hash
from napari_ubam.study import Recording
from napari_ubam.video import VideoArray

from .codes_hash import hash_of_codes
from .encoder import Encoder
from .errors import EmbeddingError

FORMAT = 1
"""Version of the file layout. Increase it when the layout changes, then old codes are computed again."""

CODES = "codes"
"""Attribute with the hash of the codes; recordings that were embedded by an earlier version have none."""

CHUNK = 1024  # frames per chunk of an array


class EmbeddingWriter:
    """Write the codes of a recording to a temporary folder, and move them into the store at the end.

    The store therefore never holds incomplete codes, even if the process is killed.

    Parameters
    ----------
    root : Path
        Folder of the store.
    recording : Recording
        Recording that the codes belong to.
    encoder : Encoder
        Model that computes the codes.
    video : VideoArray
        Opened video of the recording.
    """

    def __init__(self, root: Path, recording: Recording, encoder: Encoder, video: VideoArray) -> None:
        self._root = root
        self._name = recording.name
        frames = recording.frames(len(video))
        self._frames = np.array(frames, np.int64)
        self._times = video.times[frames.start : frames.stop].copy()
        self._attributes = _metadata(recording, encoder, video, frames)
        self._partial = _temporary_folder(root, recording.name)
        self._group: Any = None
        self._array: Any = None
        self._posture: NDArray[np.float32] = np.empty((len(frames), 0), np.float32)
        self._valid = np.zeros(len(frames), bool)
        self._added = self._written = 0

    @property
    def posture(self) -> NDArray[np.float32]:
        """Posture code of each frame, shape (t, d); NaN if a frame has no code, or no code yet."""
        return self._posture

    @property
    def times(self) -> NDArray[np.float64]:
        """Time of each frame in seconds, shape (t,)."""
        return self._times

    @property
    def valid(self) -> NDArray[np.bool_]:
        """True for frames that have a crop, shape (t,)."""
        return self._valid

    @property
    def added(self) -> int:
        """Number of frames that were added so far."""
        return self._added

    def add(self, posture: NDArray[np.float32], valid: NDArray[np.bool_]) -> None:
        """Append the posture codes of the next frames.

        Parameters
        ----------
        posture : (m, d) float32 array
            Posture code of each of the ``m`` valid frames.
        valid : (n,) bool array
            True for those of the next ``n`` frames that have a crop.
        """
        if self._array is None and len(posture):
            self._begin(posture.shape[1])
        self._valid[self._added : self._added + len(valid)] = valid
        if len(posture):
            self._posture[self._added : self._added + len(valid)][valid] = posture
        self._added += len(valid)
        self._flush(self._added // CHUNK * CHUNK)

    def _begin(self, width: int) -> None:
        self._posture = np.full((len(self._frames), width), np.nan, np.float32)
        self._group = zarr.create_group(str(self._partial))
        self._array = self._make("posture", self._posture)

    def _make(self, name: str, data: NDArray[Any]) -> Any:
        chunks = (min(CHUNK, len(data)), *data.shape[1:])
        axes = ("t", "d")[: data.ndim]
        return self._group.create_array(
            name, shape=data.shape, chunks=chunks, dtype=data.dtype, dimension_names=axes
        )

    def _flush(self, stop: int) -> None:
        if self._array is not None and stop > self._written:
            self._array[self._written : stop] = self._posture[self._written : stop]
            self._written = stop

    def finish(self, behaviour: NDArray[np.float32], valid: NDArray[np.bool_]) -> None:
        """Write the remaining codes, and move all codes into the store.

        Parameters
        ----------
        behaviour : (t, e) float32 array
            Behaviour code of the window around each frame.
        valid : (t,) bool array
            True for frames with a complete window.

        Raises
        ------
        EmbeddingError
            If posture codes of some frames were not added.
        """
        if self._array is None or self._added != len(self._frames):
            raise EmbeddingError(
                f"{self._name}: only {self._added} of {len(self._frames)} frames are encoded; embed it again."
            )
        self._flush(self._added)
        codes = np.where(valid[:, None], behaviour, np.nan).astype(np.float32)
        arrays = {"behaviour": codes, "valid": self._valid, "frames": self._frames, "times": self._times}
        for name, data in arrays.items():
            self._make(name, data)[:] = data
        noted = {**self._attributes, CODES: hash_of_codes(self._posture, codes)}
        self._group.attrs.update(noted)
        zarr.open_group(str(self._root), mode="a")
        target = free_folder(self._root, self._name)
        remove_folder(target)
        move(self._partial, target)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        shutil.rmtree(self._partial, ignore_errors=True)
        _remove_if_empty(self._partial.parent)


def _temporary_folder(root: Path, name: str) -> Path:
    """Return a temporary folder, and remove those that a killed process left for this recording."""
    beside = root.with_name(f"{root.name}.partial")
    own = free_folder(root, name).name
    for left in beside.glob("*.*"):
        if left.name.rpartition(".")[0] == own:
            shutil.rmtree(left, ignore_errors=True)
    return beside / f"{own}.{uuid.uuid4().hex[:8]}"


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return  # another writer uses it


def _metadata(recording: Recording, encoder: Encoder, video: VideoArray, frames: range) -> dict[str, Any]:
    return {
        "format": FORMAT,
        NAME: recording.name,
        "subject": recording.subject,
        "group": recording.group,
        "session": recording.session,
        "video": str(recording.video),
        "fingerprint": video.fingerprint,
        "region": region_hash(recording, frames),
        "fps": video.fps,
        "camera_fps": recording.fps,
        "hashes": dict(encoder.hashes),
        "spec": asdict(encoder.spec),
        "device": str(encoder.device),
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("napari-ubam", "numpy", "torch", "av")},
        },
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
