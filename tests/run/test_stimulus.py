"""The stimulus of a run: Python, the command, the report, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from napari_ubam.analysis import AnalysisError
from napari_ubam.cli import app
from napari_ubam.report import DARK_LOOK, stimulus_figure
from napari_ubam.run import Run
from napari_ubam.runfolder.tables import Result, write_result
from napari_ubam.study import Interval, Study
from scored_groups import recordings, score

Make = Callable[..., Run]


@pytest.fixture
def make(trained: Run, study: Study, tmp_path: Path) -> Make:
    """Give a function that makes a scored run with light, to which the group ``opsin`` responds."""

    def stimulated(groups: dict[str, int], labels: tuple[str, ...] = ("light",)) -> Run:
        spans = [
            Interval(label=label, start=start, stop=start + 1) for label in labels for start in (2, 4.5, 7)
        ]
        made = Study(
            [
                one.model_copy(update={"intervals": tuple(spans) if one.group != "healthy" else ()})
                for one in recordings(study[0].video, groups)
            ]
        )
        run = score(trained, tmp_path / "scored", made, {})
        scores = run.results["scores"]
        table = scores.tables["scores"].copy()
        time = table["time"].to_numpy()
        on = np.any([(time >= start) & (time < start + 1) for start in (2.2, 4.7, 7.2)], axis=0)
        table["episodic"] += 0.01 * (on & table["recording"].str.startswith("opsin"))
        facts = {
            name: value
            for name, value in scores.facts.items()
            if name not in ("created", "versions", "warnings", "tables", "text_columns")
        }
        write_result(run.folder, Result("scores", {**scores.tables, "scores": table}, facts))
        return run

    return stimulated


def call(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(word) for word in words])
    return result.exit_code, result.output


def test_a_response_is_found_written_and_reported(make: Make) -> None:
    run = make({"healthy": 3, "opsin": 6})
    result = run.stimulus("light", decode=False)
    on = result.tables["stimulus"].iloc[0]
    assert (on["n"], result.facts["trials"]) == (6, 18)
    assert on["p_adjusted"] < 0.07
    assert on["difference"] == pytest.approx(0.008, abs=0.001)
    assert result.tables["stimulus_latency"]["latency"][0] == pytest.approx(0.2, abs=0.1)
    assert run.results["stimulus"].facts["seed"] == 0
    assert (run.folder / "figures" / "stimulus.png").stat().st_size > 5000
    assert stimulus_figure(result, DARK_LOOK).get_facecolor() != (1, 1, 1, 1)
    text = run.report().read_text("utf-8")
    assert "Response to a stimulus" in text
    assert "Deviation, on against off (n = 6)" in text
    assert "its trials are averaged" in text


def test_groups_are_compared_in_their_response(make: Make) -> None:
    run = make({"healthy": 3, "opsin": 5, "plain": 5})
    result = run.stimulus(by="group", decode=False)
    table = result.tables["stimulus_groups"].set_index("measure")
    assert table.loc["on_change", ["n_first", "n_second"]].tolist() == [5, 5]
    assert table.loc["on_change", "p"] == pytest.approx(2 / 252)
    assert abs(table.loc["after_change", "difference"]) < abs(table.loc["on_change", "difference"]) / 2


def test_a_group_of_one_subject_is_refused_before_the_work(make: Make) -> None:
    run = make({"healthy": 3, "opsin": 3, "plain": 1})
    begun: list[object] = []
    with pytest.raises(AnalysisError, match="group = plain has recordings of one subject"):
        run.stimulus(by="group", decode=False, progress=begun.append)
    assert not begun


def test_the_command_prints_sentences_and_too_few_subjects_are_told(make: Make) -> None:
    run = make({"healthy": 3, "opsin": 3})
    code, said = call("stimulus", "--run", run.folder, "--label", "light", "--no-decode")
    assert code == 0, said
    assert "light: 3 subjects, 9 trials (3 a subject), 1 s each." in said
    assert "With 3 subjects p cannot be less than 0.250" in said
    assert "Latency of the deviation: 0.2" in said
    assert "if there is a response at all" in said
    assert "This does not tell why" in said


def test_one_subject_is_a_description(make: Make) -> None:
    result = make({"healthy": 3, "opsin": 1}).stimulus(decode=False)
    assert any("a description of it, and no test" in sentence for sentence in result.warnings)
    assert result.tables["stimulus"]["p"].isna().all()


@pytest.mark.parametrize(
    ("labels", "options", "sentence"),
    [
        ((), {}, "No recording of the study has intervals"),
        (("light",), {"label": "sound"}, "No recording has intervals 'sound'; choose the label among light."),
        (("light", "sound"), {}, "The study has several labels; choose the label among light, sound."),
        (("light",), {"before": 30.0}, "begins inside a scored recording with enough time off"),
        (
            ("light",),
            {"by": "group"},
            "There is nothing to compare by group: all subjects have group = opsin",
        ),
        (("light",), {"by": "colour"}, "cannot be compared by 'colour'"),
        (("light",), {"step": -1.0}, "cannot use step"),
    ],
)
def test_what_cannot_be_analysed_is_refused_in_a_sentence(
    make: Make, labels: tuple[str, ...], options: dict[str, object], sentence: str
) -> None:
    run = make({"healthy": 3, "opsin": 2}, labels)
    with pytest.raises(AnalysisError) as refused:
        run.stimulus(decode=False, **options)  # type: ignore[arg-type]
    assert sentence in str(refused.value)
    assert "stimulus" not in run.results
