"""What a stimulus changes: states, curves, decoding and their tests, with the subject as the unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from napari_ubam.analysis.groups import effects
from napari_ubam.analysis.groups.comparison import adjusted
from napari_ubam.analysis.groups.permutation import permute_within

from .curves import Latency, band, edges_of, latency, nan_mean, resampled, subject_curves
from .decoding import Decoded, decode
from .shifts import differences, p_of, shifted_differences
from .signal import Floats
from .trials import STATES, Periods, Stimulated, periods_of, trials_of

MEASURES = {"on": "Deviation, on against off", "after": "Deviation, after against off"}
DECODABILITY = "decodability"
CHANCE = 0.5
_FEWEST = 2  # subjects of a test
_FITS = 1000  # samples of subjects for the interval of the latency


@dataclass(frozen=True)
class Settings:
    """How a stimulus is analysed.

    Parameters
    ----------
    before, after : float
        Seconds before the onset that count as off, and seconds after the stop. 0: chosen by `periods_of`.
    window : float
        Seconds after the onset that curves show. 0: chosen by `edges_of`.
    step : float
        Seconds of a bin of the curves.
    shifts : int
        Number of times that the stimulus is moved to random times for the deviation.
    decoding_shifts : int
        The same for the decoding, which is trained anew each time.
    permutations : int
        Number of sign flips that are counted. If there are more, this many are drawn at random.
    resamples : int
        Number of samples of the bootstrap over subjects.
    seed : int
    """

    before: float = 0.0
    after: float = 0.0
    window: float = 0.0
    step: float = 0.05
    shifts: int = 2000
    decoding_shifts: int = 200
    permutations: int = 20_000
    resamples: int = 5000
    seed: int = 0


@dataclass(frozen=True)
class Response:
    """What a stimulus changes.

    Parameters
    ----------
    tests : DataFrame
        One row for each measure, ``on``, ``after`` and with codes ``decodability``: ``measure, n``
        (subjects), ``difference, low, high`` (95% interval), ``delta`` (share of subjects with an increase
        minus that with a decrease), ``p_subjects`` (sign flips of subjects), ``p_shifts`` (stimulus moved in
        time), ``p`` (the larger of both), ``p_adjusted`` (Holm), ``smallest_p, arrangements, exact,
        spread, detectable``. For the decodability, the difference is that of the area under the ROC curve to
        0.5.
    subjects : DataFrame
        One row for each subject: ``subject, trials, recordings, off, on, after, on_change, after_change`` and
        with codes ``decodability``.
    trials : DataFrame
        One row for each stimulus; see `trials_of`.
    mean : DataFrame
        One row for each measure (``deviation, decodability``) and bin: ``measure, time`` (middle of the bin,
        seconds after the onset), ``value`` (mean over subjects), ``low, high`` (its 95% interval),
        ``chance_low, chance_high`` (95% of the means with the stimulus at other times) and ``subjects``.
    curves : DataFrame
        The same for each subject: ``measure, subject, time, value``.
    latency : DataFrame
        One row for each measure: ``measure, latency, low, high, until, until_low, until_high``.
    periods : Periods
    """

    tests: pd.DataFrame
    subjects: pd.DataFrame
    trials: pd.DataFrame
    mean: pd.DataFrame
    curves: pd.DataFrame
    latency: pd.DataFrame
    periods: Periods


def stimulus_response(
    recordings: Sequence[Stimulated],
    settings: Settings | None = None,
    check: Callable[[str], None] = lambda _: None,
) -> Response | None:
    """Tell what a stimulus changes.

    Parameters
    ----------
    recordings : sequence of Stimulated
        Recordings of one subject are pooled, so that it counts once.
    settings : Settings, optional
    check : callable
        Called with the part of the work; may raise `napari_ubam.progress.Cancelled`.

    Returns
    -------
    Response or None
        None if no stimulus begins inside a recording with enough time off before it.
    """
    settings, stimulated = settings or Settings(), [one for one in recordings if len(one.spans)]
    if not stimulated:
        return None
    periods = periods_of(stimulated, settings.before, settings.after)
    trials = pd.concat([trials_of(one, periods) for one in stimulated], ignore_index=True)
    used = trials[trials["used"]]
    if not len(used):
        return None
    stimulated = [one for one in stimulated if one.name in set(used["recording"])]
    slowest = max(one.signal.interval for one in stimulated)
    edges = edges_of(periods, max(settings.step, slowest), settings.window)
    names, curves = subject_curves(stimulated, used, edges, periods.varies)
    decoded = decode(
        stimulated,
        used,
        edges,
        periods.varies,
        settings.decoding_shifts,
        settings.seed,
        lambda: check("decoding"),
    )
    rows = [_deviation_test(stimulated, used, state, settings, check) for state in MEASURES]
    parts = [_Curve("deviation", names, curves, edges, None)]
    if decoded is not None:
        rows.append(_decoding_test(decoded, settings))
        parts.append(
            _Curve(DECODABILITY, decoded.subjects, decoded.curves, decoded.edges, decoded.chance_curves)
        )
    tests = pd.DataFrame(rows)
    tests.insert(list(tests.columns).index("p") + 1, "p_adjusted", adjusted(tests["p"], "holm"))
    check("latency")
    return Response(
        tests,
        _subjects(used, decoded),
        trials,
        pd.concat([one.mean(settings) for one in parts], ignore_index=True),
        pd.concat([one.each() for one in parts], ignore_index=True),
        pd.DataFrame([one.latency(settings) for one in parts]),
        periods,
    )


@dataclass(frozen=True)
class _Curve:
    """Curves of a measure around the onset."""

    measure: str
    subjects: Sequence[str]
    values: Floats
    edges: Floats
    chance: Floats | None

    @property
    def times(self) -> Floats:
        return (self.edges[:-1] + self.edges[1:]) / 2

    def mean(self, settings: Settings) -> pd.DataFrame:
        """Mean over subjects with its band, and what chance gives."""
        bins = len(self.times)
        low, high = band(resampled(self.values, min(settings.resamples, _FITS), settings.seed), bins)
        chance = band(self.chance if self.chance is not None else np.empty((0, bins)), bins)
        return pd.DataFrame(
            {
                "measure": self.measure,
                "time": self.times,
                "value": nan_mean(self.values),
                "low": low,
                "high": high,
                "chance_low": chance[0],
                "chance_high": chance[1],
                "subjects": np.isfinite(self.values).sum(0),
            }
        )

    def each(self) -> pd.DataFrame:
        """Curves of all subjects, one row for each bin."""
        return pd.DataFrame(
            {
                "measure": self.measure,
                "subject": np.repeat(np.array(self.subjects, dtype=object), len(self.times)),
                "time": np.tile(self.times, len(self.subjects)),
                "value": self.values.ravel(),
            }
        )

    def latency(self, settings: Settings) -> dict[str, Any]:
        """Latency of the mean over subjects."""
        samples = resampled(self.values, min(settings.resamples, _FITS), settings.seed)
        found: Latency = latency(nan_mean(self.values), samples, self.edges)
        return {
            "measure": self.measure,
            "latency": found.start,
            "low": found.start_low,
            "high": found.start_high,
            "until": found.stop,
            "until_low": found.stop_low,
            "until_high": found.stop_high,
        }


def _subjects(used: pd.DataFrame, decoded: Decoded | None) -> pd.DataFrame:
    groups = used.groupby("subject", sort=False)
    found = groups[list(STATES)].mean()
    found.insert(0, "recordings", groups["recording"].nunique())
    found.insert(0, "trials", groups.size())
    for state in MEASURES:
        found[f"{state}_change"] = differences(used, state)
    if decoded is not None:
        found[DECODABILITY] = pd.Series(decoded.areas, index=list(decoded.subjects))
    return found.reset_index()


def _deviation_test(
    recordings: Sequence[Stimulated],
    used: pd.DataFrame,
    state: str,
    settings: Settings,
    check: Callable[[str], None],
) -> dict[str, Any]:
    values = differences(used, state).dropna().to_numpy(float)
    p = float("nan")
    if len(values) >= _FEWEST:
        chance = shifted_differences(
            recordings, used, state, settings.shifts, settings.seed, lambda: check(f"{state} against off")
        )
        p = p_of(float(values.mean()), chance)
    return _test(state, values, p, 2 / (settings.shifts + 1), settings)


def _decoding_test(decoded: Decoded, settings: Settings) -> dict[str, Any]:
    values = decoded.areas[np.isfinite(decoded.areas)] - CHANCE
    p = p_of(float(values.mean()) + CHANCE, decoded.chance, larger=True)
    return _test(DECODABILITY, values, p, 1 / (settings.decoding_shifts + 1), settings)


def _test(
    measure: str, values: Floats, p_shifts: float, smallest: float, settings: Settings
) -> dict[str, Any]:
    """Test the changes of subjects; p is the larger of that over subjects and that of shifts in time."""
    nothing = float("nan")
    row: dict[str, Any] = {"measure": measure, "n": len(values)}
    if len(values) < _FEWEST:
        only = float(values[0]) if len(values) else nothing
        empty = dict.fromkeys(("low", "high", "delta", "p_subjects", "p_shifts", "p", "smallest_p"), nothing)
        row |= {"difference": only, **empty, "arrangements": 0, "exact": False}
        return {**row, "spread": nothing, "detectable": nothing}
    flips = permute_within((np.zeros(len(values)), values), settings.permutations, settings.seed)
    low, high = effects.change_interval(values, settings.resamples, settings.seed)
    smallest = max(smallest, flips.smallest_p)
    return {
        **row,
        "difference": float(effects.change(values)),
        "low": low,
        "high": high,
        "delta": float(np.sign(values).mean()),
        "p_subjects": flips.p,
        "p_shifts": p_shifts,
        "p": max(flips.p, p_shifts),
        "smallest_p": smallest,
        "arrangements": flips.arrangements,
        "exact": flips.exact,
        "spread": effects.spread_of(values),
        "detectable": effects.found_in_most((len(values),), smallest),
    }
