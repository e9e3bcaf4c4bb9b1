"""What all postures of a subject have in common: the individual and its scene."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .unit_vectors import unit_vectors

Floats = npt.NDArray[np.floating[Any]]

SHARE = 0.5  # of the mean that is taken out of the postures of windows; see docs/method.md for what was tried


def without_individual(
    units: npt.NDArray[np.float32], mean: Floats, share: float = SHARE
) -> npt.NDArray[np.float32]:
    """Take a share of a subject's mean posture out of its postures.

    The mean holds who is seen, in which scene, and what never stops. With all of it taken out, a deviation
    that never stops would be lost; with none, small deviations vanish beside the difference of individuals.

    Parameters
    ----------
    units : ndarray of float32, shape (t, d)
        Postures of a recording, of length 1.
    mean : ndarray of float, shape (d,)
        Mean of the subject's postures of length 1 in this session.
    share : float
        0 for none of the mean, 1 for all of it.

    Returns
    -------
    ndarray of float32, shape (t, d)
        Not of length 1.
    """
    return units - (share * mean).astype(np.float32)


def codes_without_individual(
    units: npt.NDArray[np.float32], individuals: npt.NDArray[np.integer[Any]]
) -> npt.NDArray[np.float32]:
    """Put the mean code of all individuals in the place of each individual's own mean code.

    What is left tells what an individual does, and hardly who it is and where it was filmed. What it does all
    the time is taken out, too.

    Parameters
    ----------
    units : ndarray of float32, shape (n, d)
        Codes of length 1.
    individuals : ndarray of int, shape (n,)
        Individual of each code, such as a subject in a session. Codes with a negative number stay as they
        are.

    Returns
    -------
    ndarray of float32, shape (n, d)
        Of length 1.
    """
    shifts = individual_shifts(units, individuals)
    if not shifts:
        return units
    found = units.copy()
    for one, shift in shifts.items():
        found[individuals == one] += shift
    return unit_vectors(found)


def individual_shifts(
    units: npt.NDArray[np.float32], individuals: npt.NDArray[np.integer[Any]]
) -> dict[int, npt.NDArray[np.float32]]:
    """Give what is added to the codes of each individual, so that all have the same mean.

    Parameters
    ----------
    units : ndarray of float32, shape (n, d)
        Codes of length 1.
    individuals : ndarray of int, shape (n,)
        As for `codes_without_individual`.

    Returns
    -------
    dict of int to ndarray of float32, shape (d,)
        By number of the individual.
    """
    numbers = np.unique(individuals[individuals >= 0]).tolist()
    means = [units[individuals == one].mean(0, dtype=np.float64) for one in numbers]
    common = np.mean(means, axis=0) if means else 0.0
    return {one: (common - mean).astype(np.float32) for one, mean in zip(numbers, means, strict=True)}


def individuals_of(frames: pd.DataFrame, shortest: float) -> npt.NDArray[np.int64]:
    """Give every individual a number: each subject in each session.

    Parameters
    ----------
    frames : DataFrame
        ``recording, subject, session, time``: one row for each frame, in the order of time within a
        recording. ``time`` is in seconds.
    shortest : float
        Seconds of frames that an individual needs.

    Returns
    -------
    ndarray of int64, shape (n,)
        Number of each frame's individual. -1 where it has too few frames.
    """
    recording = frames["recording"]
    interval = frames.groupby("recording", sort=False)["time"].diff().groupby(recording).transform("median")
    individual = frames.groupby(["subject", "session"], sort=False).ngroup()
    seconds = interval.fillna(0).groupby(individual).transform("sum")
    return np.where(seconds >= shortest, individual, -1).astype(np.int64)
