"""Tables of a comparison on the map as people read them in the report."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from napari_ubam.analysis.shown import shown
from napari_ubam.runfolder.tables import Result

_AREAS = {
    "more_in": "more in",
    "percent_first": "% of time, first",
    "percent_second": "% of time, second",
    "p": "p",
    "p_adjusted": "p adjusted",
}
_TESTS = {
    "n_second": "n",
    "n_first": "n against",
    "median_second": "median",
    "median_first": "median against",
    "difference": "difference",
    "low": "95% from",
    "high": "to",
    "p": "p",
    "p_adjusted": "p adjusted",
}
_CLUSTERS = {
    "cluster": "cluster",
    "recording": "typical recording",
    "time": "at (s)",
    "frame": "frame",
    "subjects": "subjects that show it",
    "largest_subject": "most of it from",
    "largest_share": "their share (%)",
}
_OVERALL = {"cluster": "cluster", "n": "n", "p": "p", "p_adjusted": "p adjusted"}
_TRANSITIONS = {"rate": "Transitions, per minute", "probability": "Transitions, probability"}


def readable_tables(result: Result) -> Mapping[str, pd.DataFrame]:
    """Give the tables of a comparison on the map with titles for names.

    Parameters
    ----------
    result : Result
        Of the analysis ``"map_compare"``.

    Returns
    -------
    dict of str to DataFrame
        By their titles: share of time in clusters, with three or more values all at once, areas of the map,
        clusters, and transitions, those with the smallest p first.
    """
    tables = result.tables
    found = {"Share of time in clusters (%)": _tests(tables["map_compare"], ["cluster"])}
    if "map_compare_overall" in tables:
        found["Share of time in clusters, all at once"] = shown(tables["map_compare_overall"], _OVERALL)
    areas = tables["map_compare_areas"].sort_values("p_adjusted")
    found["Areas of the map"] = shown(areas, {"first": "first", "second": "second", **_AREAS})
    clusters = tables["map_compare_clusters"]
    found["Clusters"] = shown(clusters.assign(largest_share=100 * clusters["largest_share"]), _CLUSTERS)
    moves = tables.get("map_compare_transitions")
    if moves is not None:
        for measure, title in _TRANSITIONS.items():
            own = moves[moves["measure"] == measure].sort_values("p_adjusted")
            found[title] = _tests(own, ["origin", "target"])
    return found


def _tests(table: pd.DataFrame, first: list[str]) -> pd.DataFrame:
    names = {"origin": "from cluster", "target": "to cluster"}
    titles = {one: names.get(one, one) for one in first}
    return shown(table, {**titles, "second": "of", "first": "against", **_TESTS})
