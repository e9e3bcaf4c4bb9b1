"""Crops of one recording on disk: an array of zarr, and attributes that say what of it is there."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np
import zarr
import zarr.errors
from numpy.typing import NDArray

from napari_ubam.study import Recording
from napari_ubam.video import VideoArray

from .cached import CachedCrops
from .chunks import chunk_file, write_chunk
from .cropper import CropSpec
from .errors import CropError
from .folders import NAME, free_folder, recording_folder, remove_folder
from .identity import from_ranges, region_hash, to_ranges
from .stream import BLOCK

FORMAT = 1
"""Raised whenever crops are made otherwise, so that old ones are not read."""

NOTING = 0.5  # seconds between notes of what is complete; a kill loses the work since the last one


class Entry:
    """Crops of one recording.

    Parameters
    ----------
    folder : Path
        Its folder, which exists.
    attributes : dict
        What is noted of it.
    """

    def __init__(self, folder: Path, attributes: dict[str, Any]) -> None:
        self.folder = folder
        self._attributes = attributes
        self.name = str(attributes[NAME])
        self.frames = range(*attributes["frames"])
        self.chunk = int(attributes["chunk"])
        self.chunks = -(-len(self.frames) // self.chunk)
        self.complete = from_ranges(attributes["complete"], self.chunks)
        self.invalid = from_ranges(attributes["invalid"], len(self.frames))
        self._noted = time.monotonic()

    @classmethod
    def find(cls, root: Path, name: str) -> Entry | None:
        """Entry of a recording, None where there is none that can be read."""
        folder = recording_folder(root, name)
        if folder is None:
            return None
        try:
            return cls(folder, dict(zarr.open_group(str(folder), mode="r").attrs))
        except (OSError, ValueError, KeyError, TypeError, zarr.errors.BaseZarrError):
            return None

    @classmethod
    def create(cls, root: Path, recording: Recording, video: VideoArray, spec: CropSpec) -> Entry:
        """Make an empty entry, in the place of an older one."""
        folder = free_folder(root, recording.name)
        remove_folder(folder)
        frames = recording.frames(len(video))
        zarr.open_group(str(root), mode="a")
        group = zarr.create_group(str(folder))
        length = len(frames)
        group.create_array(
            "crops",
            shape=(length, *spec.shape),
            chunks=(BLOCK, *spec.shape),
            dtype="uint8",
            compressors=None,
            filters=None,
            dimension_names=("t", "y", "x", "c")[: 1 + len(spec.shape)],
        )
        times = video.times[frames.start : frames.stop]
        array = group.create_array("times", shape=times.shape, chunks=(max(length, 1),), dtype="float64")
        array[:] = times
        attributes: dict[str, Any] = {
            "format": FORMAT,
            "video": str(recording.video),
            "fingerprint": video.fingerprint,
            "region": region_hash(recording, frames),
            "frames": [frames.start, frames.stop],
            "count": len(video),
            "fps": video.fps,
            "spec": asdict(spec),
            "chunk": BLOCK,
            "complete": [],
            "invalid": [],
        }
        group.attrs.update(attributes)
        group.attrs[NAME] = recording.name  # last: only now it counts
        return cls(folder, {**attributes, NAME: recording.name})

    def fault(self, recording: Recording, spec: CropSpec, video: VideoArray | None) -> str:
        """Why the crops are not those of a recording; empty where they are, as far as that can be told.

        Parameters
        ----------
        recording : Recording
            As it is now.
        spec : CropSpec
            What crops should look like.
        video : VideoArray or None
            Its video where that is to be compared too.
        """
        noted = self._attributes
        if noted["format"] != FORMAT or noted["spec"] != asdict(spec):
            return "crops of another size or kind"
        if video is not None and noted["fingerprint"] != video.fingerprint:
            return "crops of another video file"
        count = int(noted["count"]) if video is None else len(video)
        if noted["region"] != region_hash(recording, recording.frames(count)):
            return "crops of another region or range of frames"
        return ""

    def write(self, number: int, crops: NDArray[np.uint8], valid: NDArray[np.bool_]) -> None:
        """Write a chunk; it counts once it is noted, which is done from time to time."""
        start = number * self.chunk
        if valid.any():
            write_chunk(self.folder / "crops", number, crops, self.chunk)
        self.invalid[start : start + len(crops)] = ~valid
        self.complete[number] = True
        if time.monotonic() - self._noted > NOTING:
            self.note()

    def drop(self, numbers: NDArray[np.int64]) -> None:
        """Forget chunks."""
        self.complete[numbers] = False
        self.note()
        for number in numbers.tolist():
            chunk_file(self.folder / "crops", number, 3 if self._attributes["spec"]["colour"] else 2).unlink(
                missing_ok=True
            )

    def note(self) -> None:
        """Note what is complete."""
        attributes = {"complete": to_ranges(self.complete), "invalid": to_ranges(self.invalid)}
        zarr.open_group(str(self.folder), mode="r+").attrs.update(attributes)
        self._noted = time.monotonic()

    def cached(self, recording: Recording, spec: CropSpec) -> CachedCrops:
        """Give what can be read."""
        length = len(self.frames)
        held = np.repeat(self.complete, self.chunk)[:length]
        shown = frames_shown(recording, int(self._attributes["count"]))
        if recording.fps:
            times, fps = np.array(self.frames, np.float64) / recording.fps, recording.fps
        else:
            stored = zarr.open_array(str(self.folder / "times"), mode="r")[:]
            times, fps = cast(NDArray[np.float64], stored), float(self._attributes["fps"])
        if not held.any():
            raise CropError(f"{self.name}: the cache holds none of its crops yet; fill it first.")
        return CachedCrops(
            name=self.name,
            spec=spec,
            frames=self.frames,
            fps=fps,
            times=times,
            held=held,
            valid=held & ~self.invalid,
            complete=bool(held[shown].all()),
            folder=self.folder / "crops",
            chunk=self.chunk,
        )


def frames_shown(recording: Recording, count: int) -> NDArray[np.bool_]:
    """Frames of a recording that are not in a gap of its track, shape (t,)."""
    frames = recording.frames(count)
    shown = np.zeros(len(frames), bool)
    for segment in recording.segments(count):
        shown[segment.start - frames.start : segment.stop - frames.start] = True
    return shown
