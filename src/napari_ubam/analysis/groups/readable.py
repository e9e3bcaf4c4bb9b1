"""Tables of a comparison as people read them in the report."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from napari_ubam.runfolder.tables import Result

from .measures import MEASURES

_SHOWN = {
    "measure": "measure",
    "second": "of",
    "first": "against",
    "n_second": "n",
    "n_first": "n against",
    "difference": "difference",
    "low": "95% from",
    "high": "to",
    "delta": "Cliff's delta",
    "p": "p",
    "p_adjusted": "p adjusted",
    "smallest_p": "smallest p",
}


def readable_tables(result: Result) -> Mapping[str, pd.DataFrame]:
    """Give the tables of a comparison with titles for names.

    Parameters
    ----------
    result : Result
        Of the analysis ``"compare"``.

    Returns
    -------
    dict of str to DataFrame
        By their titles: each pair, and if there are any, all at once and the model.
    """
    pairs = _readable(result.tables["compare"])[list(_SHOWN.values())]
    if result.facts["paired"]:
        pairs = pairs.rename(columns={_SHOWN["delta"]: "increases minus decreases"})
    found = {"Each pair": pairs}
    for name, title in (("compare_overall", "All at once"), ("compare_model", "Model")):
        if name in result.tables:
            found[title] = _readable(result.tables[name])
    return found


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    titles = table["measure"].map({name: one.title for name, one in MEASURES.items()})
    return (
        table.assign(measure=titles)
        .rename(columns=_SHOWN)
        .rename(columns=lambda name: str(name).replace("_", " "))
    )
