"""Codes of windows of each subject, and what a classifier sees of them when one subject is left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_ubam.analysis.codes import Codes
from napari_ubam.analysis.durations import frame_seconds
from napari_ubam.analysis.individual import SHARE, without_individual
from napari_ubam.analysis.unit_vectors import unit_vectors
from napari_ubam.kinds import Kind

from .distances import Distances, WithDistances

Floats = npt.NDArray[np.float64]

WINDOWS = 200  # of a subject, from which the classifier learns
COMPONENTS = 32
LANDMARKS = 200
_BANDWIDTH = 0.3  # in units of the median squared distance between windows
_DRAWN = 500  # windows from which this median is taken


@dataclass(frozen=True)
class RecordingWindows:
    """Windows of a recording.

    Parameters
    ----------
    name, subject, session : str
        Labels of the recording.
    rows : ndarray of int, shape (n,)
        Rows of the codes that have a window.
    seconds : float
        How long a frame lasts.
    codes : ndarray of float32, shape (n, d)
        Code of the window around each of these rows, with a share of the mean of the subject in this session
        taken out.
    """

    name: str
    subject: str
    session: str
    rows: npt.NDArray[np.int64]
    seconds: float
    codes: npt.NDArray[np.float32]


def recording_windows(codes: Sequence[Codes], kind: Kind) -> list[RecordingWindows]:
    """Read the windows of recordings.

    Half of the mean code of each subject in each session is taken out, as for the deviation: it holds who is
    seen in which scene.

    Parameters
    ----------
    codes : sequence of Codes
    kind : str
        ``"behaviour"``: codes of windows. ``"posture"``: codes of the frames in their middle.

    Returns
    -------
    list of RecordingWindows
        Only recordings that have a window.
    """
    units = [unit_vectors(getattr(one, kind)[one.valid]) for one in codes]
    sums: dict[tuple[str, str], Floats] = {}
    totals: dict[tuple[str, str], float] = {}
    for one, own in zip(codes, units, strict=True):
        who, seconds = (one.subject, one.session), frame_seconds(one.times)
        sums[who] = sums.get(who, np.float64(0)) + seconds * own.sum(0, dtype=np.float64)
        totals[who] = totals.get(who, 0.0) + seconds * len(own)
    found = []
    for one, own in zip(codes, units, strict=True):
        if not len(own):
            continue
        mean = sums[one.subject, one.session] / totals[one.subject, one.session]
        rows, windows = np.flatnonzero(one.valid), without_individual(own, mean, SHARE)
        labels = one.name, one.subject, one.session
        found.append(RecordingWindows(*labels, rows, frame_seconds(one.times), windows))
    return found


def sampled(recordings: Sequence[RecordingWindows], most: int = WINDOWS) -> npt.NDArray[np.float32]:
    """Choose windows of a subject evenly in time, equally many of each session.

    Parameters
    ----------
    recordings : sequence of RecordingWindows
        All recordings of a subject.
    most : int
        Number of windows. A session that has fewer than its share gives all.

    Returns
    -------
    ndarray of float32, shape (n, d)
    """
    sessions = list(dict.fromkeys(one.session for one in recordings))
    chosen = []
    for session in sessions:
        parts = [one for one in recordings if one.session == session]
        own = np.concatenate([one.codes for one in parts])
        count = min(max(most // len(sessions), 1), len(own))
        # The place of each window in time: a recording with twice the frame rate is not seen twice as often.
        shortest = min(one.seconds for one in parts)
        lasting = [np.full(len(one.codes), one.seconds / shortest) for one in parts]
        ends = np.cumsum(np.concatenate(lasting))
        wanted = np.linspace(0, ends[-1] - ends[0], count)
        rows = np.interp(wanted, ends - ends[0], np.arange(len(own)))
        chosen.append(own[rows.round().astype(int)])
    return np.concatenate(chosen)


class Features:
    """Turns codes of windows into features whose mean describes what a subject does.

    Principal components, and soft memberships in windows drawn as landmarks (Nyström's approximation of a
    Gaussian kernel; Williams and Seeger, NIPS 2000). The mean of such features tells apart how often windows
    occur and not only their mean code.

    Parameters
    ----------
    samples : sequence of ndarray of float32, shape (n, d)
        Windows of the subjects that may be seen. Nothing is fitted on others.
    seed : int
        Of the landmarks.
    """

    def __init__(self, samples: Sequence[npt.NDArray[np.float32]], seed: int) -> None:
        from sklearn.decomposition import PCA  # takes a second to load
        from sklearn.kernel_approximation import Nystroem

        windows = np.concatenate(samples)
        count = min(COMPONENTS, *windows.shape)
        self._components = PCA(count, svd_solver="randomized", random_state=seed).fit(windows)
        placed = self._components.transform(windows)
        drawn = np.random.default_rng(seed).permutation(len(placed))[:_DRAWN]
        squares = ((placed[drawn][:, None] - placed[drawn][None]) ** 2).sum(2)
        usual = float(np.median(squares[squares > 0])) if (squares > 0).any() else 1.0
        self._kernel = Nystroem(
            gamma=1 / (_BANDWIDTH * usual), n_components=min(LANDMARKS, len(placed)), random_state=seed
        ).fit(placed)
        self._scale = 1.0
        self.means = np.stack([self(one).mean(0) for one in samples])
        spread = self.means.var(0)
        linear, soft = spread[:count].sum(), spread[count:].sum()
        self._scale = float(np.sqrt(soft / linear)) if linear > 0 and soft > 0 else 1.0
        self.means[:, :count] *= self._scale

    def __call__(self, windows: npt.NDArray[np.float32]) -> Floats:
        """Compute the features of windows.

        Parameters
        ----------
        windows : ndarray of float32, shape (n, d)

        Returns
        -------
        ndarray of float, shape (n, m)
        """
        placed = self._components.transform(windows)
        features: Floats = np.concatenate([self._scale * placed, self._kernel.transform(placed)], axis=1)
        return features.astype(np.float64)


@dataclass(frozen=True)
class Fold:
    """What is known without one subject.

    Parameters
    ----------
    subject : str
        The subject that is left out.
    others : ndarray of float, shape (n, m)
        Features of each of the other subjects, in their order.
    own : ndarray of float, shape (1, m)
        Features of the subject, the mean over its windows.
    features : WithDistances
        Fitted on the other subjects.
    """

    subject: str
    others: Floats
    own: Floats
    features: WithDistances


def leave_one_out(
    recordings: Sequence[RecordingWindows], seed: int, check: Callable[[], Any] = lambda: None
) -> list[Fold]:
    """Leave out each subject with all its recordings.

    Parameters
    ----------
    recordings : sequence of RecordingWindows
    seed : int
        Of the landmarks.
    check : callable
        Called before each fold; may raise `napari_ubam.progress.Cancelled`.

    Returns
    -------
    list of Fold
        One for each subject, in the order in which they occur.
    """
    subjects = list(dict.fromkeys(one.subject for one in recordings))
    samples = {
        subject: sampled([one for one in recordings if one.subject == subject]) for subject in subjects
    }
    distances, found = Distances(list(samples.values())), []
    for number, subject in enumerate(subjects):
        check()
        fitted = Features([samples[one] for one in subjects if one != subject], seed)
        features = WithDistances(fitted, fitted.means, distances, number)
        own = features(samples[subject]).mean(0, keepdims=True)
        found.append(Fold(subject, features.means, own, features))
    return found
