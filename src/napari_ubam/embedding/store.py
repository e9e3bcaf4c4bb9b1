"""Store with the codes of recordings, on disk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import zarr
import zarr.errors
from numpy.typing import NDArray

from napari_ubam.crops.folders import recording_folder, stored_names
from napari_ubam.crops.identity import region_hash
from napari_ubam.study import Recording
from napari_ubam.video import VideoArray, open_video

from .codes_hash import hash_of_codes
from .encoder import Encoder
from .errors import EmbeddingError
from .writer import CODES, FORMAT, EmbeddingWriter

if TYPE_CHECKING:
    import xarray

State = Literal["done", "missing", "other model", "other video", "other region"]

_WRONG: dict[State, str] = {
    "missing": "it has no embeddings",
    "other model": "its embeddings were computed with another model than the current one",
    "other video": "its video file was changed after it was embedded",
    "other region": "its region, frames, frame rate or what is left out was changed after it was embedded",
}


@dataclass(frozen=True)
class Embeddings:
    """Posture and behaviour codes of one recording.

    Parameters
    ----------
    name, subject, group, session : str
        Name of the recording, and its labels in the study when it was embedded.
    posture : (t, d) float32 array
        Posture code of each frame; NaN where ``valid`` is False.
    behaviour : (t, e) float32 array
        Behaviour code of the window that is centred on each frame; NaN if the window is not complete.
    frames : (t,) int64 array
        Frame numbers in the video, from 0.
    times : (t,) float64 array
        Time of each frame since the first frame of the video, in seconds.
    valid : (t,) bool array
        True for frames that were decoded and do not lie in a gap of the track.
    fps : float
        Frame rate in frames per second.
    attributes : dict
        Information that is stored with the codes, for example the fingerprint of the video, the hashes of
        the weights and software versions.
    """

    name: str
    subject: str
    group: str
    session: str
    posture: NDArray[np.float32]
    behaviour: NDArray[np.float32]
    frames: NDArray[np.int64]
    times: NDArray[np.float64]
    valid: NDArray[np.bool_]
    fps: float
    attributes: Mapping[str, Any]

    def to_xarray(self) -> xarray.Dataset:
        """Convert the codes to an xarray Dataset with named axes and coordinates.

        Returns
        -------
        Dataset
            Variables ``posture`` (time, posture_code), ``behaviour`` (time, behaviour_code) and ``valid``
            (time). Coordinates ``time`` in seconds and ``frame``, the frame number. Attributes ``recording,
            subject, group, session, fps, posture_hash, behaviour_hash``. The hashes are those of the weights.

        Raises
        ------
        EmbeddingError
            If xarray is not installed.
        """
        try:
            import xarray
        except ImportError:
            raise EmbeddingError(
                "The conversion to a Dataset needs the package xarray; install napari-ubam[xarray]."
            ) from None
        variables = {
            "posture": (("time", "posture_code"), self.posture),
            "behaviour": (("time", "behaviour_code"), self.behaviour),
            "valid": ("time", self.valid),
        }
        coordinates = {
            "time": ("time", self.times, {"units": "s"}),
            "frame": ("time", self.frames),
        }
        labels = {"subject": self.subject, "group": self.group, "session": self.session}
        hashes = {f"{kind}_hash": text for kind, text in self.attributes.get("hashes", {}).items()}
        attributes = {"recording": self.name, **labels, "fps": self.fps, **hashes}
        return xarray.Dataset(variables, coordinates, attributes)

    @property
    def behaviour_valid(self) -> NDArray[np.bool_]:
        """True for frames with a complete window, shape (t,)."""
        return cast(NDArray[np.bool_], np.isfinite(self.behaviour).all(axis=1))


@dataclass(frozen=True)
class EmbeddingStore:
    """Store with the codes of recordings: a zarr group for each recording. It can be pickled.

    Parameters
    ----------
    folder : Path
        Folder of the store, ``embeddings.zarr`` in a run. The first write creates it.
    """

    folder: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", Path(self.folder).absolute())

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the recordings in the store."""
        return tuple(name for name, _ in stored_names(self.folder))

    def write(self, recording: Recording, encoder: Encoder, video: VideoArray) -> EmbeddingWriter:
        """Begin to write the codes of a recording. Old codes are replaced when the new ones are complete.

        Parameters
        ----------
        recording : Recording
            Recording that the codes belong to.
        encoder : Encoder
            Model that the codes belong to.
        video : VideoArray
            Opened video of the recording.

        Returns
        -------
        EmbeddingWriter
            Context manager. Call `add` for each block of posture codes, and `finish` at the end.
        """
        return EmbeddingWriter(self.folder, recording, encoder, video)

    def state(self, recording: Recording, encoder: Encoder, video: VideoArray | None = None) -> State:
        """Check whether a recording has codes of this model and of the current video.

        Parameters
        ----------
        recording : Recording
            Recording that the codes belong to.
        encoder : Encoder
            Current model. Its ``hashes`` and ``spec`` are compared with the stored ones.
        video : VideoArray, optional
            Opened video of the recording. If None, the video is opened here.

        Returns
        -------
        str
            ``"done"``, ``"missing"``, ``"other model"``, ``"other video"`` or ``"other region"``.

        Raises
        ------
        VideoError
            If the video cannot be read.
        """
        stored = self._attributes(recording.name)
        if stored is None or stored.get("format") != FORMAT:
            return "missing"
        if stored["hashes"] != dict(encoder.hashes) or stored["spec"] != asdict(encoder.spec):
            return "other model"
        if video is None:
            with recording.open_with(open_video, warn=False) as opened:
                return self._video_state(stored, recording, opened)
        return self._video_state(stored, recording, video)

    @staticmethod
    def _video_state(stored: dict[str, Any], recording: Recording, video: VideoArray) -> State:
        if stored["fingerprint"] != video.fingerprint:
            return "other video"
        region = region_hash(recording, recording.frames(len(video)))
        return (
            "done" if (stored["region"], stored["camera_fps"]) == (region, recording.fps) else "other region"
        )

    def require(self, recording: Recording, encoder: Encoder) -> Embeddings:
        """Read the codes of a recording, and check that they belong to this model and the current video.

        Parameters
        ----------
        recording : Recording
            Recording that the codes belong to.
        encoder : Encoder
            Model that the codes belong to.

        Returns
        -------
        Embeddings
            Codes of the recording, in memory.

        Raises
        ------
        EmbeddingError
            If codes are missing, or belong to another model, video or region.
        VideoError
            If the video cannot be read.
        """
        self.check(recording, encoder)
        return self.read(recording.name)

    def check(self, recording: Recording, encoder: Encoder) -> None:
        """Check that the codes of a recording belong to this model and the current video.

        Parameters
        ----------
        recording : Recording
        encoder : Encoder

        Raises
        ------
        EmbeddingError
            If codes are missing, or belong to another model, video or region.
        VideoError
            If the video cannot be read.
        """
        state = self.state(recording, encoder)
        if state != "done":
            raise EmbeddingError(
                f"{recording.name}: {_WRONG[state]}; embed it first, or remove it from the study."
            )

    def read(self, name: str) -> Embeddings:
        """Read the codes of a recording without any check. The model and the video are not needed.

        Parameters
        ----------
        name : str
            Name of the recording.

        Returns
        -------
        Embeddings
            Codes of the recording, in memory.

        Raises
        ------
        EmbeddingError
            If there are no codes, or if they cannot be read.
        """
        folder = recording_folder(self.folder, name)
        if folder is None:
            raise EmbeddingError(f"{name}: {_WRONG['missing']} in {self.folder}; embed it first.")
        try:
            group = zarr.open_group(str(folder), mode="r")
            stored: dict[str, Any] = dict(group.attrs)
            values: dict[str, Any] = {key: str(stored[key]) for key in ("subject", "group", "session")}
            values |= {key: cast(Any, group[key])[:] for key in _ARRAYS}
            return Embeddings(name=name, **values, fps=float(stored["fps"]), attributes=stored)
        except (OSError, ValueError, KeyError, TypeError, zarr.errors.BaseZarrError) as error:
            raise EmbeddingError(
                f"{name}: its embeddings in {folder} cannot be read; remove this folder and embed it again."
            ) from error

    def length(self, name: str) -> int:
        """Count the frames of a recording, without reading them.

        Parameters
        ----------
        name : str
            Name of the recording.

        Returns
        -------
        int

        Raises
        ------
        EmbeddingError
            If there are no codes, or if they cannot be read.
        """
        folder = recording_folder(self.folder, name)
        try:
            if folder is not None:
                return int(json.loads((folder / "frames" / "zarr.json").read_bytes())["shape"][0])
        except (OSError, ValueError, KeyError, IndexError):
            pass
        return len(self.read(name).frames)

    def codes_hash(self, name: str) -> str:
        """Give the hash of the codes of a recording. Fast, since it was written with the codes.

        Parameters
        ----------
        name : str
            Name of the recording.

        Returns
        -------
        str
            See `napari_ubam.embedding.codes.codes_hash`. Empty if there are no codes, or if they cannot be
            read.
        """
        try:
            attributes, changed = self._noted(name)
            noted = attributes.get(CODES)
            return str(noted) if noted else _computed_hash(self, name, changed)
        except (OSError, ValueError, KeyError, EmbeddingError):
            return ""

    def fingerprint(self, name: str) -> str:
        """Give the fingerprint of the video that a recording was embedded from.

        Parameters
        ----------
        name : str
            Name of the recording.

        Returns
        -------
        str
            Empty if there are no codes, or if they cannot be read.
        """
        try:
            return str(self._noted(name)[0].get("fingerprint", ""))
        except (OSError, ValueError, KeyError):
            return ""

    def _noted(self, name: str) -> tuple[dict[str, Any], int]:
        """Read the attributes of a recording, and when they were written, in nanoseconds.

        As JSON, because opening a zarr group takes much longer.
        """
        folder = recording_folder(self.folder, name)
        if folder is None:
            raise FileNotFoundError(name)
        metadata = folder / "zarr.json"
        return json.loads(metadata.read_bytes())["attributes"], metadata.stat().st_mtime_ns

    def _attributes(self, name: str) -> dict[str, Any] | None:
        folder = recording_folder(self.folder, name)
        return None if folder is None else dict(zarr.open_group(str(folder), mode="r").attrs)


@lru_cache(maxsize=4096)
def _computed_hash(store: EmbeddingStore, name: str, _changed: int) -> str:
    """Hash of codes that were written by an earlier version; read again only if the file is newer."""
    found = store.read(name)
    return hash_of_codes(found.posture, found.behaviour)


_ARRAYS = ("posture", "behaviour", "frames", "times", "valid")
