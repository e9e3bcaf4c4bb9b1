"""An analysis that is registered is found by Python, the command line and the report."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from napari_ubam.analysis import (
    Analysis,
    AnalysisError,
    AnalysisParameters,
    analyses,
    find_analysis,
    group_table,
    register_analysis,
)
from napari_ubam.analysis.registry import ANALYSES
from napari_ubam.cli import app
from napari_ubam.progress import Cancelled, Progress
from napari_ubam.run import Run, RunError
from napari_ubam.runfolder.tables import Result, write_result
from napari_ubam.study import Study
from toy_analysis import TOY


@pytest.fixture(autouse=True)
def toy() -> Iterator[Analysis]:
    """Let the toy be known during a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ANALYSES, "toy", TOY)  # so that it is taken out again
        register_analysis(TOY)
        yield TOY


@pytest.fixture(scope="module")
def scored(trained: Run, study: Study, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("analysed") / "run"
    shutil.copytree(trained.folder, folder)
    run = Run.open(folder)
    run.score(study, "group=healthy", figures=False)
    return run


@pytest.fixture
def run(scored: Run, tmp_path: Path) -> Run:
    """Give a run with scores that the test may change."""
    shutil.copytree(scored.folder, tmp_path / "run")
    return Run.open(tmp_path / "run")


def call(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(word) for word in words])
    return result.exit_code, result.output


def test_python_computes_and_keeps_the_result(run: Run, study: Study) -> None:
    told: list[Progress] = []
    found = run.analyse("toy", scale=1.0, progress=told.append)
    assert found.name == "toy"
    assert found.tables["toy_paths"]["recording"].tolist() == list(study.names)
    assert [one.stage for one in told] == ["path"] * 5
    kept = run.results["toy"]
    assert set(run.results) == {"scores", "toy"}
    pd.testing.assert_frame_equal(
        kept.tables["toy_paths"], found.tables["toy_paths"], check_dtype=False, rtol=1e-5
    )
    assert kept.facts["parameters"] == {"scale": 1.0, "lag": 1, "kind": "posture", "limit": None}
    assert kept.facts["unit"] == "cosine"
    assert kept.facts["model"] == dict(run.encoder("cpu").hashes)
    assert [one["name"] for one in kept.facts["recordings"]] == list(study.names)
    assert "scores_created" not in kept.facts
    assert (run.folder / "figures" / "toy.png").stat().st_size > 1000
    doubled = run.analyse("toy", scale=2.0)
    ratio = doubled.tables["toy_paths"]["path"] / found.tables["toy_paths"]["path"]
    assert ratio.tolist() == pytest.approx([2.0] * 5)


def test_the_command_computes_and_prints(run: Run) -> None:
    code, said = call("analyse", "toy", "--run", run.folder, "--set", "lag=2", "--set", "limit=0.5")
    assert code == 0, said
    assert "healthy1" in said
    assert "toy_paths.csv, toy_groups.csv" in said
    assert "Only a toy" in said
    assert run.results["toy"].facts["parameters"] == {
        "scale": 2.5,
        "lag": 2,
        "kind": "posture",
        "limit": 0.5,
    }


def test_the_command_lists_analyses_with_their_parameters(run: Run) -> None:
    code, said = call("analyse", "--run", run.folder)
    assert code == 0
    assert "toy: Length of the path of the codes." in said
    assert "--set scale=2.5  Factor of the path length." in said
    assert "group_summary: For each group: the number of subjects" in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nothing"], "There is no analysis 'nothing'; choose one of classify, compare, confounds,"),
        (["toy", "--set", "size=1"], "has no parameter 'size'; choose one of scale, lag, kind, limit."),
        (["toy", "--set", "lag=0"], "cannot use lag = '0'"),
        (["toy", "--set", "kind=smell"], "cannot use kind = 'smell'"),
        (["toy", "--set", "scale=wide"], "cannot use scale = 'wide'"),
        (["toy", "--set", "lag"], "write KEY=VALUE"),
        (["group_summary", "--set", "lag=1"], "has no parameter 'lag'; leave it out."),
    ],
)
def test_refusals_are_one_sentence(run: Run, words: list[str], sentence: str) -> None:
    code, said = call("analyse", *words, "--run", run.folder)
    assert code == 1
    assert sentence in said
    assert said.count("\n") == 1
    assert set(run.results) == {"scores"}


def test_the_report_has_a_section_of_each_result(run: Run) -> None:
    before = run.report().read_text("utf-8")
    run.analyse("toy")
    run.analyse("group_summary")
    text = run.report().read_text("utf-8")
    for part in (
        ">Paths of the toy</h2>",
        "Length of the path of the codes.",
        "Only a toy: read nothing from it.",
        "scale: 2.5",
        "<summary>Toy groups (2 rows)</summary>",
        'alt="Paths of the toy"',
        ">Groups</h2>",
        "All numbers are in group_summary.csv (2 rows).",
    ):
        assert part in text
        assert part not in before
    assert "has changed since" not in text


def test_a_result_of_an_unknown_analysis_is_in_the_report_too(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.analyse("toy")
    monkeypatch.delitem(ANALYSES, "toy")
    assert ">Toy</h2>" in run.report().read_text("utf-8")


def test_the_report_says_what_changed_since_an_analysis(run: Run, study: Study) -> None:
    run.analyse("toy")
    run.remove(["healthy2"])
    text = run.report().read_text("utf-8")
    assert "healthy2 was removed; run this analysis again." in text
    assert "healthy2 was removed; score the study again." in text


def test_groups_are_those_of_the_scores(run: Run) -> None:
    found = run.analyse("group_summary").tables["group_summary"]
    groups = group_table(run.subjects).drop(columns=["deviation", "significant"])
    pd.testing.assert_frame_equal(found, groups)
    assert found["group"].tolist() == ["impaired", "healthy"]
    noted = run.results["group_summary"].facts
    assert noted["scores_created"] == run.results["scores"].facts["created"]
    assert "recordings" not in noted  # the codes were not read


def test_an_analysis_of_earlier_scores_is_said_to_be_old(run: Run, study: Study) -> None:
    run.analyse("group_summary")
    facts = run.folder / "scores.json"
    created = run.results["scores"].facts["created"]
    facts.write_text(facts.read_text("utf-8").replace(created, "2030-01-01T00:00:00+00:00"), "utf-8")
    text = run.report().read_text("utf-8")
    assert "The study was scored again since then; run this analysis again." in text


def test_scores_that_are_needed_and_missing_are_said(run: Run) -> None:
    (run.folder / "scores.json").unlink()
    with pytest.raises(AnalysisError, match="score the study first"):
        run.analyse("group_summary")


def test_a_figure_of_an_earlier_result_does_not_stay(run: Run) -> None:
    run.analyse("toy")
    register_analysis(replace(TOY, draw=None))
    run.analyse("toy")
    assert not (run.folder / "figures" / "toy.png").exists()


def test_sentences_of_an_analysis_are_printed_and_in_the_report(run: Run) -> None:
    register_analysis(
        replace(
            TOY,
            conclude=lambda result: [
                f"The paths of {len(result.tables['toy_paths'])} recordings were added."
            ],
            methods=lambda facts: f"Paths are in units of {facts['unit']}.",
        )
    )
    code, text = call("analyse", "toy", "--run", run.folder)
    said = ["The paths of 5 recordings were added.", "Paths are in units of cosine."]
    assert code == 0
    assert all(one in text for one in said)
    page = run.report().read_text("utf-8")
    assert all(one in page for one in said)


def test_a_cancelled_analysis_keeps_the_earlier_result(run: Run) -> None:
    run.analyse("toy", lag=3)
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        run.analyse("toy", cancel=cancel)
    assert run.results["toy"].facts["parameters"]["lag"] == 3


@pytest.mark.parametrize("name", ["scores", "map", "config", "subjects", "Toy", "a-b", "../x", ""])
def test_names_that_would_overwrite_files_are_refused(name: str) -> None:
    with pytest.raises(AnalysisError, match="choose another name"):
        register_analysis(replace(TOY, name=name))


def test_a_parameter_needs_a_default() -> None:
    class Needing(AnalysisParameters):
        """Parameters without a default."""

        width: int

    with pytest.raises(AnalysisError, match=r"'width' .* has no default"):
        register_analysis(replace(TOY, parameters=Needing))


def test_texts_are_converted_to_the_type_of_the_parameter() -> None:
    class Many(AnalysisParameters):
        """Parameters of several types."""

        text: str = "a"
        flag: bool = False
        sizes: list[int] = [1]  # noqa: RUF012
        share: float | None = 0.5

    parse = replace(TOY, parameters=Many).parse
    found = parse({"text": "7", "flag": "true", "share": "0.25"})
    assert found == Many(text="7", flag=True, share=0.25)
    assert parse({"sizes": "[3, 4]", "share": "null"}) == Many(sizes=[3, 4], share=None)
    assert parse({}) == Many()


def test_analyses_of_other_packages_are_found_in_another_process(run: Run, tmp_path: Path) -> None:
    package = tmp_path / "site"
    info = package / "toy_package-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-package\nVersion: 1.0\n", "utf-8")
    points = "[napari_ubam.analyses]\nbroken = no_such_module:X\ntoy = toy_analysis:TOY\n"
    (info / "entry_points.txt").write_text(points, "utf-8")
    shutil.copy(Path(__file__).parents[1] / "toy_analysis.py", package)
    command = [sys.executable, "-m", "napari_ubam.cli", "analyse", "toy", "--run", str(run.folder)]
    environment = os.environ | {"PYTHONPATH": str(package)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "toy_paths" in done.stdout
    assert "no_such_module:X cannot be loaded" in done.stderr


def test_analyses_are_listed_by_name() -> None:
    assert list(analyses()) == sorted(analyses())
    assert find_analysis("toy") is TOY


@pytest.mark.parametrize("fact", ["recordings", "versions", "parameters"])
def test_facts_that_every_result_has_cannot_be_given(fact: str, toy: Analysis, run: Run) -> None:
    def clashing(*given: object) -> Result:
        return replace(toy.compute(*given), facts={fact: 12})

    register_analysis(replace(toy, compute=clashing))
    with pytest.raises(RunError, match=f"gives a fact '{fact}', which every result has already"):
        run.analyse("toy")
    assert "toy" not in run.results


def test_tables_of_the_scores_cannot_be_taken_before_a_run_is_scored(toy: Analysis, trained: Run) -> None:
    named = Result("toy", {"scores": pd.DataFrame({"a": [1]})})
    with pytest.raises(RunError, match="The table 'scores' belongs to the result 'scores'"):
        write_result(trained.folder, named)
    assert not (trained.folder / "scores.csv").exists()
