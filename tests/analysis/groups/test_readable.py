"""Tables of a comparison as the report shows them."""

from __future__ import annotations

import pandas as pd
import pytest

from napari_ubam.analysis.groups.readable import readable_tables
from napari_ubam.runfolder.tables import Result

NUMBERS = ("n_first", "n_second", "difference", "low", "high", "delta", "p", "p_adjusted", "smallest_p")


@pytest.mark.parametrize(
    ("paired", "effect"), [(False, "Cliff's delta"), (True, "increases minus decreases")]
)
def test_columns_have_names_that_can_be_read(paired: bool, effect: str) -> None:
    row = {"measure": "episodic", "first": "healthy", "second": "ill", **dict.fromkeys(NUMBERS, 0.5)}
    pairs = pd.DataFrame([{**row, "arrangements": 495, "exact": True}])
    model = pd.DataFrame([{"measure": "constant", "term": "session", "p_adjusted": 0.1}])
    found = readable_tables(Result("compare", {"compare": pairs, "compare_model": model}, {"paired": paired}))
    assert list(found) == ["Each pair", "Model"]
    shown = found["Each pair"]
    assert shown.loc[0, ["measure", "of", "against"]].tolist() == ["Episodic deviation", "ill", "healthy"]
    assert effect in shown
    assert "arrangements" not in shown
    assert list(found["Model"].columns) == ["measure", "term", "p adjusted"]
