"""The demo, from nothing to a magnified episode."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from napari_ubam.families import FAMILIES
from napari_ubam.run import demo
from napari_ubam.sample import write_sample
from napari_ubam.video import open_video
from shared_runs import mini


@pytest.mark.slow
def test_the_whole_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = partial(write_sample, healthy=4, impaired=2, seconds=4.0)
    monkeypatch.setattr(demo, "write_sample", small)
    quick = mini().model_copy(update={"preset": "tiny"})
    monkeypatch.setitem(FAMILIES["native"].presets, "tiny", quick)
    lines = list(demo.run_demo(tmp_path, steps=100, magnify=True))
    said = "\n".join(lines)
    assert "Against the truth" in said
    figures = tmp_path / "run" / "figures"
    assert {"against_truth.png", "losses.png", "neighbours.png"} <= {one.name for one in figures.iterdir()}
    assert "Strongest episode" in said
    assert (figures / "sweep.png").stat().st_size > 10_000
    assert open_video(figures / "magnified.mp4").shape[2] == 3 * 320
    again = "\n".join(demo.run_demo(tmp_path, steps=1))  # continues with the files of the first call
    assert "Against the truth" in again
