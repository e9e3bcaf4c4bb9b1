"""Computes an analysis of a run, and writes its result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_ubam.analysis import Analysis, AnalysisInputs, AnalysisParameters, Codes, find_analysis
from napari_ubam.embedding.codes import read_codes
from napari_ubam.embedding.model_encoder import ModelEncoder
from napari_ubam.progress import Cancel, ProgressCallback, silent
from napari_ubam.report import save
from napari_ubam.report.classify import classify_figure
from napari_ubam.report.confounds import confounds_figure
from napari_ubam.report.groups import groups_figure
from napari_ubam.report.keypoints import keypoints_figure
from napari_ubam.report.map_compare import map_compare_figure
from napari_ubam.report.recovery import recovery_figure
from napari_ubam.report.stimulus import stimulus_figure
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.log import append
from napari_ubam.runfolder.paths import LOG, SCORES, figure_file
from napari_ubam.runfolder.recordings import read_recordings
from napari_ubam.runfolder.tables import WRITTEN_FACTS, Result, has_result, write_result
from napari_ubam.study import Study

from .provenance import recording_facts
from .score_table import read_scores
from .threats import threats_to_analysis

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIGURES: Mapping[str, Callable[..., Figure]] = {
    "classify": classify_figure,
    "compare": groups_figure,
    "confounds": confounds_figure,
    "keypoints": keypoints_figure,
    "map_compare": map_compare_figure,
    "recovery": recovery_figure,
    "stimulus": stimulus_figure,
}
"""Figures of the analyses of this package: functions of the `Result`, and optionally of a `Look`."""

OWN_FACTS = WRITTEN_FACTS | {"model", "parameters", "recordings", "scores_created"}
"""Facts that are written with every result."""


def analyse(
    folder: Path,
    name: str,
    values: Mapping[str, Any],
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> Result:
    """Compute an analysis of a run, and write its result; see `Run.analyse`.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    name : str
        Name of the analysis.
    values : mapping of str to object
        Its parameters.
    progress, cancel : optional

    Returns
    -------
    Result
    """
    analysis = find_analysis(name)
    parameters = analysis.parse(values)
    data = _Data(folder, read_recordings(folder))
    inputs = AnalysisInputs(data.study, data.codes, data.scores, progress or silent, cancel)
    # What threatens a conclusion is known before the work begins, and stands before what is found.
    threats = threats_to_analysis(folder, data.study, parameters)
    found = analysis.compute(inputs, parameters)
    clash = sorted(OWN_FACTS & set(found.facts))
    if clash:
        raise RunError(
            f"The analysis {name!r} gives a fact {clash[0]!r}, which every result has already; give it "
            "another name."
        )
    facts = {**_origin(inputs, data, parameters), **found.facts}
    warnings = (*threats, *found.warnings)
    result = replace(found, name=analysis.name, facts=facts, warnings=tuple(dict.fromkeys(warnings)))
    (folder / figure_file(analysis.name)).unlink(missing_ok=True)  # of an earlier result
    write_result(folder, result)
    _draw(folder, analysis, result)
    append(folder / LOG, "analyse", analysis=analysis.name, parameters=facts["parameters"])
    return result


def _draw(folder: Path, analysis: Analysis, result: Result) -> None:
    draw = analysis.draw or FIGURES.get(analysis.name)
    if draw is not None:
        save(draw(result), folder / figure_file(analysis.name))


def _origin(inputs: AnalysisInputs, data: _Data, parameters: AnalysisParameters) -> dict[str, Any]:
    """Facts that tell what a result was computed from."""
    facts: dict[str, Any] = {"parameters": parameters.model_dump(mode="json")}
    if inputs.used_codes:
        facts |= {"model": dict(data.encoder.hashes), "recordings": recording_facts(inputs.codes)}
    if inputs.used_scores and inputs.scores is not None:
        facts["scores_created"] = inputs.scores.facts.get("created")
    return facts


class _Data:
    """Reads what an analysis asks for."""

    def __init__(self, folder: Path, study: Study) -> None:
        self._folder, self.study = folder, study

    @cached_property
    def encoder(self) -> ModelEncoder:
        return ModelEncoder.load(self._folder)

    def codes(self) -> list[Codes]:
        return read_codes(self._folder, self.study, self.encoder)

    def scores(self) -> Result | None:
        return read_scores(self._folder) if has_result(self._folder, SCORES) else None
