"""Codes of recordings on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
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

from .encoder import Encoder
from .errors import EmbeddingError
from .writer import FORMAT, EmbeddingWriter

if TYPE_CHECKING:
    import xarray

State = Literal["done", "missing", "other model", "other video", "other region"]

_WRONG: dict[State, str] = {
    "missing": "there are no embeddings of it",
    "other model": "its embeddings were made by another model than the one in use",
    "other video": "its video file was changed since it was embedded",
    "other region": "its region, range of frames or frame rate was changed since it was embedded",
}


@dataclass(frozen=True)
class Embeddings:
    """Codes of a recording.

    Parameters
    ----------
    name, subject, group, session : str
        The recording and what the study said of it when it was embedded.
    posture : (t, d) float32 array
        Embedding of each frame; NaN where ``valid`` is False.
    behaviour : (t, d) float32 array
        Embedding of the window that is centred on each frame; NaN where that is not whole.
    frames : (t,) int64 array
        Frame numbers.
    times : (t,) float64 array
        Seconds of each frame since the video's first one.
    valid : (t,) bool array
        Frames with a crop: not in a gap of the track, and decoded.
    fps : float
        Frames per second.
    attributes : dict
        All that is noted with the codes: fingerprint of the video, hashes of the weights, versions, ...
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
        """Convert the codes to an xarray Dataset, whose axes have names and coordinates.

        Returns
        -------
        Dataset
            Variables ``posture`` (time, posture_code), ``behaviour`` (time, behaviour_code) and ``valid``
            (time). Coordinates ``time`` in seconds and ``frame``, the frame number. Attributes ``recording,
            subject, group, session, fps, posture_hash, behaviour_hash``, where the hashes are those of the
            encoders' weights.

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
        """Frames with a whole window around them, shape (t,)."""
        return cast(NDArray[np.bool_], np.isfinite(self.behaviour).all(axis=1))


@dataclass(frozen=True)
class EmbeddingStore:
    """Codes of recordings as arrays of zarr, a group a recording; it can be pickled.

    Parameters
    ----------
    folder : Path
        The store, ``embeddings.zarr`` in the run's folder; made when it is first written to.
    """

    folder: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", Path(self.folder).absolute())

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the recordings that it holds."""
        return tuple(name for name, _ in stored_names(self.folder))

    def write(self, recording: Recording, encoder: Encoder, video: VideoArray) -> EmbeddingWriter:
        """Begin to write the codes of a recording; what there was of it stays until they are complete.

        Parameters
        ----------
        recording : Recording
            The recording.
        encoder : Encoder
            Which model.
        video : VideoArray
            Its video.

        Returns
        -------
        EmbeddingWriter
            A context manager, with `add` for postures as they come and `finish`.
        """
        return EmbeddingWriter(self.folder, recording, encoder, video)

    def state(self, recording: Recording, encoder: Encoder, video: VideoArray | None = None) -> State:
        """Tell whether codes of a recording are there, and are those of a model and of the video as it is.

        Parameters
        ----------
        recording : Recording
            The recording.
        encoder : Encoder
            Which model: its ``hashes`` and ``spec`` count.
        video : VideoArray, optional
            Its video where that is open already.

        Returns
        -------
        str
            ``"done"``, ``"missing"``, ``"other model"``, ``"other video"`` or ``"other region"``.

        Raises
        ------
        VideoError
            If the video cannot be read.
        """
        noted = self._attributes(recording.name)
        if noted is None or noted.get("format") != FORMAT:
            return "missing"
        if noted["hashes"] != dict(encoder.hashes) or noted["spec"] != asdict(encoder.spec):
            return "other model"
        if video is None:
            with recording.open_with(open_video, warn=False) as opened:
                return self._video_state(noted, recording, opened)
        return self._video_state(noted, recording, video)

    @staticmethod
    def _video_state(noted: dict[str, Any], recording: Recording, video: VideoArray) -> State:
        if noted["fingerprint"] != video.fingerprint:
            return "other video"
        region = region_hash(recording, recording.frames(len(video)))
        return "done" if (noted["region"], noted["camera_fps"]) == (region, recording.fps) else "other region"

    def require(self, recording: Recording, encoder: Encoder) -> Embeddings:
        """Read the codes of a recording, if they are those of a model and of the video as it is.

        Parameters
        ----------
        recording : Recording
            The recording.
        encoder : Encoder
            Which model.

        Returns
        -------
        Embeddings
            All of them, in memory.

        Raises
        ------
        EmbeddingError
            In one sentence, if they are not.
        VideoError
            If the video cannot be read.
        """
        state = self.state(recording, encoder)
        if state != "done":
            raise EmbeddingError(
                f"{recording.name}: {_WRONG[state]}; embed it first, or take it out of the study."
            )
        return self.read(recording.name)

    def read(self, name: str) -> Embeddings:
        """Read the codes of a recording, of whatever model; its video is not needed.

        Parameters
        ----------
        name : str
            The recording's name.

        Returns
        -------
        Embeddings
            All of them, in memory.

        Raises
        ------
        EmbeddingError
            If there are none, or they cannot be read.
        """
        folder = recording_folder(self.folder, name)
        if folder is None:
            raise EmbeddingError(f"{name}: {_WRONG['missing']} in {self.folder}; embed it first.")
        try:
            group = zarr.open_group(str(folder), mode="r")
            noted: dict[str, Any] = dict(group.attrs)
            values: dict[str, Any] = {key: str(noted[key]) for key in ("subject", "group", "session")}
            values |= {key: cast(Any, group[key])[:] for key in _ARRAYS}
            return Embeddings(name=name, **values, fps=float(noted["fps"]), attributes=noted)
        except (OSError, ValueError, KeyError, TypeError, zarr.errors.BaseZarrError) as error:
            raise EmbeddingError(
                f"{name}: its embeddings in {folder} cannot be read; remove this folder and embed it again."
            ) from error

    def _attributes(self, name: str) -> dict[str, Any] | None:
        folder = recording_folder(self.folder, name)
        return None if folder is None else dict(zarr.open_group(str(folder), mode="r").attrs)


_ARRAYS = ("posture", "behaviour", "frames", "times", "valid")
