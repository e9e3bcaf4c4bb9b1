"""Intervals inside recordings as conditions of the same subjects."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_ubam.analysis import AnalysisError, AnalysisInputs
from napari_ubam.analysis.groups import COMPARE
from napari_ubam.runfolder.tables import Result
from napari_ubam.study import Recording, Roi, Study

FRAMES = 300  # ten seconds
SPANS = "shock:2-4;sugar:5-7;shock:8-9"


def study_of(count: int, spans: str = SPANS) -> Study:
    return Study(
        [
            Recording(
                video=Path("v.mp4"),
                name=f"r{number}",
                subject=f"s{number}",
                group="all",
                session="0",
                intervals=spans if number else "",
                roi=Roi(x=number, y=0, width=8, height=8),
            )
            for number in range(count + 1)  # the first one is the reference
        ]
    )


def scores_of(study: Study, rise: float, seed: int = 0) -> Result:
    """Make scores that rise during the shocks, and an episode from 3 s to 6 s."""
    generator, frames = np.random.default_rng(seed), []
    times = np.arange(FRAMES) / 30
    for one in study:
        shock = one.frame_labels(times).get("shock", np.zeros(FRAMES, bool))
        episodic = generator.normal(0, 0.003, FRAMES) + rise * shock
        rows = {"recording": one.name, "time": times, "constant": 0.1, "episodic": episodic}
        frames.append(pd.DataFrame(rows))
    names = [one.name for one in study][1:]
    episodes = pd.DataFrame({"recording": names, "start_time": 3.0, "stop_time": 6.0})
    facts = {"reference": "subject=s0", "reference_recordings": ["r0"], "reference_subjects": ["s0"]}
    return Result("scores", {"scores": pd.concat(frames), "episodes": episodes}, facts)


def compare(study: Study, scores: Result, **values: object) -> Result:
    inputs = AnalysisInputs(study, list, lambda: scores)
    return COMPARE.compute(inputs, COMPARE.parse({"permutations": 300, "resamples": 100, **values}))


def test_a_rise_in_one_state_is_found_by_sign_flips_of_subjects() -> None:
    study = study_of(8)
    measures = "episodic,time_in_episodes"
    result = compare(study, scores_of(study, 0.02), by_interval="sugar,shock", measures=measures)
    table = result.tables["compare"].set_index("measure")
    assert table["first"].unique().tolist() == ["sugar"]  # in the order in which they were asked for
    assert table.loc["episodic", "difference"] == pytest.approx(0.02, abs=0.005)
    assert table.loc["episodic", "p"] == pytest.approx(2 / 2**8)
    assert table.loc["episodic", "n_first"] == 8  # the reference has no intervals
    # The episode lasts from 3 s to 6 s: one second of three, and one of two.
    own = result.tables["compare_subjects"].groupby("level")["time_in_episodes"].mean()
    assert own.to_dict() == pytest.approx({"shock": 100 / 3, "sugar": 50}, abs=0.5)
    assert "r0: no frame in any of the intervals, so left out." in result.warnings
    assert "sign flips within subjects" in COMPARE.sentences(result)[-1]
    assert "Conditions are intervals inside recordings" in COMPARE.sentences(result)[-1]


def test_nothing_is_found_where_states_do_not_differ() -> None:
    study = study_of(6)
    found = [
        compare(study, scores_of(study, 0.0, seed), by_interval="sugar,shock", measures="episodic").tables[
            "compare"
        ]["p"][0]
        for seed in range(40)
    ]
    assert np.mean(np.array(found) <= 0.05) <= 0.125  # 5% of 40, and its binomial error


def test_one_label_is_compared_with_all_other_times() -> None:
    study = study_of(6)
    result = compare(study, scores_of(study, 0.02), by_interval="shock")
    assert result.facts["levels"] == ["not shock", "shock"]
    minutes = result.tables["compare_subjects"].groupby("level")["minutes"].first()
    assert (60 * minutes).to_dict() == pytest.approx({"not shock": 7, "shock": 3}, abs=0.1)
    assert set(result.tables["compare"]["measure"]) == {"episodic"}  # the constant part has no intervals


@pytest.mark.parametrize(
    ("spans", "values", "sentence"),
    [
        (
            SPANS,
            {"by_interval": "light"},
            "No recording has intervals 'light'; choose the labels among shock",
        ),
        ("", {"by_interval": "light"}, "No recording of the study has intervals"),
        (
            SPANS,
            {"by_interval": "shock", "measures": "constant"},
            "The constant part is one value of a recor",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(spans: str, values: dict[str, str], sentence: str) -> None:
    study = study_of(3, spans)
    with pytest.raises(AnalysisError, match=sentence):
        compare(study, scores_of(study, 0.0), **values)
