"""The analysis ``confounds``: what else can be read from the codes and scores of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from napari_ubam.analysis.analysis import Analysis, AnalysisError, AnalysisInputs, AnalysisParameters
from napari_ubam.analysis.classify.windows import RecordingWindows, recording_windows, sampled
from napari_ubam.analysis.groups.labels import columns_to_compare, value_of
from napari_ubam.progress import Progress, check_cancelled
from napari_ubam.runfolder.table_parts import parts_of
from napari_ubam.runfolder.tables import Result
from napari_ubam.study import Study
from napari_ubam.study.values import listed

from .brightness import measure_brightness
from .identity import FOLDS, subject_identifiability
from .properties import Property, properties_of, property_table
from .readable import (
    Rows,
    WithoutSubject,
    can_differ,
    p_of,
    read_from_codes,
    read_from_scores,
    rows_of,
    without_each_subject,
)
from .words import conclusions, methods_text, readable_tables

FEWEST = 4  # subjects
COMPONENTS = 32  # of the codes that name a subject
SCORES = ("constant", "episodic")
COLUMNS = (
    "property",
    "kind",
    "values",
    "subjects",
    "varies_within_subjects",
    "codes",
    "codes_chance",
    "codes_p",
    "constant",
    "constant_p",
    "episodic",
    "episodic_p",
    *(f"{name}_{end}" for name in ("codes", *SCORES) for end in ("low", "high")),
)


class ConfoundsParameters(AnalysisParameters):
    """Parameters of the search for confounds."""

    by: str = Field("group", description="Column of the study whose values are compared elsewhere.")
    where: str = Field("", description="Filter of the recordings, such as session=3. Empty: all.")
    permutations: int = Field(1000, ge=100, le=100_000, description="Number of permutations of each test.")
    seed: int = Field(0, ge=0, description="Random seed.")


def _compute(inputs: AnalysisInputs, parameters: ConfoundsParameters) -> Result:
    study = _chosen(inputs.study, parameters)
    check = _Check(inputs, 2 * len(study) + FOLDS)
    codes = [one for one in inputs.codes if one.name in study.names]
    windows = recording_windows(codes, "behaviour")
    subjects = list(dict.fromkeys(one.subject for one in windows))
    if len(subjects) < FEWEST:
        raise AnalysisError(
            f"{len(subjects)} subjects with codes are too few to read anything from subjects that are left "
            f"out; embed recordings of at least {FEWEST}."
        )
    brightness, unread = measure_brightness(study, check)
    properties = properties_of(study, parameters.by, brightness)
    folds = without_each_subject(windows, parameters.seed, check)
    scores = _scores(inputs, windows)
    levels = _levels(study, parameters.by)
    rows, skipped = [], []
    for one in properties:
        check()
        found = rows_of(one, windows, levels, parameters.permutations, parameters.seed)
        if found is None:
            skipped.append(one.name)
        else:
            rows.append(_row(one, found, folds, scores))
    named = _named(windows, check)
    said = [f"{listed(unread, 6)}: the video cannot be read, so brightness is not known."] if unread else []
    if skipped:
        said.append(
            f"{listed(skipped, 6)}: fewer than two values with two subjects each, so not read from codes."
        )
    tables = {
        "confounds": pd.DataFrame(rows, columns=list(COLUMNS)),
        "confounds_recordings": property_table(properties, study),
    }
    facts = {
        "by": parameters.by,
        "where": parameters.where,
        "subjects": len(subjects),
        "permutations": parameters.permutations,
        "seed": parameters.seed,
        "subject_named": named,
        "subject_chance": 1 / len(subjects),
        "scored": scores is not None,
    }
    return Result("confounds", tables, facts, tuple(said))


def _chosen(study: Study, parameters: ConfoundsParameters) -> Study:
    known = columns_to_compare(study)
    if parameters.by not in known:
        raise AnalysisError(f"The study has no column {parameters.by!r}; choose one of {', '.join(known)}.")
    return study.select(parameters.where) if parameters.where.strip() else study


def _levels(study: Study, by: str) -> dict[str, str]:
    """Level of each subject that has only one."""
    found: dict[str, set[str]] = {}
    for one in study:
        found.setdefault(one.subject, set()).add(value_of(one, by))
    return {subject: next(iter(own)) for subject, own in found.items() if len(own) == 1}


def _scores(inputs: AnalysisInputs, windows: Sequence[RecordingWindows]) -> pd.DataFrame | None:
    """Mean scores of each recording, in the order of the windows."""
    if inputs.scores is None:
        return None
    names = [one.name for one in windows]
    parts = parts_of(inputs.scores.tables, "scores", names)
    found = {name: rows[list(SCORES)].mean() for name, rows in parts if set(SCORES) <= set(rows)}
    return pd.DataFrame(found, index=list(SCORES)).T.reindex(names) if found else None


def _row(
    one: Property, rows: Rows, folds: Sequence[WithoutSubject], scores: pd.DataFrame | None
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "property": one.name,
        "kind": "number" if one.numeric else "name",
        "values": len(np.unique(rows.values[:, 0])),
        "subjects": len(set(rows.subjects)),
        "varies_within_subjects": rows.within,
    }
    free = can_differ(rows)
    codes = read_from_codes(rows, folds)
    found |= {"codes": float(codes[0]), "codes_chance": float(codes[1:].mean()) if free else np.nan}
    found |= {"codes_p": p_of(codes) if free else np.nan, **_chance("codes", codes, free)}
    for name in SCORES:
        found |= {name: np.nan, f"{name}_p": np.nan, f"{name}_low": np.nan, f"{name}_high": np.nan}
        if scores is not None and scores[name].notna().any():
            values = read_from_scores(rows, scores[name].to_numpy(float))
            found |= {name: float(values[0]), f"{name}_p": p_of(values) if free else np.nan}
            found |= _chance(name, values, free)
    return found


def _chance(name: str, values: npt.NDArray[np.float64], free: bool) -> dict[str, float]:
    """Give the 5th and the 95th percentile of the permuted orders."""
    permuted = values[1:][np.isfinite(values[1:])]
    low, high = np.percentile(permuted, [5, 95]) if free and len(permuted) else (np.nan, np.nan)
    return {f"{name}_low": float(low), f"{name}_high": float(high)}


def _named(windows: Sequence[RecordingWindows], check: _Check) -> float:
    """Share of windows whose subject is named by a classifier that knows other times of the subject."""
    subjects = list(dict.fromkeys(one.subject for one in windows))
    samples = [sampled([one for one in windows if one.subject == subject]) for subject in subjects]
    owner = np.repeat(np.arange(len(subjects)), [len(one) for one in samples])
    blocks = np.concatenate([np.arange(len(one)) * FOLDS // len(one) for one in samples])
    return subject_identifiability(np.concatenate(samples), owner, blocks, COMPONENTS, check)


class _Check:
    """Reports each step, and stops when the work is cancelled."""

    def __init__(self, inputs: AnalysisInputs, steps: int) -> None:
        self._inputs, self._of, self._done = inputs, steps, 0

    def __call__(self) -> None:
        check_cancelled(self._inputs.cancel)
        self._done = min(self._done + 1, self._of)
        self._inputs.progress(Progress("confounds", self._done, self._of))


def known_brightness(result: Result | None) -> Mapping[str, float]:
    """Give the brightness that was measured for a result.

    Parameters
    ----------
    result : Result or None
        Of the analysis ``"confounds"``.

    Returns
    -------
    mapping of str to float
        By recording; empty if it was not measured.
    """
    table = None if result is None else result.tables["confounds_recordings"]
    if table is None or "brightness" not in table:
        return {}
    values = pd.to_numeric(table["brightness"], errors="coerce")  # a column of the user may bear this name
    known = table.assign(brightness=values)[values.notna()]
    return dict(zip(known["recording"], known["brightness"].astype(float), strict=True))


CONFOUNDS = Analysis(
    "confounds",
    "Confounds",
    "Tells whether subject, session, light, camera and other columns of the study can be read from codes and "
    "scores. The unit is the subject.",
    _compute,
    ConfoundsParameters,
    conclude=conclusions,
    methods=methods_text,
    readable=readable_tables,
)
