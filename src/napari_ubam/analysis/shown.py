"""Tables as people read them: some columns, with titles for their names."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd


def shown(table: pd.DataFrame, titles: Mapping[str, str]) -> pd.DataFrame:
    """Keep some columns of a table, in this order, and give them titles.

    Parameters
    ----------
    table : DataFrame
    titles : mapping of str to str
        Title of each column that is kept; columns that a result of an older version lacks are left out.

    Returns
    -------
    DataFrame
    """
    kept = {name: title for name, title in titles.items() if name in table}
    return table[list(kept)].rename(columns=kept).reset_index(drop=True)
