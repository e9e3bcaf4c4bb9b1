"""How long a frame lasts: recordings of one subject may have different frame rates, and time counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.floating[Any]]


def frame_seconds(times: Floats) -> float:
    """Tell how long a frame of a recording lasts.

    Parameters
    ----------
    times : ndarray of float, shape (t,)
        Time of each frame in seconds, ascending. Some frames may be missing.

    Returns
    -------
    float
        Median of the time to the next frame, in seconds; 1 for a single frame.
    """
    steps = np.diff(times)
    return float(np.median(steps)) if len(steps) else 1.0


def weighted_means(
    table: pd.DataFrame, keys: Sequence[str], columns: Sequence[str], seconds: str
) -> pd.DataFrame:
    """Average columns over time.

    Parameters
    ----------
    table : DataFrame
    keys : sequence of str
        Columns that tell which rows are averaged together.
    columns : sequence of str
        Columns to average. Rows with NaN say nothing about the others.
    seconds : str
        Column with the time that a row stands for.

    Returns
    -------
    DataFrame
        One row for each combination of the keys, which are its index, in the order in which they occur.
    """
    values = table[list(columns)].astype(float)
    of = {name: table[seconds].where(values[name].notna()) for name in columns}
    sums = {name: values[name] * table[seconds] for name in columns}
    groups = [table[key] for key in keys]
    return pd.DataFrame(
        {
            name: sums[name].groupby(groups, sort=False).sum(min_count=1)
            / of[name].groupby(groups, sort=False).sum(min_count=1)
            for name in columns
        }
    )
