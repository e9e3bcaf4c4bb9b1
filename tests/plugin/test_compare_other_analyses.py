"""The Compare panel offers the other analyses of the package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from pydantic import Field
from qtpy.QtGui import QGuiApplication

from napari_ubam.analysis import Analysis, AnalysisInputs, AnalysisParameters
from napari_ubam.analysis.registry import ANALYSES
from napari_ubam.plugin.panels.compare import ComparePanel
from napari_ubam.plugin.state.analyses import (
    compared_analyses,
    further_analyses,
    place_of_row,
    read_shown,
)
from napari_ubam.plugin.state.contents import read_run
from napari_ubam.report.groups import DARK_LOOK, LIGHT_LOOK, Look
from napari_ubam.run import Run
from napari_ubam.run.analyses import FIGURES
from napari_ubam.runfolder.tables import Result
from napari_ubam.study import Study
from scored_groups import recordings, score
from shared_widgets import Wait, delete


class Parameters(AnalysisParameters):
    """Parameters of the made-up analysis."""

    lag: int = Field(1, ge=1, description="Frames between two codes.")
    levels: tuple[str, ...] = Field((), description="Levels.")


def compute(inputs: AnalysisInputs, parameters: Parameters) -> Result:
    table = inputs.labels.assign(value=float(parameters.lag))
    return Result("x", {"made_up": table, "made_up_groups": table.groupby("group", as_index=False).first()})


def draw(result: Result, look: Look = LIGHT_LOOK) -> Figure:
    figure = Figure(figsize=(8, 3))
    figure.set_facecolor(look.background)
    figure.subplots().plot(result.tables["made_up"]["value"])
    return figure


def say(result: Result) -> list[str]:
    return [f"{len(result.tables['made_up'])} recordings were counted."]


MADE_UP = Analysis(
    "made_up", "Made up", "Counts.", compute, Parameters, conclude=say, methods=lambda _: "By eye."
)


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Analysis:
    """Let the made-up analysis be one of this package."""
    monkeypatch.setattr(compute, "__module__", "napari_ubam.analysis.made_up")
    monkeypatch.setitem(ANALYSES, "made_up", MADE_UP)
    monkeypatch.setattr("napari_ubam.plugin.state.analyses.FIGURES", {**FIGURES, "made_up": draw})
    return MADE_UP


@pytest.fixture
def scored(trained: Run, study: Study, tmp_path: Path) -> Run:
    made = recordings(study[0].video, {"healthy": 3, "impaired": 3})
    return score(trained, tmp_path / "scored", made, {"impaired": 0.02})


def test_an_own_analysis_with_a_conclusion_is_in_the_panel(own: Analysis) -> None:
    assert next(iter(compared_analyses())) == "compare"
    assert "made_up" in compared_analyses()
    assert "made_up" not in further_analyses()
    assert "group_summary" in further_analyses()


def test_an_analysis_of_another_package_stays_in_explore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ANALYSES, "made_up", MADE_UP)
    assert "made_up" in further_analyses()
    assert "made_up" not in compared_analyses()


def test_what_is_shown_is_read_without_a_window(own: Analysis, scored: Run) -> None:
    assert read_shown(scored.folder, own).result is None
    assert read_shown(scored.folder, own).figure(LIGHT_LOOK) is None
    scored.analyse("made_up", lag=2)
    shown = read_shown(scored.folder, own)
    assert shown.sentences == ["6 recordings were counted.", "By eye."]
    figure = shown.figure(DARK_LOOK)
    assert figure is not None
    assert figure.get_facecolor()[0] < 0.2


def test_a_row_leads_to_frames(scored: Run) -> None:
    contents = read_run(scored.folder)
    study, results = contents.study, contents.results
    row: dict[str, Any] = {"recording": "healthy1-0", "start": 20.0, "stop": 40, "subject": "impaired1"}
    assert place_of_row(row, study, results) == ("healthy1-0", 20, 40)
    assert place_of_row({"recording": "healthy1-0", "frame": 7}, study, results) == ("healthy1-0", 7, 7)
    late = {"recording": "healthy1-0", "start": "late", "stop": float("nan")}
    assert place_of_row(late, study, results) == ("healthy1-0", 0, 0)
    assert place_of_row({"subject": "impaired1"}, study, results) == ("impaired1-0", 100, 130)
    assert place_of_row({"subject": "healthy1", "session": "0"}, study, results) == ("healthy1-0", 0, 0)
    assert place_of_row({"subject": "nobody"}, study, results) is None
    assert place_of_row({"group": "healthy"}, study, results) is None


def test_the_panel_shows_form_figure_sentences_and_tables(
    own: Analysis, viewer: Any, scored: Run, wait: Wait
) -> None:
    scored.analyse("made_up", lag=4)
    panel = ComparePanel(viewer)
    panel.link.open_run(scored.folder)
    wait(lambda: panel.session.results is not None)
    assert panel.other.isHidden()
    panel.choice.setCurrentIndex(panel.choice.findData("made_up"))
    view = panel.other
    assert panel.groups.isHidden()
    assert not view.isHidden()
    wait(lambda: view.table.rowCount() == 6)
    assert view.form.values() == {"lag": 4}  # what the result was computed with
    assert "6 recordings were counted." in view.note.text()
    assert view.figure.picture.pixmap().width() == 8 * 76
    view.tables.setCurrentText("made_up_groups")
    assert view.table.rowCount() == 2
    played: list[tuple[Any, ...]] = []
    panel.link.play = lambda *place: played.append(place)
    view.play_row(1)
    assert played == [("impaired0-0", 100, 130)]
    copy = next(one for one in view.findChildren(object) if type(one).__name__ == "CopyBox")
    copy.copy_command()
    assert QGuiApplication.clipboard().text().strip().endswith("--set lag=4")
    panel.session.draft.set_cell(0, "group", "impaired")
    panel.session.draft_edited()
    assert not view.outdated.isHidden()
    panel.choice.setCurrentIndex(0)
    assert view.isHidden()
    assert not panel.groups.isHidden()
    delete(panel)


def test_a_table_is_empty_until_the_analysis_is_computed(
    own: Analysis, viewer: Any, scored: Run, wait: Wait
) -> None:
    panel = ComparePanel(viewer)
    panel.link.open_run(scored.folder)
    wait(lambda: panel.session.results is not None)
    panel.choice.setCurrentIndex(panel.choice.findData("made_up"))
    assert panel.other.table.isHidden()
    assert panel.other.figure.isHidden()
    wait(panel.other.start.isEnabled)
    delete(panel)
