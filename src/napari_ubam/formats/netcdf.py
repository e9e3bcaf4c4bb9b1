"""netCDF files for xarray, with the dimensions that movement and VAME use for time and individuals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .data import MEASURES, ExportData, ScoredFrames, file_stems
from .output import Output, Work

if TYPE_CHECKING:
    import xarray


def netcdf_outputs(data: ExportData) -> Iterator[Output]:
    """Give the netCDF file of each recording.

    Parameters
    ----------
    data : ExportData

    Yields
    ------
    Output
    """
    stems = file_stems(one.name for one in data.recordings)
    for one in data.recordings:
        yield Output(f"{stems[one.name]}.nc", partial(_write, data, one))


def to_dataset(data: ExportData, one: ScoredFrames) -> xarray.Dataset:
    """Convert the scores of a recording to an xarray Dataset.

    Parameters
    ----------
    data : ExportData
    one : ScoredFrames

    Returns
    -------
    Dataset
        ``score`` (time, feature, individual) and ``in_episode`` (time, individual). Coordinates ``time`` in
        seconds, ``frame``, ``feature`` (names of the measures) with ``feature_unit``, and ``individual``, the
        subject. Attributes: ``recording, group, session, reference, fps, time_unit, source_software,
        source_file``, and ``facts`` as JSON.
    """
    import xarray

    scores = one.scores[one.measures].to_numpy(np.float32)
    variables = {
        "score": (
            ("time", "feature", "individual"),
            scores[:, :, None],
            {"long_name": "Deviation from the reference"},
        ),
        "in_episode": (
            ("time", "individual"),
            one.in_episode()[:, None].astype(np.int8),
            {"long_name": "1 in an episode above the 95th percentile of the reference, else 0"},
        ),
    }
    coordinates = {
        "time": ("time", one.times, {"units": "s", "long_name": "Time since the first frame of the video"}),
        "frame": ("time", one.frames, {"long_name": "Frame number in the video, from 0"}),
        "feature": list(one.measures),
        "feature_unit": ("feature", [MEASURES[name][0] for name in one.measures]),
        "individual": [one.recording.subject],
    }
    attributes = {
        "recording": one.name,
        "subject": one.recording.subject,
        "group": one.recording.group,
        "session": one.recording.session,
        "reference": data.reference,
        "in_reference": int(one.reference),
        "fps": one.fps,
        "time_unit": "seconds",
        "source_software": data.software,
        "source_file": one.recording.video.as_posix(),
        "facts": json.dumps(dict(data.facts)),
    }
    return xarray.Dataset(variables, coordinates, attributes)


def _write(data: ExportData, one: ScoredFrames, path: Path, work: Work) -> None:
    dataset = to_dataset(data, one)
    compressed = {"zlib": True, "complevel": 4}
    # Seconds stay numbers: xarray would otherwise decode the unit of the time.
    dataset.to_netcdf(path, engine="h5netcdf", encoding={"score": compressed, "in_episode": compressed})
