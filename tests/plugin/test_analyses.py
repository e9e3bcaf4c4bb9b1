"""An analysis that is registered is in the Explore panel, with a form for its parameters."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QWidget

from napari_ubam.analysis import Analysis, AnalysisParameters, register_analysis
from napari_ubam.analysis.registry import ANALYSES
from napari_ubam.plugin.panels.explore import ExplorePanel
from napari_ubam.plugin.state.steps import analyse_step
from napari_ubam.plugin.widgets.analysis_form import AnalysisForm
from napari_ubam.run import Run
from shared_widgets import Wait, copy_of, delete
from toy_analysis import TOY


@pytest.fixture(autouse=True)
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Analysis:
    """Let the toy be known during a test, also to jobs, as that of an installed package is."""
    info = tmp_path / "site" / "toy_package-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-package\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text("[napari_ubam.analyses]\ntoy = toy_analysis:TOY\n", "utf-8")
    shutil.copy(Path(__file__).parents[1] / "toy_analysis.py", info.parent)
    before = [os.environ["PYTHONPATH"]] if "PYTHONPATH" in os.environ else []
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(info.parent), *before]))
    monkeypatch.setitem(ANALYSES, "toy", TOY)
    register_analysis(TOY)
    return TOY


def texts(panel: ExplorePanel) -> list[list[str]]:
    """Give the texts of the table that is shown."""
    table = panel.analyses.table
    return [
        [table.item(row, column).text() for column in range(table.columnCount())]
        for row in range(table.rowCount())
    ]


def test_the_form_shows_defaults_limits_and_help(qtbot: Any) -> None:
    form = AnalysisForm(TOY)
    qtbot.addWidget(form)
    scale, lag, kind, limit = form.container
    assert form.values() == {}
    assert (scale.value, lag.value, kind.value, limit.value) == (2.5, 1, "posture", "")
    assert kind.choices == ("posture", "behaviour")
    assert (lag.min, lag.max) == (1, 30)
    assert scale.min > 0
    assert lag.tooltip == "Frames between two codes."
    kind.value, lag.value, limit.value = "behaviour", 5, "0.25"
    assert form.values() == {"lag": 5, "kind": "behaviour", "limit": "0.25"}
    assert TOY.parse(form.values()).limit == 0.25


def test_small_and_large_defaults_are_not_cut(qtbot: Any) -> None:
    class Extreme(AnalysisParameters):
        """Parameters far from 1."""

        tiny: float = 0.0005
        huge: int = 250_000
        none: float = 0.0
        flag: bool = True
        sizes: list[int] = [3, 4]  # noqa: RUF012

    form = AnalysisForm(Analysis("x", "X", "", TOY.compute, Extreme))
    qtbot.addWidget(form)
    assert [one.value for one in form.container] == [0.0005, 250_000, 0.0, True, [3, 4]]
    form.container["tiny"].value = 0.00125
    assert form.values() == {"tiny": 0.00125}


def test_the_step_is_a_command_and_a_script(run: Run) -> None:
    step = analyse_step("toy", run.folder, {"lag": 2, "kind": "behaviour", "flag": False, "sizes": [1, 2]})
    assert step.arguments[:4] == ("analyse", "toy", "--run", str(run.folder))
    assert step.arguments[5::2] == ("lag=2", "kind=behaviour", "flag=false", "sizes=[1, 2]")
    assert step.python.endswith(
        "result = run.analyse('toy', lag=2, kind='behaviour', flag=False, sizes=[1, 2])"
    )
    assert analyse_step("toy", run.folder, {}).python.endswith("result = run.analyse('toy')")


def test_without_a_run_nothing_can_be_computed(viewer: Any) -> None:
    panel = ExplorePanel(viewer)
    assert not panel.analyses.start.isEnabled()
    panel.analyses.compute()
    assert "Train a model or open a run in the Train panel first" in panel._foot.text()
    delete(panel)


def test_the_panel_computes_an_analysis_as_a_job_and_shows_its_tables(
    opened: Any, run: Run, tmp_path: Path, wait: Wait, loading: None
) -> None:
    folder = copy_of(run, tmp_path / "run")
    panel = ExplorePanel(opened)
    panel.link.open_run(folder)
    wait(lambda: panel.session.run_folder == folder)
    wait(panel.make.isEnabled)
    panel.method.setCurrentText("pca")
    panel.make_map()
    wait(lambda: panel.legend.text())
    box = panel.analyses
    assert [box.choice.itemText(number) for number in range(box.choice.count())] == [
        "Groups",
        "Paths of the toy",
    ]
    box.choice.setCurrentIndex(box.choice.findData("toy"))
    assert box.description.text() == "Length of the path of the codes."
    assert box.table.isHidden()
    box.form.container["lag"].value = 3
    wait(box.start.isEnabled)
    box.start.click()
    assert not box.start.isEnabled()
    wait(lambda: not panel.session.is_working, 180)
    assert panel.session.job_progress.state.status == "done", panel.session.job_progress.state.text
    wait(lambda: box.table.rowCount() == 5)
    assert [row[0] for row in texts(panel)] == [one.name for one in panel.session.run_study]
    assert "Only a toy" in box.note.text()
    box.tables.setCurrentText("toy_groups")
    assert [row[0] for row in texts(panel)] == ["healthy", "impaired"]
    assert Run.open(folder).results["toy"].facts["parameters"]["lag"] == 3
    box.choice.setCurrentIndex(box.choice.findData("group_summary"))
    wait(box.table.isHidden)  # it was not computed yet
    panel.map.selected.emit(np.arange(40))
    assert panel._foot.text().startswith("40 frames")  # the map is still there
    wait(lambda: panel.strip.count() == 8)
    delete(panel)


def test_a_result_that_is_there_is_shown_at_once(opened: Any, run: Run, tmp_path: Path, wait: Wait) -> None:
    folder = copy_of(run, tmp_path / "run")
    Run.open(folder).analyse("group_summary")
    panel = ExplorePanel(opened)
    panel.link.open_run(folder)
    wait(lambda: panel.analyses.table.rowCount() == 2)
    assert [row[1] for row in texts(panel)] == ["impaired", "healthy"]
    assert panel.analyses.tables.isHidden()
    wait(panel.make.isEnabled)
    delete(panel)


def test_the_work_can_be_copied(opened: Any, run: Run, wait: Wait) -> None:
    panel = ExplorePanel(opened)
    box = panel.analyses
    box.choice.setCurrentIndex(box.choice.findData("toy"))
    box.form.container["kind"].value = "behaviour"
    copy = next(one for one in box.findChildren(QWidget) if type(one).__name__ == "CopyBox")
    copy.copy_command()
    line = QGuiApplication.clipboard().text()
    assert line.startswith("napari-ubam analyse toy --run ")
    assert line.strip().endswith("--set kind=behaviour")
    wait(panel.make.isEnabled)
    delete(panel)
