"""Whether groups differ in their response to a stimulus, such as animals with and without an opsin."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from napari_ubam.analysis import groups
from napari_ubam.analysis.groups.labels import check_levels, in_order

from .response import Response, Settings


def compare_responses(
    found: Response, recordings: pd.DataFrame, by: str, settings: Settings
) -> tuple[pd.DataFrame, list[str]]:
    """Compare the changes of subjects between groups by permutation of subjects.

    Parameters
    ----------
    found : Response
    recordings : DataFrame
        One row for each recording: ``subject``, ``level`` and ``reference``.
    by : str
        Column of the study that the levels are of.
    settings : Settings

    Returns
    -------
    pairs : DataFrame
        As those of `napari_ubam.analysis.groups.compare_values`. Measures are ``on_change``, ``after_change``
        and ``decodability``.
    warnings : list of str

    Raises
    ------
    AnalysisError
        If there are fewer than two levels with two subjects, or a subject is in two of them.
    """
    each = recordings.groupby(["subject", "level"], sort=False)["reference"].any().reset_index()
    values = found.subjects.merge(each, on="subject")
    check_levels(values, by, paired=False, within=False)
    counts = Counter(values.loc[values["reference"], "level"])
    levels = in_order(sorted(values["level"].unique()), counts, "", by)
    measures = [one for one in ("on_change", "after_change", "decodability") if one in values]
    chosen = groups.Settings(
        permutations=settings.permutations, resamples=settings.resamples, seed=settings.seed
    )
    compared = groups.compare_values(values, levels, measures, chosen)
    return compared.pairs, list(compared.warnings)
