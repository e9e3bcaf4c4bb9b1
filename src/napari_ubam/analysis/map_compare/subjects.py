"""One row for each subject: its share of time in each cluster, and its transitions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

SHARE, RATE, PROBABILITY = "share", "rate", "probability"


def share_table(found: pd.DataFrame, clusters: int) -> pd.DataFrame:
    """Give the share of time in each cluster. A cluster that a subject never shows has 0%.

    Parameters
    ----------
    found : DataFrame
        Bouts of all recordings: ``subject, level, cluster, seconds, previous``.
    clusters : int
        Number of clusters.

    Returns
    -------
    DataFrame
        ``subject, level, seconds, share_1 ...`` in percent. Recordings of a subject count by their length.
    """
    keys = ["subject", "level"]
    wide = found.pivot_table("seconds", keys, "cluster", "sum", fill_value=0.0)
    wide = wide.reindex(columns=range(1, clusters + 1), fill_value=0.0)
    seconds = wide.sum(axis=1)
    table = (100 * wide).div(seconds, axis=0)
    table.columns = pd.Index([f"{SHARE}_{one}" for one in table.columns])
    table.insert(0, "seconds", seconds)
    return table.reset_index()


def transition_table(
    found: pd.DataFrame, shares: pd.DataFrame, least: float = 0.5
) -> tuple[pd.DataFrame, Sequence[tuple[int, int]]]:
    """Count transitions that at least half of all subjects show, whatever their group.

    Parameters
    ----------
    found : DataFrame
        Bouts of all recordings, as `share_table` takes them.
    shares : DataFrame
        From `share_table`.
    least : float
        Share of subjects.

    Returns
    -------
    table : DataFrame
        ``subject, level`` and for each transition ``rate_A_B`` per minute, and ``probability_A_B``: share of
        all transitions from A that go to B, NaN for a subject that never leaves A.
    transitions : sequence of (int, int)
        From and to.
    """
    keys = ["subject", "level"]
    moved = found[found["previous"] > 0]
    counts = moved.groupby([*keys, "previous", "cluster"]).size().rename("count").reset_index()
    table = shares[[*keys, "seconds"]].copy()
    index = pd.MultiIndex.from_frame(table[keys])
    left = counts.groupby([*keys, "previous"])["count"].sum()
    seen = counts.groupby(["previous", "cluster"])["subject"].nunique()
    enough = seen[seen >= least * table["subject"].nunique()].reset_index()
    common = [(int(a), int(b)) for a, b in zip(enough["previous"], enough["cluster"], strict=True)]
    for origin, target in common:
        rows = counts[(counts["previous"] == origin) & (counts["cluster"] == target)]
        many = rows.set_index(keys)["count"].reindex(index, fill_value=0).to_numpy(float)
        one = left[left.index.get_level_values("previous") == origin].droplevel("previous")
        total = one.reindex(index).to_numpy(float)
        table[f"{RATE}_{origin}_{target}"] = 60 * many / np.maximum(table["seconds"].to_numpy(), 1e-9)
        table[f"{PROBABILITY}_{origin}_{target}"] = many / total
    return table.drop(columns="seconds"), common
