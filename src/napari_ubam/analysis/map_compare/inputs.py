"""Which windows are compared, and of which subjects."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_ubam.analysis.analysis import AnalysisError, AnalysisInputs
from napari_ubam.analysis.durations import frame_seconds
from napari_ubam.analysis.groups.labels import check_levels, columns_to_compare, in_order, value_of
from napari_ubam.analysis.individual import codes_without_individual, individuals_of
from napari_ubam.analysis.unit_vectors import unit_vectors
from napari_ubam.kinds import Individual, Kind

SHORTEST = 2.0  # seconds; the mean of a shorter time is what a subject did then, and not who it is
NEAR = 1.0  # seconds: frames of a recording that are nearer are no other moment
NAMES = 0.5, 3.0  # share of nearest points of the same subject, and its ratio to chance, that is warned of
_ASKED = 1500  # points


@dataclass(frozen=True)
class Windows:
    """Windows of all recordings.

    Parameters
    ----------
    frames : DataFrame
        ``recording, subject, level, session, frame, time``.
    codes : ndarray of float32, shape (n, d)
        Of length 1.
    levels : list of str
        The baseline first.
    """

    frames: pd.DataFrame
    codes: npt.NDArray[np.float32]
    levels: list[str]

    @property
    def subjects(self) -> pd.DataFrame:
        """``subject, level``, one row for each of them, in the order of `owner`."""
        return self.frames[["subject", "level"]].drop_duplicates().reset_index(drop=True)

    @property
    def seconds(self) -> npt.NDArray[np.float64]:
        """How long each frame lasts, shape (n,): recordings may have different frame rates."""
        times = self.frames.groupby("recording", sort=False)["time"]
        return times.transform(lambda one: frame_seconds(one.to_numpy(float))).to_numpy(float)

    @property
    def owner(self) -> npt.NDArray[np.int64]:
        """Row of `subjects` of each window, shape (n,)."""
        rows = self.subjects.reset_index().set_index(["subject", "level"])["index"]
        return rows.loc[pd.MultiIndex.from_frame(self.frames[["subject", "level"]])].to_numpy(np.int64)


def windows_of(
    inputs: AnalysisInputs,
    by: str,
    paired: bool,
    where: str,
    baseline: str,
    kind: Kind,
    individual: Individual,
) -> Windows:
    """Collect the codes to compare, and refuse what cannot be compared.

    Parameters
    ----------
    inputs : AnalysisInputs
    by, paired, where, baseline, kind, individual
        As in `MapCompareParameters`.

    Returns
    -------
    Windows

    Raises
    ------
    AnalysisError
        If there is no such column, or the levels cannot be compared.
    """
    if by not in columns_to_compare(inputs.study):
        raise AnalysisError(
            f"The study cannot be compared by {by!r}; choose one of "
            f"{', '.join(columns_to_compare(inputs.study))}."
        )
    chosen = inputs.study.select(where) if where.strip() else inputs.study
    level = {one.name: value_of(one, by) for one in chosen if value_of(one, by)}
    labels = pd.DataFrame([(one.subject, level[one.name]) for one in chosen if one.name in level])
    labels = labels.reindex(columns=[0, 1]).set_axis(["subject", "level"], axis=1).drop_duplicates()
    check_levels(labels, by, paired, False)  # before codes are read
    parts = [one for one in inputs.codes if one.name in level and one.valid.any()]
    tables, codes = [], []
    for one in parts:
        keep = one.valid
        labelled = {"recording": one.name, "subject": one.subject, "level": level[one.name]}
        own = {"session": one.session, "frame": one.frames[keep], "time": one.times[keep]}
        tables.append(pd.DataFrame({**labelled, **own}))
        codes.append(unit_vectors(np.asarray(getattr(one, kind)[keep], np.float32)))
    if not tables:
        raise AnalysisError("No recording to compare has a frame with a code; embed the study first.")
    frames, all_codes = pd.concat(tables, ignore_index=True), np.concatenate(codes)
    if paired:
        complete = frames.groupby("subject")["level"].transform("nunique") == frames["level"].nunique()
        frames, all_codes = frames[complete].reset_index(drop=True), all_codes[complete.to_numpy()]
    check_levels(frames[["subject", "level"]].drop_duplicates(), by, paired, False)
    if individual == "remove":
        all_codes = codes_without_individual(all_codes, individuals_of(frames, SHORTEST))
    names = sorted(frames["level"].unique())
    return Windows(frames, all_codes, in_order(names, _reference(inputs, level), baseline, by))


def _reference(inputs: AnalysisInputs, level: dict[str, str]) -> dict[str, int]:
    """Count the reference recordings in each level, if the run was scored."""
    if inputs.scores is None:
        return {}
    names: list[Any] = inputs.scores.facts.get("reference_recordings", [])
    return dict(Counter(level[str(name)] for name in names if str(name) in level))


def subject_of_nearest(
    points: npt.NDArray[np.floating[Any]], frames: pd.DataFrame, seed: int
) -> tuple[float, float]:
    """Tell how often the nearest point on the map, a second apart or more, is of the same subject.

    Parameters
    ----------
    points : ndarray of float, shape (n, 2)
    frames : DataFrame
        ``recording, subject, time``.
    seed : int

    Returns
    -------
    (float, float)
        Share, and the share by chance.
    """
    rows = np.random.default_rng(seed).permutation(len(points))[: 4 * _ASKED]
    places, some = points[rows], frames.iloc[rows]
    recording, subject = (pd.factorize(some[name])[0] for name in ("recording", "subject"))
    time, asked = some["time"].to_numpy(float), slice(0, _ASKED)
    apart = ((places[asked, None] - places[None]) ** 2).sum(2)
    same = recording[asked, None] == recording[None]
    apart[same & (np.abs(time[asked, None] - time[None]) < NEAR)] = np.inf
    known = np.isfinite(apart).any(1)
    found = subject[apart.argmin(1)] == subject[asked]
    shares = np.bincount(subject) / len(subject)
    return float(found[known].mean()) if known.any() else 0.0, float((shares**2).sum())
