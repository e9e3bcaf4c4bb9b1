"""Key points in files that only other packages read: SLEAP's own, NWB, and datasets of movement."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from .poses import Poses, PosesError
from .tables import ONE

_EXTRA = "pip install 'napari-ubam[poses]'"


def read_slp(path: Path) -> Poses:
    """Read a project or predictions of SLEAP by sleap-io. Labels made by hand come before predictions.

    Parameters
    ----------
    path : Path
        ``.slp``, with one video.

    Returns
    -------
    Poses
        With a row for each frame up to the last labelled one.

    Raises
    ------
    PosesError
        If sleap-io is not installed, or the file is not of one video.
    """
    with _needs(path, "sleap-io"):
        import sleap_io

        labels = sleap_io.load_slp(str(path), open_videos=False)
        if len(labels.videos) != 1:
            raise PosesError(
                f"{path.name} has {len(labels.videos)} videos; export an analysis file of each in SLEAP."
            )
        names = [track.name for track in labels.tracks]
        points = np.asarray(
            labels.numpy(video=labels.videos[0], untracked=not names, return_confidence=True), np.float64
        )
        nodes = [node.name for node in labels.skeletons[0].nodes]
        last = max((int(one.frame_idx) for one in labels.labeled_frames), default=len(points) - 1)
    names = names or [ONE.replace("0", str(n)) for n in range(points.shape[1])]
    frames = np.arange(last + 1 - len(points), last + 1, dtype=np.int64)
    return Poses(frames, points[..., :2], points[..., 2], tuple(names), tuple(nodes), path=path)


def read_dataset(path: Path) -> Poses:
    """Read a dataset that movement saved as netCDF, or an NWB file with poses.

    Parameters
    ----------
    path : Path
        ``.nc`` or ``.nwb``.

    Returns
    -------
    Poses

    Raises
    ------
    PosesError
        If movement is not installed, or these are no poses.
    """
    if path.suffix.lower() == ".nwb":
        with _needs(path, "movement"):
            from movement.io import load_poses

            return poses_of_dataset(load_poses.from_file(str(path), source_software="NWB"), path)
    with _needs(path, "xarray"):
        import xarray

        with xarray.open_dataset(path) as data:
            return poses_of_dataset(data.load(), path)


def poses_of_dataset(data: Any, path: Path | None = None) -> Poses:
    """Convert a dataset of movement.

    Parameters
    ----------
    data : xarray.Dataset
        With ``position`` (time, space, keypoints, individuals) and ``confidence``. The names of the axes in
        the singular, as newer releases write them, are understood, too.
    path : Path, optional
        File from which it was read.

    Returns
    -------
    Poses
        Times in seconds are converted to frames by the ``fps`` of the dataset.

    Raises
    ------
    PosesError
        If these are no poses, or their frame rate is missing.
    """
    where = path.name if path is not None else "The dataset"
    if "position" not in data or "space" not in data["position"].dims:
        raise PosesError(f"{where} has no positions of movement; save a poses dataset with it.")
    position = data["position"]
    points = next((name for name in ("keypoints", "keypoint") if name in position.dims), None)
    ones = next((name for name in ("individuals", "individual") if name in position.dims), None)
    if points is None or ones is None:
        raise PosesError(f"{where} has no axis of key points; boxes are read as crop tracks instead.")
    position = position.transpose("time", ones, points, "space")
    likelihood = np.full(position.shape[:-1], np.nan)
    if "confidence" in data:
        likelihood = np.asarray(data["confidence"].transpose("time", ones, points), np.float64)
    times = np.asarray(position["time"], np.float64)
    if data.attrs.get("time_unit", "frames") == "seconds":
        rate = data.attrs.get("fps")
        if rate is None:
            raise PosesError(f"{where} has times in seconds and no fps; load it in movement with fps.")
        times = times * float(rate)
    order = [list(map(str, position["space"].values)).index(axis) for axis in "xyz"[: position.shape[-1]]]
    return Poses(
        np.rint(times).astype(np.int64),
        np.asarray(position, np.float64)[..., order],
        likelihood,
        tuple(map(str, position[ones].values)),
        tuple(map(str, position[points].values)),
        path=path,
    )


@contextmanager
def _needs(path: Path, package: str) -> Iterator[None]:
    """Turn a missing package, and what it says of a bad file, into a sentence."""
    try:
        yield
    except PosesError:
        raise
    except ImportError as error:
        raise PosesError(
            f"{path.name} is read by {package}, which is missing here ({error.name or error}); install it "
            f"with {_EXTRA}, or export the key points as CSV."
        ) from None
    except Exception as error:
        reason = " ".join(str(error).split())[:120]
        raise PosesError(
            f"{path.name} cannot be read by {package} ({type(error).__name__}: {reason}); export the key "
            "points as CSV."
        ) from error
