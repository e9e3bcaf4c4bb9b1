"""Whether the codes of frames tell that the stimulus is on, in subjects that the classifier never saw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_ubam.analysis.individual import codes_without_individual
from napari_ubam.analysis.unit_vectors import unit_vectors

from .curves import inside, nan_mean
from .signal import Floats, Signal
from .trials import Stimulated

BIN = 0.1  # seconds, at least
COMPONENTS = 32  # principal components that are kept
_ROWS = 20_000  # frames from which the principal components are computed


@dataclass(frozen=True)
class Decoded:
    """How well a linear classifier tells the stimulus in subjects that were left out.

    Parameters
    ----------
    edges : ndarray of float, shape (b + 1,)
        Edges of the bins in seconds after the onset.
    subjects : tuple of str
    curves : ndarray of float, shape (n, b)
        For each subject, the area under the ROC curve between a bin and all bins of the time off: 0.5 is
        chance, 1 is perfect.
    areas : ndarray of float, shape (n,)
        The same for all bins of the stimulus.
    chance : ndarray of float, shape (r,)
        Mean area over subjects with the stimulus at random times, each trained anew.
    chance_curves : ndarray of float, shape (r, b)
        Mean curves of the same.
    """

    edges: Floats
    subjects: tuple[str, ...]
    curves: Floats
    areas: Floats
    chance: Floats
    chance_curves: Floats


@dataclass(frozen=True)
class _Trials:
    """Bins of the trials of a recording, and which of them are used."""

    signal: Signal
    lows: Floats
    highs: Floats
    wanted: npt.NDArray[np.bool_]
    on: npt.NDArray[np.bool_]


def decode(
    recordings: Sequence[Stimulated],
    trials: pd.DataFrame,
    edges: Floats,
    varies: bool,
    draws: int,
    seed: int,
    check: Callable[[], None] = lambda: None,
) -> Decoded | None:
    """Train on all subjects but one to tell frames on from frames off, and ask about the one left out.

    Codes are without the individual: the mean of each subject in each session is taken out. Their first
    principal components, of all frames and so without knowledge of the stimulus, go into a linear
    discriminant analysis with shrinkage.

    Parameters
    ----------
    recordings : sequence of Stimulated
        With codes.
    trials : DataFrame
        Trials that are used; see `trials_of`.
    edges : ndarray of float, shape (b + 1,)
        Edges of the bins of curves.
    varies : bool
        Whether durations differ.
    draws : int
        Number of times that the stimulus is moved to random times.
    seed : int
    check : callable
        Called for each of them; may raise `napari_ubam.progress.Cancelled`.

    Returns
    -------
    Decoded or None
        None with fewer than two subjects whose trials have codes.
    """
    edges = wider(edges)
    by_subject: dict[str, list[_Trials]] = {}
    chosen = [one for one in recordings if one.codes is not None and (trials["recording"] == one.name).any()]
    if len({one.subject for one in chosen}) < 2:
        return None
    for one, values in zip(chosen, _components(chosen, seed), strict=True):
        own = trials[trials["recording"] == one.name]
        starts = own["start"].to_numpy(float)[:, None]
        wanted = inside(own, edges, varies)
        middle = np.maximum((edges[:-1] + edges[1:]) / 2, 0.0)
        on = (starts + middle <= own["on_stop"].to_numpy(float)[:, None]) | (np.abs(edges[:-1]) < 1e-6)
        assert one.codes is not None
        times = one.times if one.code_times is None else one.code_times
        made = _Trials(
            Signal(times, values), starts + edges[:-1], starts + edges[1:], wanted, on & (edges[:-1] >= -1e-6)
        )
        by_subject.setdefault(one.subject, []).append(made)
    curves, areas = _leave_one_out(by_subject, edges, None)
    if np.isfinite(areas).sum() < 2:
        return None
    generator = np.random.default_rng([seed, 7])
    chance = np.full(draws, np.nan)
    chance_curves = np.full((draws, len(edges) - 1), np.nan)
    for draw in range(draws):
        check()
        moved, found = _leave_one_out(by_subject, edges, generator)
        chance[draw], chance_curves[draw] = nan_mean(found[:, None])[0], nan_mean(moved)
    return Decoded(edges, tuple(by_subject), curves, areas, chance, chance_curves)


def wider(edges: Floats) -> Floats:
    """Join bins of curves, so that about ten of them cover the time off.

    Parameters
    ----------
    edges : ndarray of float, shape (b + 1,)

    Returns
    -------
    ndarray of float, shape (c + 1,)
    """
    step = float(edges[1] - edges[0])
    width = step * max(1, round(max(BIN, -edges[0] / 10) / step))
    before, after = (max(1, int(np.floor(part / width + 1e-6))) for part in (-edges[0], edges[-1]))
    joined: Floats = width * np.arange(-before, after + 1)
    return joined


def _components(recordings: Sequence[Stimulated], seed: int) -> list[Floats]:
    """Principal components of the codes without the individual, for each recording."""
    from sklearn.decomposition import PCA  # it takes a second to load

    numbers = {key: place for place, key in enumerate(dict.fromkeys(_individual(one) for one in recordings))}
    units, owners = [], []
    for one in recordings:
        assert one.codes is not None
        units.append(unit_vectors(one.codes))
        finite = np.asarray(np.isfinite(units[-1]).all(axis=1))
        owners.append(np.where(finite, numbers[_individual(one)], -1))
    codes = codes_without_individual(np.concatenate(units), np.concatenate(owners).astype(np.int64))
    known = np.flatnonzero(np.concatenate(owners) >= 0)
    generator = np.random.default_rng([seed, 11])
    sample = generator.choice(known, min(len(known), _ROWS), replace=False)
    count = min(COMPONENTS, len(sample), codes.shape[1])
    fitted = PCA(count, random_state=seed).fit(codes[sample])
    found = np.full((len(codes), count), np.nan)
    found[known] = fitted.transform(codes[known])
    return np.split(found, np.cumsum([len(one) for one in units])[:-1])


def _individual(one: Stimulated) -> tuple[str, str]:
    return one.subject, one.session


def _leave_one_out(
    by_subject: dict[str, list[_Trials]], edges: Floats, generator: np.random.Generator | None
) -> tuple[Floats, Floats]:
    """Curves and areas of each subject, from a classifier that was trained on the other ones."""
    bins = [_read(each, generator) for each in by_subject.values()]
    off = edges[1:] <= 1e-6
    labelled = []
    for values, on in bins:
        known = np.isfinite(values[..., 0])
        labelled.append((values[known & (on | off)], on[known & (on | off)]))
    curves, areas = np.full((len(bins), len(edges) - 1), np.nan), np.full(len(bins), np.nan)
    for place, (values, on) in enumerate(bins):
        others = [one for number, one in enumerate(labelled) if number != place]
        score = _trained(
            np.concatenate([one[0] for one in others]), np.concatenate([one[1] for one in others])
        )
        if score is None:
            continue
        curves[place], areas[place] = _areas(score(values), on, off)
    return curves, areas


def _read(
    each: Sequence[_Trials], generator: np.random.Generator | None
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Mean codes of the bins of all trials of a subject, shape (k, b, d), and which bins are on."""
    values, on = [], []
    for one in each:
        shift = 0.0 if generator is None else float(generator.uniform(0, one.signal.seconds))
        means, known = one.signal.means(one.lows, one.highs, shift)
        use = one.wanted & (known >= 0.5 * (one.highs - one.lows))
        if generator is not None:  # on both ends of the recording a slow change would show as a jump
            first = np.where(one.wanted, one.lows, np.inf).min(1, initial=np.inf)
            last = np.where(one.wanted, one.highs, -np.inf).max(1, initial=-np.inf)
            use &= (one.signal.turns(first + shift) == one.signal.turns(last + shift))[:, None]
        values.append(np.where(use[..., None], means, np.nan))
        on.append(one.on)
    return np.concatenate(values), np.concatenate(on)


def _trained(values: Floats, on: npt.NDArray[np.bool_]) -> Callable[[Floats], Floats] | None:
    """Train a classifier; its scores are higher for bins on."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    if not 2 <= on.sum() <= len(on) - 2:
        return None
    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", priors=[0.5, 0.5])
    model.fit(values, on)
    weights = model.coef_[0]

    def score(bins: Floats) -> Floats:
        found: Floats = bins @ weights
        return found

    return score


def _areas(scores: Floats, on: npt.NDArray[np.bool_], off: npt.NDArray[np.bool_]) -> tuple[Floats, float]:
    """Area under the ROC curve of each bin, and of all bins on, against all bins off."""
    known = np.isfinite(scores)
    ordered = np.sort(scores[known & off])
    if not len(ordered):
        return np.full(scores.shape[1], np.nan), float("nan")
    less, equal = (np.searchsorted(ordered, scores, side) for side in ("left", "right"))
    above = np.where(known, (less + equal) / (2 * len(ordered)), np.nan)
    use = on & known
    return nan_mean(above), float(above[use].mean()) if use.any() else float("nan")
