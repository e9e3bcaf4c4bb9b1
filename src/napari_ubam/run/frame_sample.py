"""Codes of frames of all recordings, as many as fit into memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_ubam.analysis import Codes
from napari_ubam.analysis.unit_vectors import unit_vectors
from napari_ubam.embedding.stored_codes import StoredCodes
from napari_ubam.kinds import Kind
from napari_ubam.runfolder.table_parts import parts_of

Floats = npt.NDArray[np.float32]
MOST = (
    250_000  # frames: about 1.5 GB with the codes of the preset base, and two hours at 30 frames per second
)
SEED = 0


@dataclass(frozen=True)
class FrameSample:
    """Codes of frames of all recordings.

    Parameters
    ----------
    frames : DataFrame
        ``recording, subject, group, session, frame, time``: one row for each frame.
    posture, behaviour : ndarray of float32, shape (n, d)
        Their codes, of length 1.
    every : int
        1 if all valid frames are there; otherwise one of so many consecutive ones, drawn at random.
    """

    frames: pd.DataFrame
    posture: Floats
    behaviour: Floats
    every: int


def sample_frames(codes: StoredCodes, most: int | None = None) -> FrameSample:
    """Read the recordings one by one, and keep a sample of their frames if there are too many.

    Parameters
    ----------
    codes : StoredCodes
    most : int, optional
        Number of frames, about. `MOST` if left out.

    Returns
    -------
    FrameSample
    """
    total = sum(codes.store.length(one.name) for one in codes.recordings)
    every = -(-total // (most or MOST))
    tables, posture, behaviour = [], [], []
    for number, one in enumerate(codes):
        rows = _drawn(one, every, number)
        posture.append(unit_vectors(one.posture[rows]))
        behaviour.append(unit_vectors(one.behaviour[rows]))
        labels = {
            "recording": one.name,
            "subject": one.subject,
            "group": one.group,
            "session": one.session,
        }
        tables.append(pd.DataFrame({**labels, "frame": one.frames[rows], "time": one.times[rows]}))
    codes.forget()
    frames = pd.concat(tables, ignore_index=True)
    return FrameSample(frames, np.concatenate(posture), np.concatenate(behaviour), every)


def _drawn(one: Codes, every: int, number: int) -> npt.NDArray[np.int64]:
    """Draw one of ``every`` valid frames: at random, since movements may have a period of their own."""
    rows = np.flatnonzero(one.valid)
    if every == 1:
        return rows
    starts = np.arange(0, len(rows), every)
    drawn = starts + np.random.default_rng([SEED, number]).integers(0, every, len(starts))
    found: npt.NDArray[np.int64] = rows[np.minimum(drawn, len(rows) - 1)]
    return found


def code_of(codes: StoredCodes, recording: str, frame: int, kind: Kind) -> Floats | None:
    """Read the code of one frame.

    Parameters
    ----------
    codes : StoredCodes
    recording : str
    frame : int
        Frame number in the video.
    kind : str

    Returns
    -------
    ndarray of float32, shape (1, d), or None
        Of length 1; None if the frame has no code.
    """
    number = [one.name for one in codes.recordings].index(recording)
    one = codes[number]
    rows = np.flatnonzero(one.valid & (one.frames == frame))
    return unit_vectors(getattr(one, kind)[rows]) if len(rows) else None


def with_column(table: pd.DataFrame, scores: Mapping[str, pd.DataFrame], column: str) -> pd.DataFrame:
    """Add a column of the scores to a table of frames.

    Parameters
    ----------
    table : DataFrame
        With the columns ``recording`` and ``frame``.
    scores : mapping of str to DataFrame
        Tables of the scores; only the recordings of the table are read.
    column : str

    Returns
    -------
    DataFrame
        The table with a column ``deviation``, NaN where a frame has no score.
    """
    wanted = {str(name): own["frame"] for name, own in table.groupby("recording", sort=False)}
    known = [
        rows.loc[rows["frame"].isin(wanted[name]), ["recording", "frame", column]]
        for name, rows in parts_of(scores, "scores", wanted)
    ]
    if not known:
        return table.assign(deviation=np.nan)
    found = pd.concat(known).rename(columns={column: "deviation"})
    return table.merge(found, on=["recording", "frame"], how="left")
