"""The analysis ``group_summary``: number of subjects of each group, and medians of their deviation."""

from __future__ import annotations

from napari_ubam.runfolder.tables import Result

from .analysis import Analysis, AnalysisInputs, AnalysisParameters
from .subjects import SIGNIFICANT, group_table


def _compute(inputs: AnalysisInputs, parameters: AnalysisParameters) -> Result:
    scores = inputs.require_scores()
    facts = {"reference": scores.facts.get("reference", ""), "q_below": SIGNIFICANT}
    groups = group_table(scores.tables["subjects"]).drop(columns=["deviation", "significant"])
    return Result("group_summary", {"group_summary": groups}, facts)


GROUP_SUMMARY = Analysis(
    "group_summary",
    "Groups",
    "For each group: the number of subjects, the medians of their constant and their episodic deviation, and "
    f"the number of subjects with q below {SIGNIFICANT}. A subject with several sessions counts once.",
    _compute,
)
