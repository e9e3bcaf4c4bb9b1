"""Some rows of a long table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from napari_ubam.run import sampled_rows as module
from napari_ubam.run.sampled_rows import sampled_rows
from napari_ubam.runfolder.errors import RunError


def test_a_sample_is_even_repeatable_and_keeps_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK", 100)
    path = tmp_path / "map.csv"
    table = pd.DataFrame({"recording": "NA", "session": "007", "frame": range(1000), "x": 0.5})
    table.to_csv(path, index=False)
    rows, count = sampled_rows(path, 200)
    assert (len(rows), count) == (200, 1000)
    assert rows["frame"].is_monotonic_increasing
    assert rows["frame"].is_unique
    assert 400 < rows["frame"].mean() < 600
    assert set(rows["recording"]) == {"NA"}
    assert set(rows["session"]) == {"007"}
    pd.testing.assert_frame_equal(rows, sampled_rows(path, 200)[0])
    whole, count = sampled_rows(path, 5000)
    assert len(whole) == count == 1000
    assert list(whole.columns) == list(table.columns)


def test_a_file_without_rows_and_no_file(tmp_path: Path) -> None:
    path = tmp_path / "map.csv"
    path.write_text("recording,x\n", "utf-8")
    rows, count = sampled_rows(path, 10)
    assert (len(rows), count) == (0, 0)
    with pytest.raises(RunError, match="cannot be read"):
        sampled_rows(tmp_path / "none.csv", 10)
