"""From stretches of time to one row for each subject and session."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from napari_ubam.analysis.durations import weighted_means

from .similarity import COLUMNS

CHANGES = {"similarity": "change", "similarity_reference": "change_reference"}


def session_table(stretches: pd.DataFrame, order: Sequence[str]) -> pd.DataFrame:
    """Average the stretches of each subject and session, and subtract the baseline.

    Parameters
    ----------
    stretches : DataFrame
        ``stretches`` of `Similarities`.
    order : sequence of str
        All sessions in their order.

    Returns
    -------
    DataFrame
        One row for each subject and session, in the order of the sessions: ``subject, group, session,
        baseline, recordings, frames, similarity, similarity_first, similarity_reference``, and ``change`` and
        ``change_reference``: similarity (of the own baseline, of the reference) minus that of the subject's
        own baseline sessions. Below 0, the session is less similar.
    """
    keys = ["subject", "group", "session", "baseline", "recordings"]
    found = weighted_means(stretches, keys, COLUMNS, "seconds")
    found.insert(0, "frames", stretches.groupby(keys, sort=False)["frames"].sum())
    table = found.reset_index()
    for name, change in CHANGES.items():
        own = table[table["baseline"]].groupby("subject")[name].mean()
        table[change] = table[name] - table["subject"].map(own)
    place = table["session"].map({session: number for number, session in enumerate(order)})
    table = table.assign(place=place, who=_first_place(table["subject"]))
    return table.sort_values(["who", "place"]).drop(columns=["place", "who"]).reset_index(drop=True)


def _first_place(names: pd.Series) -> pd.Series:
    places = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return names.map(places).astype(np.int64)
