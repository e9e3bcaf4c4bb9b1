"""Crops of one recording on disk: a zarr array, with attributes that record which chunks exist."""

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
from napari_ubam.study.intervals import left_out
from napari_ubam.video import VideoArray

from .cached import CachedCrops
from .chunks import chunk_file, write_chunk
from .cropper import CropSpec
from .errors import CropError
from .folders import NAME, free_folder, recording_folder, remove_folder
from .identity import from_ranges, region_hash, to_ranges
from .stream import BLOCK

FORMAT = 1
"""Version of the crops. A new version makes old cached crops invalid."""

SAVE_INTERVAL = 0.5  # seconds between updates of the list of complete chunks; a kill loses later work


class Entry:
    """Crops of one recording.

    Parameters
    ----------
    folder : Path
        Existing folder of the recording.
    attributes : dict
        Attributes of its zarr group.
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
        self._saved = time.monotonic()

    @classmethod
    def find(cls, root: Path, name: str) -> Entry | None:
        """Find the entry of a recording.

        Parameters
        ----------
        root : Path
            Cache folder.
        name : str
            Name of the recording.

        Returns
        -------
        Entry or None
            None if there is no readable entry.
        """
        folder = recording_folder(root, name)
        if folder is None:
            return None
        try:
            return cls(folder, dict(zarr.open_group(str(folder), mode="r").attrs))
        except (OSError, ValueError, KeyError, TypeError, zarr.errors.BaseZarrError):
            return None

    @classmethod
    def create(cls, root: Path, recording: Recording, video: VideoArray, spec: CropSpec) -> Entry:
        """Create an empty entry, and replace an old one.

        Parameters
        ----------
        root : Path
            Cache folder.
        recording : Recording
            The recording.
        video : VideoArray
            Its video.
        spec : CropSpec
            Size and colour of the crops.

        Returns
        -------
        Entry
            The new entry.
        """
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
        group.attrs[NAME] = recording.name  # written last: only now the entry is valid
        return cls(folder, {**attributes, NAME: recording.name})

    def fault(self, recording: Recording, spec: CropSpec, video: VideoArray | None) -> str:
        """Check that the crops belong to a recording.

        Parameters
        ----------
        recording : Recording
            The current recording.
        spec : CropSpec
            Expected size and colour.
        video : VideoArray or None
            Current video, to compare its content. None: the content is not compared.

        Returns
        -------
        str
            Difference for a message, such as ``crops of another video file``. Empty if there is none.
        """
        stored = self._attributes
        if stored["format"] != FORMAT or stored["spec"] != asdict(spec):
            return "crops of another size or kind"
        if video is not None and stored["fingerprint"] != video.fingerprint:
            return "crops of another video file"
        count = int(stored["count"]) if video is None else len(video)
        if stored["region"] != region_hash(recording, recording.frames(count)):
            return "crops of another region, frame range or part that is left out"
        return ""

    def write(self, number: int, crops: NDArray[np.uint8], valid: NDArray[np.bool_]) -> None:
        """Write a chunk. It becomes valid with the next `save_state`, which this calls from time to time.

        Parameters
        ----------
        number : int
            Number of the chunk.
        crops : ndarray of uint8, shape (n, y, x[, 3])
            Its crops.
        valid : ndarray of bool, shape (n,)
            Frames that have a crop.
        """
        start = number * self.chunk
        if valid.any():
            write_chunk(self.folder / "crops", number, crops, self.chunk)
        self.invalid[start : start + len(crops)] = ~valid
        self.complete[number] = True
        if time.monotonic() - self._saved > SAVE_INTERVAL:
            self.save_state()

    def drop(self, numbers: NDArray[np.int64]) -> None:
        """Delete chunks.

        Parameters
        ----------
        numbers : ndarray of int64, shape (n,)
            Numbers of the chunks.
        """
        self.complete[numbers] = False
        self.save_state()
        for number in numbers.tolist():
            chunk_file(self.folder / "crops", number, 3 if self._attributes["spec"]["colour"] else 2).unlink(
                missing_ok=True
            )

    def save_state(self) -> None:
        """Save the list of complete chunks."""
        attributes = {"complete": to_ranges(self.complete), "invalid": to_ranges(self.invalid)}
        zarr.open_group(str(self.folder), mode="r+").attrs.update(attributes)
        self._saved = time.monotonic()

    def cached(self, recording: Recording, spec: CropSpec) -> CachedCrops:
        """Return the crops for reading.

        Parameters
        ----------
        recording : Recording
            The recording. Its frame rate is used for the times.
        spec : CropSpec
            Size and colour of the crops.

        Returns
        -------
        CachedCrops
            The crops in the cache.

        Raises
        ------
        CropError
            If the entry has no crops.
        """
        length = len(self.frames)
        held = np.repeat(self.complete, self.chunk)[:length]
        if recording.fps:
            times, fps = np.array(self.frames, np.float64) / recording.fps, recording.fps
        else:
            # Format 2 could name a codec that unpickles; ours is always 3.
            array = zarr.open_array(str(self.folder / "times"), mode="r", zarr_format=3)[:]
            times, fps = cast(NDArray[np.float64], array), float(self._attributes["fps"])
        shown = frames_with_crop(
            recording, int(self._attributes["count"]), left_out(recording.intervals, times)
        )
        if not held.any():
            raise CropError(f"{self.name}: the cache has no crops of it yet; fill the cache first.")
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


def frames_left_out(recording: Recording, video: VideoArray) -> NDArray[np.bool_]:
    """Mark the frames of a recording that the study leaves out.

    Parameters
    ----------
    recording : Recording
        The recording.
    video : VideoArray
        Its video.

    Returns
    -------
    ndarray of bool, shape (t,)
    """
    frames = recording.frames(len(video))
    return recording.left_out(video.times)[frames.start : frames.stop]


def frames_with_crop(recording: Recording, count: int, out: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark the frames of a recording that are not in a gap of its track, and not left out.

    Parameters
    ----------
    recording : Recording
        The recording.
    count : int
        Number of frames in the video.
    out : ndarray of bool, shape (t,)
        Frames of the recording that are left out.

    Returns
    -------
    ndarray of bool, shape (t,)
        One value for each frame of the recording.
    """
    frames = recording.frames(count)
    shown = np.zeros(len(frames), bool)
    for segment in recording.segments(count):
        shown[segment.start - frames.start : segment.stop - frames.start] = True
    return shown & ~out
