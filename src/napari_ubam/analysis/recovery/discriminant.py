"""The published way to look at recovery: a linear discriminant, here without the subject looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_ubam.analysis.codes import Codes
from napari_ubam.analysis.reference import time_blocks
from napari_ubam.analysis.unit_vectors import unit_vectors
from napari_ubam.kinds import Kind
from napari_ubam.progress import Cancel, check_cancelled

from .similarity import first_sessions

Floats = npt.NDArray[np.floating[Any]]

FEWEST = 3  # subjects of a group: two to learn from, and the one that is left out
_MOST = 500  # windows of a subject in a session, so that all subjects count alike
_BINS = 20


def overlaps(
    codes: Sequence[Codes],
    sessions: Mapping[str, str],
    order: Sequence[str],
    baseline: Sequence[str],
    *,
    kind: Kind = "behaviour",
    cancel: Cancel | None = None,
) -> pd.DataFrame:
    """Measure how far each session overlaps with the baseline along a linear discriminant.

    The discriminant separates the baseline from the first session after it, as in uBAM (Brattoli, Büchler et
    al., Nat. Mach. Intell. 2021). There, it was applied to the animals that it was learned from, which
    separates them better than new ones. Here, it is learned from the other subjects of the group, with
    shrinkage of Ledoit and Wolf, and applied to the subject that was left out.

    Parameters
    ----------
    codes : sequence of Codes
    sessions : mapping of str to str
        Session of each recording, by its name; other recordings are not used.
    order, baseline : sequence of str
        All sessions in their order, and those of the baseline.
    kind : str
        ``"behaviour"`` or ``"posture"``.
    cancel : object with ``is_set()``, optional

    Returns
    -------
    DataFrame
        ``subject, session, overlap``: the area under both histograms, of the session and of the baseline, 0
        to 1. Odd stretches of time are compared with even ones, so the baseline itself does not reach 1.
        Groups with fewer than three subjects have none.
    """
    rows: list[tuple[str, str, float]] = []
    used = [one for one in codes if sessions.get(one.name) in order and one.valid.any()]
    for group, first in first_sessions(used, sessions, order, baseline).items():
        samples = _samples([one for one in used if one.group == group], sessions, kind)
        for subject in dict.fromkeys(key[0] for key in samples):
            check_cancelled(cancel)
            line = _discriminant(samples, subject, baseline, first)
            if line is None:
                continue
            placed = {
                session: [part @ line for part in parts]
                for (who, session), parts in samples.items()
                if who == subject
            }
            own = [placed[one] for one in baseline if one in placed]
            if own:
                odds, evens = (np.concatenate(parts) for parts in zip(*own, strict=True))
                rows += [
                    (subject, session, (_overlap(odd, evens) + _overlap(even, odds)) / 2)
                    for session, (odd, even) in placed.items()
                ]
    return pd.DataFrame(rows, columns=["subject", "session", "overlap"])


def _samples(
    codes: Sequence[Codes], sessions: Mapping[str, str], kind: Kind
) -> dict[tuple[str, str], tuple[Floats, Floats]]:
    """Codes of length 1 of odd and of even stretches of each subject in each session."""
    found = {}
    for key in dict.fromkeys((one.subject, sessions[one.name]) for one in codes):
        own = [one for one in codes if (one.subject, sessions[one.name]) == key]
        blocks = time_blocks(own)
        units = np.concatenate([unit_vectors(getattr(one, kind)[one.valid]) for one in own])
        stretch = np.concatenate([blocks[one.name][one.valid] for one in own])
        odd, even = (_spread(units[stretch % 2 == rest]) for rest in (1, 0))
        if len(odd) and len(even):
            found[key] = (odd, even)
    return found


def _spread(units: Floats) -> Floats:
    """Take evenly spread rows, so that no subject has more than the others."""
    places = np.unique(np.linspace(0, len(units) - 1, min(len(units), _MOST // 2)).round().astype(int))
    found: Floats = units[places]
    return found


def _discriminant(
    samples: Mapping[tuple[str, str], tuple[Floats, Floats]],
    left_out: str,
    baseline: Sequence[str],
    first: str,
) -> Floats | None:
    """Learn the direction from the other subjects that have both; None if they are too few."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis  # it takes a second to load

    parts, labels, learned_from = [], [], 0
    for subject in dict.fromkeys(key[0] for key in samples if key[0] != left_out):
        before = [half for one in baseline for half in samples.get((subject, one), ())]
        after = list(samples.get((subject, first), ()))
        if before and after:
            learned_from += 1
            parts += [*before, *after]
            labels += [np.full(sum(map(len, side)), number) for number, side in enumerate((before, after))]
    if learned_from < FEWEST - 1:
        return None
    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", priors=[0.5, 0.5])
    model.fit(np.concatenate(parts), np.concatenate(labels))
    found: Floats = np.asarray(model.coef_[0], float)
    return found


def _overlap(a: Floats, b: Floats) -> float:
    """Area that two histograms share."""
    low, high = min(a.min(), b.min()), max(a.max(), b.max())
    edges = np.linspace(low, high if high > low else low + 1, _BINS + 1)
    counts = [np.histogram(one, edges)[0] / len(one) for one in (a, b)]
    return float(np.minimum(*counts).sum())
