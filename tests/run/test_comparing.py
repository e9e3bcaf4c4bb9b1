"""Groups, conditions and sessions of a run compared: Python, the command, the report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from napari_ubam.analysis import AnalysisError
from napari_ubam.analysis.groups import methods_text
from napari_ubam.cli import app
from napari_ubam.run import Run
from napari_ubam.runfolder.recordings import set_recordings
from napari_ubam.study import Interval, Study
from scored_groups import recordings, score

Make = Callable[..., Run]
TWO = {"healthy": 8, "impaired": 4}


@pytest.fixture
def make(trained: Run, study: Study, tmp_path: Path) -> Make:
    """Give a function that makes a run with scores of groups."""

    def scored(groups: dict[str, int], shifts: dict[str, float], **options: object) -> Run:
        sessions, columns = options.pop("sessions", ("0",)), options.pop("columns", None)
        made = recordings(study[0].video, groups, sessions, columns)  # type: ignore[arg-type]
        folder = tmp_path / str(options.pop("folder", "scored"))
        return score(trained, folder, made, shifts, **options)  # type: ignore[arg-type]

    return scored


def call(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(word) for word in words])
    return result.exit_code, result.output


def test_four_against_eight_are_found_by_all_495_ways(make: Make) -> None:
    run = make(TWO, {"impaired": 0.02})
    result = run.compare("group")
    table = result.tables["compare"].set_index("measure")
    assert table.index.tolist() == ["episodic", "constant"]
    assert (table["first"] == "healthy").all()  # the reference is what the others are compared with
    assert table["arrangements"].tolist() == [495, 495]
    assert table["p"].tolist() == pytest.approx([1 / 495] * 2)
    assert table["p_adjusted"].tolist() == pytest.approx([2 / 495] * 2)
    assert table["delta"].tolist() == [1.0, 1.0]
    row = table.loc["constant"]
    assert row["low"] < row["difference"] < row["high"]
    assert row["difference"] == pytest.approx(0.02, abs=0.003)
    assert len(result.tables["compare_subjects"]) == 12
    assert result.facts["subjects"] == {"healthy": 8, "impaired": 4}
    assert "compare_overall" not in result.tables
    kept = run.results["compare"]
    assert kept.facts["seed"] == 0
    assert kept.facts["versions"]["napari-ubam"]
    pd.testing.assert_frame_equal(
        kept.tables["compare"], result.tables["compare"], check_dtype=False, rtol=1e-4
    )
    assert (run.folder / "figures" / "compare.png").stat().st_size > 5000


def test_recordings_of_a_subject_count_once(make: Make) -> None:
    run = make(TWO, {"impaired": 0.02}, sessions=("0", "1", "2"))
    result = run.compare("group")
    assert result.facts["subjects"] == {"healthy": 8, "impaired": 4}
    assert set(result.tables["compare"]["arrangements"]) == {495}
    assert set(result.tables["compare_subjects"]["sessions"]) == {3}
    only = run.compare("group", where="session=1")
    assert set(only.tables["compare_subjects"]["sessions"]) == {1}


def test_a_condition_within_subjects_is_compared_by_sign_flips(make: Make) -> None:
    shifts = {"rat-1": 0.01, "healthy-1": 0.0}
    run = make({"healthy": 4, "rat": 6}, shifts, sessions=("0", "1"))
    with pytest.raises(AnalysisError, match=r"rat0 has recordings with session = 0, 1, .* use --paired"):
        run.compare("session", where="group=rat")
    result = run.compare("session", where="group=rat", paired=True, measures=("constant",))
    (row,) = result.tables["compare"].to_dict("records")
    assert (row["first"], row["second"], row["n_first"]) == ("0", "1", 6)
    assert (row["arrangements"], row["exact"]) == (64, True)
    assert row["p"] == pytest.approx(2 / 64)
    assert row["difference"] == pytest.approx(0.01, abs=0.001)
    assert row["delta"] == 1.0
    assert "sign flips within subjects" in run.report().read_text("utf-8")


def test_a_baseline_is_not_compared_with_what_is_compared_with_it(make: Make) -> None:
    run = make({"rat": 6}, {"rat-1": 0.01}, sessions=("0", "1"), reference="session=0", within=True)
    with pytest.raises(AnalysisError, match="closer to themselves by construction"):
        run.compare("session", paired=True)


def test_three_groups_have_a_test_of_all_and_of_each_pair(make: Make) -> None:
    run = make({"healthy": 5, "mild": 5, "severe": 5}, {"mild": 0.003, "severe": 0.02})
    result = run.compare(measures=("constant",), adjust="bh")
    overall = result.tables["compare_overall"]
    assert overall["levels"].tolist() == ["healthy, mild, severe"]
    assert overall["p"][0] < 0.001
    assert not overall["exact"][0]  # 756756 ways
    pairs = result.tables["compare"]
    assert list(zip(pairs["second"], pairs["first"], strict=True)) == [
        ("mild", "healthy"),
        ("severe", "healthy"),
        ("severe", "mild"),
    ]
    assert (pairs["p_adjusted"] >= pairs["p"]).all()
    assert "of all at once: sum of squares" in methods_text(result.facts)
    again = run.compare(measures=("constant",), baseline="severe")
    assert again.tables["compare"]["first"].tolist() == ["severe", "severe", "healthy"]


def test_sessions_and_covariates_by_a_mixed_model(make: Make) -> None:
    ages = [str(10 + 3 * (number % 4)) for number in range(16)]
    run = make(
        {"healthy": 8, "impaired": 8},
        {"impaired-0": 0.02, "impaired-1": 0.02, "impaired-2": 0.005},
        sessions=("0", "1", "2"),
        columns={"age": ages},
    )
    result = run.compare(measures=("constant",), mixed_model=True, covariates=("age",))
    table = result.tables["compare_model"].set_index("term")
    assert set(table["model"]) == {"mixed model"}
    assert table.loc["group: impaired - healthy", "dof"] == 16 - 3  # subjects, not recordings
    assert table.loc["group: impaired - healthy", "p"] < 0.001
    assert table.loc["group: impaired - healthy", "estimate"] == pytest.approx(0.015, abs=0.004)
    assert table.loc["group × session", "p"] < 0.001
    assert table.loc["age", "p"] > 0.01


def test_a_measure_that_a_group_lacks_has_no_model_and_the_others_have(make: Make) -> None:
    run = make({"healthy": 5, "impaired": 5}, {"impaired": 0.02})
    result = run.compare(measures=("constant", "episode_seconds"), mixed_model=True)
    table = result.tables["compare_model"].set_index("measure")
    assert np.isfinite(table.loc["constant", "p"])
    assert np.isnan(table.loc["episode_seconds", "p"])
    said = "episode_seconds: no subject with group = healthy has a value, so no model can be fitted"
    assert any(said in one for one in result.warnings)


def test_each_question_is_a_family_of_tests(make: Make) -> None:
    run = make({"healthy": 4, "mild": 4, "severe": 4}, {"severe": 0.02})
    result = run.compare()
    text = methods_text(result.facts)
    assert "p is adjusted by Holm for the tests of all pairs and measures" in text
    assert "the tests of all at once are a second family" in text
    pairs, overall = result.tables["compare"], result.tables["compare_overall"]
    assert pairs["p_adjusted"].min() == pytest.approx(min(1.0, 6 * pairs["p"].min()))
    assert overall["p_adjusted"].min() == pytest.approx(min(1.0, 2 * overall["p"].min()))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"by": "colour"}, "cannot be compared by 'colour'; choose one of group, session, sex."),
        ({"by": "sex"}, "sex = f has recordings of one subject, and one subject is no group"),
        ({"by": "session"}, "nothing to compare by session: all subjects have session = 0"),
        ({"baseline": "sham"}, "group has no value 'sham'; choose the baseline among healthy, impaired."),
        ({"measures": ("speed",)}, "there is no measure 'speed'"),
        ({"covariates": ("group",)}, "'group' cannot be a covariate here; choose one of sex."),
        ({"covariates": ("level",)}, "A covariate cannot be named 'level'"),
        ({"covariates": ("episodic",)}, "A covariate cannot be named 'episodic'"),
        ({"paired": True}, "0 subjects with recordings for all of healthy, impaired"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_a_sentence(
    make: Make, options: dict[str, object], sentence: str
) -> None:
    run = make({"healthy": 3, "impaired": 3}, {}, columns={"sex": ["m", "m", "m", "m", "m", "f"]})
    with pytest.raises(AnalysisError) as refused:
        run.compare(**options)  # type: ignore[arg-type]
    assert sentence in str(refused.value)
    assert "compare" not in run.results


def test_a_subject_that_changed_its_group_since_the_scoring_is_refused(make: Make) -> None:
    run = make({"healthy": 3, "impaired": 3}, {})
    rows = list(run.compare().tables["compare_subjects"]["subject"])
    assert len(rows) == 6
    table = Study([one.model_copy(update={"group": "sham"}) for one in recordings_of(run)])
    set_recordings(run.folder, table)
    with pytest.raises(AnalysisError, match="The group of healthy0-0 has changed since the study was scored"):
        run.compare()


def recordings_of(run: Run) -> Study:
    return Study.from_csv(run.folder / "study.csv", check_files=False)


def test_a_session_with_a_baseline_keeps_its_other_recordings(
    trained: Run, study: Study, tmp_path: Path
) -> None:
    once = recordings(study[0].video, {"sham": 4, "drug": 4}, ("before", "after"))
    day = Study([one.model_copy(update={"session": "0", "metadata": {"phase": one.session}}) for one in once])
    shifts = {"drug": 0.02}
    run = score(trained, tmp_path / "scored", day, shifts, reference="phase=before", within=True)
    table = run.compare("group").tables["compare_subjects"]
    assert table["subject"].tolist() == list(day.subjects)
    assert table["recordings"].tolist() == [1] * 8  # of the two of each subject's day


def test_too_few_subjects_are_told(make: Make) -> None:
    result = make({"healthy": 3, "impaired": 3}, {"impaired": 0.02}).compare()
    assert any("p cannot be less than 0.100, however large" in sentence for sentence in result.warnings)
    assert result.tables["compare"]["detectable"].isna().all()


def test_a_small_reference_against_more_others_is_warned_of(make: Make) -> None:
    rough, small = "with fewer than 8 p is rough", "Another group has more subjects than the reference"
    fast = {"permutations": 100, "resamples": 100}
    more = make({"healthy": 5, "impaired": 6}, {"impaired": 0.02}).compare("group", **fast).warnings
    assert any(rough in one and small in one for one in more)
    fewer = make({"healthy": 5, "impaired": 4}, {"impaired": 0.02}, folder="fewer")
    said = fewer.compare("group", **fast).warnings
    assert any(rough in one for one in said)
    assert not any(small in one for one in said)


def test_the_command_prints_sentences_and_the_report_has_a_section(make: Make) -> None:
    run = make(TWO, {"impaired": 0.02})
    code, said = call("compare", "--run", run.folder, "--by", "group", "--measure", "all")
    assert code == 0, said
    assert "Constant deviation, impaired against healthy (n = 4 and 8): difference 0.0" in said
    assert "Cliff's delta 1.00, p = 0.002 (all 495 ways), adjusted p = " in said
    assert "(Holm, 5 tests)" in said
    assert "With 8 and 4 subjects a difference of 1.9 times the spread within groups" in said
    assert "The unit is the subject (healthy: n = 8, impaired: n = 4)." in said
    text = run.report().read_text(encoding="utf-8")
    assert ">Comparison of groups</h2>" in text
    assert "all 495 ways" in text
    code, said = call("compare", "--run", run.folder, "--by", "colour")
    assert (code, said.count("\n")) == (1, 1)


def test_the_report_says_when_the_study_was_scored_again(make: Make, trained: Run) -> None:
    run = make(TWO, {"impaired": 0.02})
    run.compare()
    facts = run.folder / "scores.json"
    facts.write_text(facts.read_text("utf-8").replace('"created": "20', '"created": "19'), "utf-8")
    assert "The study was scored again since then; run this analysis again." in run.report().read_text(
        "utf-8"
    )


def test_states_inside_recordings_are_compared_by_the_command(
    trained: Run, study: Study, tmp_path: Path
) -> None:
    """The episode of the impaired lasts from 3.33 s to 4.33 s, inside the light."""
    light = [Interval(label="light", start=3, stop=5)]
    made = Study(
        [
            one.model_copy(update={"intervals": tuple(light) if one.group == "impaired" else ()})
            for one in recordings(
                study[0].video, {"healthy": 4, "impaired": 6}, columns={"camera": "a" * 4 + "b" * 6}
            )
        ]
    )
    run = score(trained, tmp_path / "scored", made, {"impaired": 0.02})
    code, said = call("compare", "--run", run.folder, "--by-interval", "light", "--measure", "episodic")
    assert code == 0, said
    said = " ".join(said.split())
    assert "light against not light (n = 6)" in said
    assert "p = 0.031 (all 64 ways)" in said
    assert "camera" not in said  # a recording has one camera, so it cannot explain a change inside
    assert "light against not light" in run.report().read_text("utf-8")
    code, said = call("compare", "--run", run.folder, "--by-interval", "dark")
    assert code == 1
    assert "No recording has intervals 'dark'; choose the labels among light." in " ".join(said.split())
