"""One row for each subject, from the scores of frames."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_ubam.analysis import Codes, deviation, episodes, score_table, subject_table
from napari_ubam.analysis.groups import session_values, subject_values
from napari_ubam.analysis.subjects import episodic_excess


def codes(name: str, subject: str, session: str = "0", frames: int = 60, seed: int = 0) -> Codes:
    generator = np.random.default_rng([seed, *map(ord, name)])
    values = generator.normal(size=(frames, 6)).astype(np.float32)
    valid = np.ones(frames, bool)
    times = np.arange(frames) / 30
    return Codes(name, subject, "healthy", session, values, values, times, np.arange(frames), valid)


def labels(parts: list[Codes], reference: list[str], **levels: str) -> pd.DataFrame:
    rows = [
        (one.name, one.subject, levels.get(one.name, "x"), one.session, one.name in reference)
        for one in parts
    ]
    return pd.DataFrame(rows, columns=["recording", "subject", "level", "session", "reference"])


def test_values_are_those_of_the_table_of_subjects() -> None:
    parts = [codes(f"r{number}", f"s{number}") for number in range(6)]
    reference = ["r0", "r1", "r2", "r3"]
    result = deviation(parts, reference)
    nothing = episodes([], []).assign(recording="")
    found = session_values(score_table(result), nothing, labels(parts, reference)).set_index("subject")
    table = subject_table(result, episodic_excess).set_index("subject")
    for name in ("episodic", "constant"):
        assert found[name].to_dict() == pytest.approx(table[name].to_dict(), rel=1e-4)
    assert found["reference"].tolist() == [True] * 4 + [False] * 2
    assert found["minutes"].tolist() == pytest.approx([2 / 60] * 6)
    assert found["episodes_per_minute"].tolist() == [0] * 6
    assert found["episode_seconds"].isna().all()


def test_it_does_not_matter_how_videos_are_cut_but_sessions_count_alike() -> None:
    table = pd.DataFrame(
        [
            (name, number / 10, 0.1, value)
            for name, count, value in (("a", 10, 2.0), ("b", 30, 4.0), ("c", 20, 8.0))
            for number in range(count)
        ],
        columns=["recording", "time", "constant", "episodic"],
    )
    known = pd.DataFrame(
        [
            ("a", "s", "x", "0", False),
            ("b", "s", "x", "0", False),
            ("c", "s", "x", "1", False),
            ("r", "t", "x", "0", True),
        ],
        columns=["recording", "subject", "level", "session", "reference"],
    )
    reference = pd.DataFrame({"recording": "r", "time": np.arange(20) / 10, "constant": 0.1, "episodic": 1.0})
    bouts = pd.DataFrame(
        {"recording": ["a", "b", "b"], "start_time": [0.0, 0.0, 1.0], "stop_time": [0.5, 0.5, 1.5]}
    )
    sessions = session_values(pd.concat([table, reference]), bouts, known).set_index(["subject", "session"])
    pooled = sessions.loc[("s", "0")]
    assert pooled["episodic"] == pytest.approx((10 * 1 + 30 * 3) / 40)  # above the line of 1, by frames
    assert pooled["time_in_episodes"] == pytest.approx(100 * 1.5 / 4)
    assert pooled["episodes_per_minute"] == pytest.approx(3 / (4 / 60))
    assert pooled["episode_seconds"] == pytest.approx(0.5)
    one = subject_values(sessions.reset_index()).set_index("subject").loc["s"]
    assert one["episodic"] == pytest.approx((pooled["episodic"] + 7) / 2)  # the mean of two sessions
    assert (one["sessions"], one["recordings"]) == (2, 3)


def test_subjects_without_a_score_are_left_out() -> None:
    parts = [codes(f"r{number}", f"s{number}") for number in range(5)]
    reference = ["r0", "r1", "r2"]
    table = score_table(deviation(parts, reference))
    table.loc[table["recording"] == "r4", ["episodic", "constant"]] = np.nan
    nothing = episodes([], []).assign(recording="")
    found = session_values(table, nothing, labels(parts, reference))
    assert found["subject"].tolist() == ["s0", "s1", "s2", "s3"]


def test_excess_does_not_depend_on_which_recordings_are_compared() -> None:
    parts = [codes(f"r{number}", f"s{number}") for number in range(6)]
    reference = ["r0", "r1", "r2", "r3"]
    scores, nothing = score_table(deviation(parts, reference)), episodes([], []).assign(recording="")
    everything = labels(parts, reference)
    whole = session_values(scores, nothing, everything).set_index("subject")["episodic"]
    compared, line = everything[~everything["reference"]], everything[everything["reference"]]
    part = session_values(scores, nothing, compared, reference=line).set_index("subject")["episodic"]
    assert part.to_dict() == pytest.approx(whole[["s4", "s5"]].to_dict())
    assert (part > 0).all()
    unknown = session_values(scores, nothing, compared)["episodic"]
    assert unknown.isna().all()  # no line, so nothing is known
