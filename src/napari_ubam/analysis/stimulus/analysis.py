"""The analysis ``stimulus``: what a stimulus inside recordings changes, when, and in how many subjects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from napari_ubam.analysis.analysis import Analysis, AnalysisError, AnalysisInputs, AnalysisParameters
from napari_ubam.analysis.groups.labels import check_levels, labelled_recordings
from napari_ubam.kinds import Kind
from napari_ubam.progress import Progress, check_cancelled
from napari_ubam.runfolder.table_parts import parts_of
from napari_ubam.runfolder.tables import Result
from napari_ubam.study import Study
from napari_ubam.study.intervals import condition_labels
from napari_ubam.study.values import counted, listed

from .by_group import compare_responses
from .response import Response, Settings, stimulus_response
from .trials import CUT, NEAR, NO_OFF, NO_ON, NO_ONSET, Stimulated
from .words import conclusions, methods_text


class StimulusParameters(AnalysisParameters):
    """Parameters of the analysis of a stimulus."""

    label: str = Field("", description="Label of the intervals, such as light. Empty: the only one.")
    where: str = Field("", description="Filter of the recordings, such as group=stroke. Empty: all.")
    by: str = Field(
        "", description="Column of the study whose values are compared in their response, such as group."
    )
    before: float = Field(
        0.0, ge=0, description="Seconds before the onset that count as off. 0: as long as the stimulus."
    )
    after: float = Field(
        0.0, ge=0, description="Seconds after the stimulus that are looked at. 0: as long as the stimulus."
    )
    window: float = Field(
        0.0, ge=0, description="Seconds after the onset that curves show. 0: stimulus and time after it."
    )
    step: float = Field(0.05, ge=0.001, le=10, description="Seconds of a bin of the curves.")
    decode: bool = Field(True, description="Also tell whether codes of frames tell on from off.")
    kind: Kind = Field("posture", description="Codes for that: posture or behaviour.")
    shifts: int = Field(
        2000, ge=100, le=100_000, description="Number of times that the stimulus is moved for the deviation."
    )
    decoding_shifts: int = Field(
        200, ge=20, le=10_000, description="The same for the decoding, which is trained anew each time."
    )
    permutations: int = Field(
        20_000, ge=100, le=1_000_000, description="Number of sign flips; all, if there are no more than this."
    )
    resamples: int = Field(5000, ge=100, le=100_000, description="Number of samples of the bootstrap.")
    seed: int = Field(0, ge=0, description="Random seed.")


def label_of(study: Study, label: str) -> str:
    """Find the label of the intervals to analyse.

    Parameters
    ----------
    study : Study
    label : str
        Empty for the only one.

    Returns
    -------
    str

    Raises
    ------
    AnalysisError
        If no recording has such intervals, or there are several labels to choose from.
    """
    known = condition_labels(each for one in study for each in one.intervals)
    if not known:
        raise AnalysisError(
            "No recording of the study has intervals; write them into its column intervals, such as "
            "light:2-5.5, and score the study again."
        )
    if label in known:
        return label
    if label or len(known) > 1:
        problem = f"No recording has intervals {label!r}" if label else "The study has several labels"
        raise AnalysisError(f"{problem}; choose the label among {listed(known)}.")
    return known[0]


def _compute(inputs: AnalysisInputs, parameters: StimulusParameters) -> Result:
    scores = inputs.require_scores()
    rows, said = labelled_recordings(inputs.study, scores, "group", parameters.where, ())
    study = Study([inputs.study[name] for name in rows["recording"]])
    label = label_of(study, parameters.label)
    levels = _levels(inputs, study, scores, label, parameters, said) if parameters.by else None
    stimulated = _stimulated(inputs, study, scores, label, parameters)
    settings = Settings(
        parameters.before,
        parameters.after,
        parameters.window,
        parameters.step,
        parameters.shifts,
        parameters.decoding_shifts,
        parameters.permutations,
        parameters.resamples,
        parameters.seed,
    )
    found = stimulus_response(stimulated, settings, _Check(inputs, settings))
    if found is None:
        raise AnalysisError(
            f"No {label!r} begins inside a scored recording with enough time off before it; correct the "
            "intervals, or ask for less time with --before."
        )
    tables = {
        "stimulus": found.tests,
        "stimulus_subjects": found.subjects,
        "stimulus_latency": found.latency,
        "stimulus_mean": found.mean,
        "stimulus_curves": found.curves,
        "stimulus_trials": found.trials,
    }
    if levels is not None:
        try:
            tables["stimulus_groups"], others = compare_responses(found, levels, parameters.by, settings)
            said += others
        except AnalysisError as error:  # subjects without a trial are known only now
            said.append(f"Groups are not compared. {error}")
    said += _warnings(found, stimulated, parameters)
    said += _reference(scores, found)
    return Result("stimulus", tables, _facts(found, stimulated, label, parameters, scores), tuple(said))


def _levels(
    inputs: AnalysisInputs,
    study: Study,
    scores: Result,
    label: str,
    parameters: StimulusParameters,
    said: list[str],
) -> pd.DataFrame:
    """Give the recordings with their group; groups that cannot be compared are refused before the work."""
    rows, more = labelled_recordings(inputs.study, scores, parameters.by, parameters.where, ())
    said += [one for one in more if one not in said]
    stimulated = {one.subject for one in study if any(each.label == label for each in one.intervals)}
    known = rows[rows["subject"].isin(stimulated)]
    check_levels(known[["subject", "level"]].drop_duplicates(), parameters.by, paired=False, within=False)
    return rows


def _stimulated(
    inputs: AnalysisInputs, study: Study, scores: Result, label: str, parameters: StimulusParameters
) -> list[Stimulated]:
    """Give the recordings with the label: their intervals, their episodic deviation, and their codes."""
    shown = [one.name for one in study if any(each.label == label for each in one.intervals)]
    by_name = {name: rows[["time", "episodic"]] for name, rows in parts_of(scores.tables, "scores", shown)}
    codes = {one.name: one for one in inputs.codes} if parameters.decode else {}
    found = []
    for one in study:
        intervals = [(each.start, each.stop) for each in one.intervals if each.label == label]
        if not intervals:
            continue
        rows = by_name[one.name]
        times, values = rows["time"].to_numpy(float), rows["episodic"].to_numpy(float)
        own = codes.get(one.name)
        if own is None:
            found.append(Stimulated(one.name, one.subject, one.session, intervals, times, values))
            continue
        known = own.has_posture if parameters.kind == "posture" else own.valid
        array = np.where(known[:, None], getattr(own, parameters.kind), np.nan)
        found.append(
            Stimulated(one.name, one.subject, one.session, intervals, times, values, own.times, array)
        )
    return found


def _facts(
    found: Response,
    recordings: Sequence[Stimulated],
    label: str,
    parameters: StimulusParameters,
    scores: Result,
) -> dict[str, Any]:
    used = found.trials[found.trials["used"]]
    counts = used.groupby("subject").size()
    intervals = [one.signal.interval for one in recordings]
    times = found.mean.loc[found.mean["measure"] == "deviation", "time"].to_numpy(float)
    return {
        "label": label,
        "subjects": int(used["subject"].nunique()),
        "trials": len(used),
        "trials_of_a_subject": [int(counts.min()), int(counts.max())],
        "before_seconds": found.periods.before,
        "after_seconds": found.periods.after,
        "on_seconds": found.periods.on,
        "durations_vary": found.periods.varies,
        "bin_seconds": round(float(times[1] - times[0]), 6) if len(times) > 1 else parameters.step,
        "frames_per_second": [1 / max(intervals), 1 / min(intervals)],
        "shifts": parameters.shifts,
        "decoding_shifts": parameters.decoding_shifts,
        "resamples": parameters.resamples,
        "seed": parameters.seed,
        "exact": bool(found.tests["exact"].all()),
        "decoded": "decodability" in found.subjects,
        "kind": parameters.kind,
        "by": parameters.by,
        "reference": scores.facts.get("reference", ""),
    }


_REASONS = {
    NO_ONSET: "began before the first frame",
    NO_OFF: "had less than half of the time off before it",
    NO_ON: "was not seen, because less than half of it has a score",
}


def _warnings(
    found: Response, recordings: Sequence[Stimulated], parameters: StimulusParameters
) -> Iterator[str]:
    trials, periods = found.trials, found.periods
    for reason, words in _REASONS.items():
        lost = trials[~trials["used"] & (trials["note"] == reason)]
        if len(lost):
            names = listed(list(dict.fromkeys(lost["recording"])), 4)
            yield f"{len(lost)} of {counted(len(trials), 'trial')} {words}, so left out ({names})."
    used = trials[trials["used"]]
    if cut := int((used["note"] == CUT).sum()):
        yield f"{counted(cut, 'trial')} reached the end of the recording: what was seen is used."
    if near := int((used["note"] == NEAR).sum()):
        yield (
            f"In {near} of {counted(len(used), 'trial')} another one is nearer than {periods.before:.3g} s "
            f"before or {periods.after:.3g} s after: the time off and the time after are shorter there."
        )
    if periods.varies:
        low, high = (trials["stop"] - trials["start"]).agg(["min", "max"])
        yield (
            f"The stimulus lasts {low:.3g} to {high:.3g} s: curves leave out what follows the end of a trial."
        )
    rates = [1 / one.signal.interval for one in recordings]
    if max(rates) > 1.05 * min(rates):
        yield (
            f"Recordings have {min(rates):.3g} to {max(rates):.3g} frames per second: all are averaged over "
            "the same periods of time, and no time is known better than by the slowest."
        )
    if 1 / min(rates) > parameters.step * 1.001:
        yield f"The bins of the curves are {1000 / min(rates):.3g} ms long, the longest interval of frames."
    yield from _subject_warnings(found)


def _subject_warnings(found: Response) -> Iterator[str]:
    row = found.tests.iloc[0]
    if row["n"] < 2:
        yield (
            "The stimulus was seen in one subject: this is a description of it, and no test; add subjects "
            "for a test."
        )
    elif row["smallest_p"] > 0.05:
        yield (
            f"With {row['n']} subjects p cannot be less than {row['smallest_p']:.3f}, however large the "
            "change is; 6 subjects can reach p < 0.05."
        )
    if lost := sorted(set(found.trials["subject"]) - set(found.subjects["subject"])):
        yield f"{listed(lost, 6)}: no trial can be used, so left out."


def _reference(scores: Result, found: Response) -> Iterator[str]:
    """Warn where the stimulus belongs to what is normal."""
    names = set(map(str, scores.facts["reference_recordings"]))
    both = [one for one in dict.fromkeys(found.trials["recording"]) if one in names]
    if both:
        yield (
            f"{counted(len(both), 'recording')} with the stimulus {'is' if len(both) == 1 else 'are'} in the "
            "reference, so what it does counts as normal and is partly hidden; take recordings without it "
            "as reference."
        )


class _Check:
    """Reports each part, and stops when the work is cancelled."""

    def __init__(self, inputs: AnalysisInputs, settings: Settings) -> None:
        self._inputs, self._settings, self._done = inputs, settings, 0

    def __call__(self, part: str) -> None:
        check_cancelled(self._inputs.cancel)
        self._done += part == "decoding"
        steps = (self._done, self._settings.decoding_shifts) if part == "decoding" else (0, 0)
        self._inputs.progress(Progress("stimulus", *steps, detail=part))


STIMULUS = Analysis(
    "stimulus",
    "Response to a stimulus",
    "Compares the deviation with the stimulus on, off and after it, around each onset, and tells on from off "
    "by the codes in subjects that were left out. The unit is the subject.",
    _compute,
    StimulusParameters,
    conclude=conclusions,
    methods=methods_text,
)
