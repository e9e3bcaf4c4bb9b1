"""How far the windows of a subject are from those of all others. No label of a group is used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_ubam.analysis.unit_vectors import unit_vectors

Floats = npt.NDArray[np.float64]
Windows = npt.NDArray[np.float32]

SUBJECTS = 3  # nearest other subjects, whose distances are averaged
NEAREST = 2  # windows of each of them
LINES = (0.5, 0.75, 0.9, 0.95)  # quantiles of the distances of all known subjects
_SMALLEST = 1e-6  # cosine distance, so that equal windows have a logarithm
_BLOCK = 4096  # windows that are compared at once


class Distances:
    """Distances of the windows of known subjects from each other.

    The distance of a window is the mean cosine distance from the nearest windows of the three subjects that
    have the nearest ones, as a logarithm. A subject is never compared with itself.

    Parameters
    ----------
    samples : sequence of ndarray of float32, shape (n, d)
        Windows of each subject, at least three subjects.
    check : callable
        Called for each subject; may raise `napari_ubam.progress.Cancelled`.
    """

    def __init__(self, samples: Sequence[Windows], check: Callable[[], Any] = lambda: None) -> None:
        self._samples = [unit_vectors(one) for one in samples]
        self._apart = []
        for number, own in enumerate(self._samples):
            check()
            self._apart.append(
                np.stack(
                    [
                        _nearest(own, one) if place != number else np.full(len(own), np.nan)
                        for place, one in enumerate(self._samples)
                    ]
                )
            )

    def known(self, left_out: int) -> list[Floats]:
        """Give the distances of all subjects but one from each other.

        Parameters
        ----------
        left_out : int
            Number of the subject that nothing may be known of.

        Returns
        -------
        list of ndarray of float, shape (n,)
            Of the windows of each of the other subjects.
        """
        others = [one for one in range(len(self._samples)) if one != left_out]
        return [_of_nearest(self._apart[one][[each for each in others if each != one]]) for one in others]

    def asked(self, windows: Windows, left_out: int) -> Floats:
        """Give the distances of windows of a subject that was left out.

        It is compared with one subject more than each of the others is, and so would be nearer. Therefore
        this is the mean over all ways to leave one of these out, too.

        Parameters
        ----------
        windows : ndarray of float32, shape (n, d)
        left_out : int
            Number of the subject.

        Returns
        -------
        ndarray of float, shape (n,)
        """
        own = unit_vectors(windows)
        others = [one for place, one in enumerate(self._samples) if place != left_out]
        return _of_nearest(np.stack([_nearest(own, one) for one in others]), leave_one=True)


class WithDistances:
    """Features of windows, and how far each window is from other subjects.

    What is impaired differs between subjects, and often shows in a small part of the time. Such subjects
    share no code, but they have more windows that no other subject has. So each window also has its
    distance, and whether it is beyond each of some lines. The means over windows are the mean distance and
    the shares of windows beyond the lines.

    Parameters
    ----------
    features : callable
        Gives the features (n, m) of windows (n, d); fitted without the subject that is left out.
    means : ndarray of float, shape (s, m)
        Their means over the windows of each of the other subjects.
    distances : Distances
    left_out : int
        Number of this subject.
    """

    def __init__(
        self, features: Callable[[Windows], Floats], means: Floats, distances: Distances, left_out: int
    ) -> None:
        self._features, self._distances, self._left_out = features, distances, left_out
        known = distances.known(left_out)
        self._lines = np.quantile(np.concatenate(known), LINES)
        apart = np.stack([self._placed(one).mean(0) for one in known])
        # All columns count alike, and together as much as the other features.
        spread = np.maximum(apart.std(0), _SMALLEST)
        self._scale = np.sqrt(means.var(0).sum() / len(spread)) / spread
        self.means = np.concatenate([means, self._scale * apart], axis=1)

    def __call__(self, windows: Windows) -> Floats:
        """Compute the features of windows of the subject that was left out.

        Parameters
        ----------
        windows : ndarray of float32, shape (n, d)

        Returns
        -------
        ndarray of float, shape (n, m)
        """
        apart = self._placed(self._distances.asked(windows, self._left_out))
        return np.concatenate([self._features(windows), self._scale * apart], axis=1)

    def _placed(self, apart: Floats) -> Floats:
        return np.concatenate([apart[:, None], apart[:, None] > self._lines], axis=1)


def _nearest(own: Windows, other: Windows) -> Floats:
    """Mean distance of each window from the nearest ones of another subject."""
    count = min(NEAREST, len(other))
    parts = []
    for start in range(0, len(own), _BLOCK):
        alike = own[start : start + _BLOCK] @ other.T
        parts.append(1 - np.partition(alike, -count, axis=1)[:, -count:].mean(1, dtype=np.float64))
    return np.concatenate(parts)


def _of_nearest(apart: Floats, leave_one: bool = False) -> Floats:
    """Average the nearest subjects (of axis 0); if asked, over all ways to leave one subject out."""
    count = min(SUBJECTS, len(apart) - leave_one)
    ordered = np.sort(apart, axis=0)
    mean = ordered[:count].mean(0)
    if leave_one:  # each of the nearest is missing once, and the next one takes its place
        mean = mean + (ordered[count] - mean) / len(apart)
    found: Floats = np.log(np.maximum(mean, _SMALLEST))
    return found
