"""Warnings about scores."""

from __future__ import annotations

import pandas as pd

from napari_ubam.analysis.scoring_checks import episode_warnings


def test_a_recording_that_is_one_episode_is_told() -> None:
    rows = [("a", 0.1, 9.8), ("a", 9.9, 9.95), ("b", 0.0, 5.0), ("c", 0.0, 10.0)]
    table = pd.DataFrame(rows, columns=["recording", "start_time", "stop_time"])
    durations = {"a": 10.0, "b": 10.0, "c": 10.0}
    [said] = episode_warnings(table, durations, ["c"])
    assert said.startswith("a, c: in each, one episode covers nearly the whole recording")
    assert "choose a reference that was recorded in the same way" in said
    [said] = episode_warnings(table[3:], durations, ["c"])
    assert said == (
        "c: one episode covers nearly the whole recording, so it does not tell when; train longer."
    )
    assert episode_warnings(table[1:3], durations, ["c"]) == []
