"""All analyses by name: those of this package, of other packages, and of scripts."""

from __future__ import annotations

from functools import cache

from napari_ubam.packages import load_entry_points
from napari_ubam.runfolder.paths import MAP_RESULT, SCORES
from napari_ubam.runfolder.tables import is_result_name

from .analysis import Analysis, AnalysisError
from .classify import CLASSIFY
from .confounds import CONFOUNDS
from .group_summary import GROUP_SUMMARY
from .groups import COMPARE
from .keypoints import KEYPOINTS
from .map_compare import MAP_COMPARE
from .recovery import RECOVERY
from .stimulus import STIMULUS

ENTRY_POINTS = "napari_ubam.analyses"
"""Entry points of other packages: each names an `Analysis`."""

ANALYSES: dict[str, Analysis] = {
    one.name: one
    for one in (CLASSIFY, COMPARE, CONFOUNDS, GROUP_SUMMARY, KEYPOINTS, MAP_COMPARE, RECOVERY, STIMULUS)
}
"""Analyses that are registered; `analyses` adds those of other packages."""

# Results and figures of a run that are not those of an analysis.
_TAKEN = {SCORES, MAP_RESULT, "subjects", "sweep", "losses", "neighbours", "magnified", "against_truth"}


def register_analysis(analysis: Analysis) -> None:
    """Make an analysis known to `Run.analyse`, the command line, the report and the Explore panel.

    This holds for the running program. A package that declares the entry point ``napari_ubam.analyses`` makes
    its analysis known to all programs.

    Parameters
    ----------
    analysis : Analysis
        Replaces one of the same name.

    Raises
    ------
    AnalysisError
        If the name is not allowed, or a parameter has no default.
    """
    if not is_result_name(analysis.name) or analysis.name in _TAKEN:
        raise AnalysisError(
            f"An analysis cannot be named {analysis.name!r}; choose another name of lower-case letters, "
            "digits and underscores."
        )
    for name, field in analysis.parameters.model_fields.items():
        if field.is_required():
            raise AnalysisError(
                f"The parameter {name!r} of the analysis {analysis.name!r} has no default; give it one."
            )
    ANALYSES[analysis.name] = analysis


def analyses() -> dict[str, Analysis]:
    """Give all analyses, also those of other packages.

    Returns
    -------
    dict of str to Analysis
        By name, in alphabetical order.
    """
    _load_packages()
    return dict(sorted(ANALYSES.items()))


def find_analysis(name: str) -> Analysis:
    """Find an analysis.

    Parameters
    ----------
    name : str

    Returns
    -------
    Analysis

    Raises
    ------
    AnalysisError
        If there is none of this name.
    """
    known = analyses()
    if name not in known:
        raise AnalysisError(f"There is no analysis {name!r}; choose one of {', '.join(known)}.")
    return known[name]


@cache
def _load_packages() -> None:
    """Register the analyses of other packages once."""
    load_entry_points(ENTRY_POINTS, register_analysis, "analysis")
