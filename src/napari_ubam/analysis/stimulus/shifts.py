"""The stimulus moved in time within each recording: what its effect would be if it had none."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from .curves import nan_mean
from .signal import Floats
from .trials import STATES, Stimulated

_AT_ONCE = 200_000  # periods


def differences(trials: pd.DataFrame, state: str) -> pd.Series:
    """Average the change from the time off to another state over the trials of each subject.

    Parameters
    ----------
    trials : DataFrame
        Trials that are used; see `trials_of`.
    state : str
        ``"on"`` or ``"after"``.

    Returns
    -------
    Series of float
        By subject. Each trial counts the same, in whichever recording it is.
    """
    return (trials[state] - trials["off"]).groupby(trials["subject"], sort=False).mean()


def shifted_differences(
    recordings: Sequence[Stimulated],
    trials: pd.DataFrame,
    state: str,
    draws: int,
    seed: int,
    check: Callable[[], None] = lambda: None,
) -> Floats:
    """Compute the mean difference over subjects with the stimulus at other times.

    All trials of a recording are moved by the same random time, and what leaves the recording enters it at
    the other end. So the order, the durations and the pauses of the stimulus stay as they are, and so does
    the order of the frames: slow changes of behaviour are as large as they were. A trial that would lie on
    both ends of the recording is left out, because a slow change would show as a jump there.

    Parameters
    ----------
    recordings : sequence of Stimulated
    trials : DataFrame
        Trials that are used.
    state : str
        ``"on"`` or ``"after"``.
    draws : int
        Number of random shifts.
    seed : int
    check : callable
        Called for each recording; may raise `napari_ubam.progress.Cancelled`.

    Returns
    -------
    ndarray of float, shape (draws,)
    """
    generator = np.random.default_rng([seed, STATES.index(state)])
    changes: dict[str, list[Floats]] = {}
    for one in recordings:
        check()
        own = trials[(trials["recording"] == one.name) & trials[state].notna()]
        shift = generator.uniform(0, one.signal.seconds, draws)
        if len(own):
            changes.setdefault(one.subject, []).append(_changes(one, own, state, shift))
    subjects = [nan_mean(np.concatenate(each)) for each in changes.values()]
    return nan_mean(np.array(subjects).reshape(-1, draws))


def _changes(one: Stimulated, own: pd.DataFrame, state: str, shift: Floats) -> Floats:
    """Change of each trial at each shift, shape (k, draws)."""
    start, on_stop = own["start"].to_numpy(float), own["on_stop"].to_numpy(float)
    low, high = (start, on_stop) if state == "on" else (on_stop, own["after_stop"].to_numpy(float))
    before = own["off_start"].to_numpy(float)
    parts = []
    size = max(1, _AT_ONCE // len(own))
    for first in range(0, len(shift), size):
        moved = shift[first : first + size]
        value, _ = one.signal.means(low[:, None], high[:, None], moved)
        off, _ = one.signal.means(before[:, None], start[:, None], moved)
        whole = one.signal.turns(before[:, None] + moved) == one.signal.turns(high[:, None] + moved)
        parts.append(np.where(whole, (value - off)[..., 0], np.nan))
    return np.concatenate(parts, axis=1)


def p_of(value: float, chance: Floats, *, larger: bool = False) -> float:
    """Compare a value with those of random shifts.

    Parameters
    ----------
    value : float
    chance : ndarray of float, shape (draws,)
    larger : bool
        Whether only larger values count.

    Returns
    -------
    float
        Two-sided, unless ``larger``: twice the smaller of both shares, at most 1. Each share counts the value
        itself.
    """
    known = chance[np.isfinite(chance)]
    above = (1 + int((known >= value).sum())) / (1 + len(known))
    below = (1 + int((known <= value).sum())) / (1 + len(known))
    return above if larger else min(1.0, 2 * min(above, below))
