"""The analysis ``group_summary``: number of subjects and median deviation of each group."""

from __future__ import annotations

from napari_ubam.runfolder.tables import Result

from .analysis import Analysis, AnalysisInputs, AnalysisParameters
from .subjects import SIGNIFICANT, group_table


def _compute(inputs: AnalysisInputs, parameters: AnalysisParameters) -> Result:
    scores = inputs.require_scores()
    facts = {"reference": scores.facts.get("reference", ""), "q_below": SIGNIFICANT}
    return Result("group_summary", {"group_summary": group_table(scores.tables["subjects"])}, facts)


GROUP_SUMMARY = Analysis(
    "group_summary",
    "Groups",
    "Number of subjects, median deviation and number of significant subjects of each group. "
    "A subject with several sessions counts once.",
    _compute,
)
