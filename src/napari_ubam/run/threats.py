"""What threatens the results of a run: properties that go together with what is compared."""

from __future__ import annotations

from pathlib import Path

from napari_ubam.analysis import AnalysisParameters
from napari_ubam.analysis.confounds import known_brightness, threats, threats_to_reference
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.recordings import read_recordings
from napari_ubam.runfolder.tables import Result, has_result, read_result
from napari_ubam.study import Study, StudyError

CONFOUNDS = "confounds"


def threats_to_analysis(folder: Path, study: Study, parameters: AnalysisParameters) -> list[str]:
    """Tell what else differs between the values that an analysis compares.

    Parameters
    ----------
    folder : Path
        Folder of the run. Brightness is known if the analysis ``"confounds"`` was computed.
    study : Study
    parameters : AnalysisParameters
        Of an analysis. If it has ``by``, that column is compared, among the recordings of ``where``. If it
        has ``by_interval``, recordings are compared with themselves, and share all that is known of them.

    Returns
    -------
    list of str
        Sentences; empty if the analysis compares nothing.
    """
    by, where = getattr(parameters, "by", ""), getattr(parameters, "where", "")
    if not isinstance(by, str) or not by or getattr(parameters, "by_interval", None):
        return []
    return threats(study, by, where=str(where or ""), brightness=_brightness(folder))


def threats_to_scores(folder: Path, scores: Result) -> list[str]:
    """Tell what else differs between the reference and the other recordings.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    scores : Result
        Scores of the run.

    Returns
    -------
    list of str
        Sentences; empty if the study of the run cannot be read.
    """
    try:
        study = read_recordings(folder)
    except (RunError, StudyError, OSError):
        return []
    scored = {str(one["name"]) for one in scores.facts.get("recordings", ())}
    left_out = [name for name in study.names if scored and name not in scored]
    if len(left_out) == len(study):
        return []
    study = study.without(left_out) if left_out else study
    reference = [str(name) for name in scores.facts["reference_recordings"]]
    chosen_by = str(scores.facts.get("reference", ""))
    return threats_to_reference(study, reference, chosen_by, brightness=_brightness(folder))


def _brightness(folder: Path) -> dict[str, float]:
    if not has_result(folder, CONFOUNDS):
        return {}
    try:
        return dict(known_brightness(read_result(folder, CONFOUNDS)))
    except RunError:
        return {}
