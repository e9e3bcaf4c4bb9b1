"""Scoring: one call gives all tables, and what is written can be read again and traced to its inputs."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_ubam.analysis import DeviationError, DeviationResult
from napari_ubam.embedding.codes import codes_hash
from napari_ubam.progress import Progress
from napari_ubam.run import Run, RunError, ScoreTable
from napari_ubam.run.demo import agreement
from napari_ubam.run.summary import summary_lines
from napari_ubam.runfolder.recordings import read_recordings
from napari_ubam.study import Study
from shared_runs import advise

COLUMNS = [
    "recording",
    "frame",
    "time",
    "posture_deviation",
    "behaviour_deviation",
    "posture_percentile",
    "behaviour_percentile",
    "constant",
    "episodic",
    "constant_percentile",
    "episodic_percentile",
]


@pytest.fixture(scope="module")
def scored(trained: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("scored") / "run"
    shutil.copytree(trained.folder, folder)
    return Run.open(folder)


@pytest.fixture(scope="module")
def scores(scored: Run, study: Study) -> ScoreTable:
    return scored.score(study, "group=healthy")


@pytest.fixture
def fresh(trained: Run, tmp_path: Path) -> Run:
    """Give a run that the test may change."""
    shutil.copytree(trained.folder, tmp_path / "run")
    return Run.open(tmp_path / "run")


def test_the_result_is_the_table_of_frames(scores: ScoreTable) -> None:
    assert isinstance(scores, pd.DataFrame)
    assert list(scores.columns) == COLUMNS
    assert len(scores) == 5 * 90
    assert type(scores.table) is pd.DataFrame
    pd.testing.assert_frame_equal(scores.table, scores, check_frame_type=False)
    assert isinstance(scores.deviation, DeviationResult)
    assert set(scores.episodes["recording"]) <= set(scores["recording"])
    about_scores = [said for said in scores.warnings if "too young" not in said]
    assert about_scores == list(scores.deviation.warnings)


def test_the_summary_of_subjects_names_the_mean_excess(scores: ScoreTable) -> None:
    said = "\n".join(summary_lines(scores))
    assert "largest episodic deviation first" in said
    assert said.count(" p ") >= 2
    assert " constant " in said


def test_derived_tables_are_plain(scores: ScoreTable) -> None:
    for derived in (
        scores[scores["frame"] > 3],
        scores.copy(),
        scores[["frame"]],
        scores.merge(scores.subjects, how="cross").head(),
        scores.groupby("recording").mean(numeric_only=True),
        pd.concat([scores, scores]),
    ):
        assert type(derived) is pd.DataFrame


def test_the_result_can_be_pickled(scores: ScoreTable) -> None:
    again = pickle.loads(pickle.dumps(scores))
    assert type(again) is ScoreTable
    pd.testing.assert_frame_equal(again, scores)
    pd.testing.assert_frame_equal(again.subjects, scores.subjects)
    assert again.facts == scores.facts


def test_the_tables_of_the_run_are_those_of_the_result(scored: Run, scores: ScoreTable) -> None:
    pd.testing.assert_frame_equal(scored.scores, scores.table, check_dtype=False, rtol=1e-4)
    np.testing.assert_array_equal(scored.subjects["subject"], scores.subjects["subject"])
    np.testing.assert_allclose(scored.subjects["deviation"], scores.subjects["deviation"], rtol=1e-4)
    np.testing.assert_array_equal(scored.episodes["peak"], scores.episodes["peak"])
    found = scored.results["scores"]
    assert list(found.tables) == ["scores", "subjects", "episodes"]
    assert found.warnings == scores.warnings
    assert found.facts["reference"] == "group=healthy"


def test_each_recording_has_a_timeline(scored: Run, scores: ScoreTable, study: Study) -> None:
    drawn = {one.stem for one in (scored.folder / "figures" / "timelines").iterdir()}
    assert drawn == set(study.names)


def test_the_facts_say_what_was_scored(scored: Run, scores: ScoreTable, study: Study) -> None:
    noted = json.loads((scored.folder / "scores.json").read_text("utf-8"))
    assert (noted["k"], noted["per_subject"]) == (10, 2)
    assert noted["model"] == dict(scored.encoder("cpu").hashes)
    assert set(noted["reference_subjects"]) == {f"healthy{number}" for number in range(1, 5)}
    assert noted["recordings"] == scores.facts["recordings"]
    rows = {one["name"]: one for one in noted["recordings"]}
    assert list(rows) == list(study.names)
    for one in study:
        row = rows[one.name]
        assert (row["subject"], row["group"], row["session"]) == (one.subject, one.group, one.session)
        assert row["reference"] is (one.group == "healthy")
        assert row["codes"] == codes_hash(scored.embeddings(one.name))
    assert len({one["codes"] for one in noted["recordings"]}) == len(study)


def test_a_run_that_was_not_scored_says_so(trained: Run, tmp_path: Path) -> None:
    shutil.copytree(trained.folder, tmp_path / "run", ignore=shutil.ignore_patterns("scores.json"))
    run = Run.open(tmp_path / "run")
    assert "scores" not in run.results
    for name in ("scores", "subjects", "episodes"):
        with pytest.raises(RunError, match="has no scores; score the study first"):
            getattr(run, name)


def test_the_earlier_name_still_works_and_warns(fresh: Run, study: Study) -> None:
    with pytest.warns(DeprecationWarning, match=r"use Run\.score"):
        found = fresh.scoring(study, "group=healthy", figures=False)
    assert isinstance(found, ScoreTable)
    assert len(found.subjects) == 5


def test_the_study_of_the_run_becomes_the_scored_one(fresh: Run, study: Study) -> None:
    few = Study([one for one in study if one.subject in ("healthy1", "healthy2", "impaired1")])
    found = fresh.score(few, "group=healthy", figures=False)
    assert read_recordings(fresh.folder).names == few.names
    assert "two subjects" in " ".join(found.warnings)
    assert fresh.results["scores"].warnings == found.warnings


def test_subjects_are_compared_with_their_own_baseline(fresh: Run, study: Study) -> None:
    before = ["healthy1", "healthy2"]
    rows = [
        one.model_copy(
            update={"subject": "rat", "group": "treated", "session": "0" if one.name in before else "1"}
        )
        if one.name in (*before, "impaired1")
        else one
        for one in study
    ]
    found = fresh.score(Study(rows), "session=0 and group=treated", within="subject")
    assert found.facts["within"] == "subject"
    table = found.subjects.set_index(["subject", "session"])
    assert table.loc[("rat", "1"), "n_reference"] == 10
    assert table.loc[("rat", "1"), ["constant_p", "episodic_p"]].between(1 / 11, 1).all()
    assert table.loc["healthy3", "episodic"].isna().all()
    assert found.loc[found["recording"] == "healthy3", "episodic"].isna().all()
    said = "\n".join(summary_lines(found))
    assert "nan" not in said
    text = fresh.report().read_text("utf-8")
    assert "each compared with stretches of its own reference recordings" in text
    with pytest.raises(DeviationError, match="the only choice is 'subject'"):
        fresh.score(study, "group=healthy", within="group")


def test_a_model_that_is_too_young_is_said_with_the_scores(fresh: Run, study: Study) -> None:
    advise(fresh.folder, "This model is too young to score with: a reason. Train about 9 minutes more.", 9)
    told: list[Progress] = []
    found = fresh.score(study, "group=healthy", figures=False, progress=told.append)
    assert found.warnings[0].startswith("This model is too young to score with")
    assert found.warnings[0] in [event.message for event in told]
    noted = fresh.results["scores"]
    assert noted.facts["model_too_young"] is True
    assert noted.warnings == found.warnings
    report = fresh.report().read_text("utf-8")
    assert report.count("This model is too young to score with") == 2  # at the top, and beside the checks
    advise(fresh.folder, "The score still rose. Train about 9 minutes more.", 9)
    again = fresh.score(study, "group=healthy", figures=False)
    assert again.facts["model_too_young"] is False
    assert again.warnings == again.deviation.warnings
    assert "Train about 9 minutes more" in fresh.report().read_text("utf-8")


def test_an_empty_reference_is_refused(scored: Run, study: Study) -> None:
    with pytest.raises((DeviationError, ValueError), match=r"reference|group"):
        scored.score(study, "group=nobody")


def test_truth_is_compared_where_bouts_are(fresh: Run, study: Study) -> None:
    found = fresh.score(study, "group=healthy", figures=False)
    truth = pd.read_csv(study[0].video.parents[1] / "truth.csv")
    ideal = found.merge(truth, on=["recording", "frame"])
    for kind in ("posture", "behaviour"):
        found[f"{kind}_deviation"] = ideal["envelope"].where(found[f"{kind}_deviation"].notna())
    found["episodic"] = found["behaviour_deviation"]
    agreed = agreement(found, truth)
    assert agreed["posture"] == agreed["behaviour"] == agreed["pooled"] == 1.0
    assert 0 <= agreed["constant"] <= 1
