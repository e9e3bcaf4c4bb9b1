"""Export from a panel: what is offered and refused without a window, and a job started from the panel."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from qtpy.QtGui import QGuiApplication

from napari_ubam.formats import FORMATS
from napari_ubam.plugin.panels.compare import ComparePanel
from napari_ubam.plugin.panels.deviation import DeviationPanel
from napari_ubam.plugin.state.exports import (
    NO_FOLDER,
    ExportChoice,
    default_folder,
    export_problem,
    export_step,
    offered_formats,
)
from napari_ubam.plugin.widgets.export_box import ExportBox
from napari_ubam.run import Run
from napari_ubam.study import Study
from scored_groups import recordings, score
from shared_widgets import Wait, delete


@pytest.fixture
def scored(trained: Run, study: Study, tmp_path: Path) -> Run:
    made = recordings(study[0].video, {"healthy": 3, "impaired": 2})
    return score(trained, tmp_path / "scored", made, {"impaired": 0.02})


def test_every_format_is_offered() -> None:
    assert dict(offered_formats()) == {one.name: one.title for one in FORMATS.values()}


def test_the_folder_is_beside_the_run_and_not_inside() -> None:
    assert default_folder(Path("a") / "run") == Path("a") / "run-export"


def test_a_choice_is_refused_before_a_job_starts(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    assert export_problem(ExportChoice("csv", ""), study) == NO_FOLDER
    assert export_problem(ExportChoice("csv", "out"), study) == ""
    assert export_problem(ExportChoice("csv", "out", "group=healthy"), study) == ""
    assert "group=nobody" in export_problem(ExportChoice("csv", "out", "group=nobody"), study)
    monkeypatch.setitem(sys.modules, "pynwb", None)
    monkeypatch.setattr("napari_ubam.formats.output.find_spec", lambda _: None)
    problem = export_problem(ExportChoice("nwb", "out"), study)
    assert problem == "The format nwb needs the package pynwb; install napari-ubam[nwb]."


def test_the_step_is_a_command_and_a_script(tmp_path: Path) -> None:
    step = export_step(tmp_path / "run", ExportChoice("nwb", str(tmp_path / "out"), "group=stroke", True))
    assert step.arguments == (
        *("export", "--run", str(tmp_path / "run"), "--format", "nwb", "--out", str(tmp_path / "out")),
        *("--where", "group=stroke", "--overwrite"),
    )
    call = f"run.export('nwb', {str(tmp_path / 'out')!r}, where='group=stroke', overwrite=True)"
    assert step.python.endswith(call)


def test_a_panel_exports_as_a_job(viewer: Any, scored: Run, wait: Wait) -> None:
    panel = DeviationPanel(viewer)
    box = panel.exporting.inside
    assert isinstance(box, ExportBox)
    assert not box.start.isEnabled()
    panel.link.open_run(scored.folder)
    wait(box.start.isEnabled)
    assert box.isHidden()
    panel.exporting.heading.click()
    assert not box.isHidden()
    out = Path(box.folder.text())
    assert out == scored.folder.parent / "scored-export"
    box.where.setText("group=impaired")
    box.export()
    assert not box.start.isEnabled()
    assert not box.job_box.isHidden()
    wait(lambda: not panel.session.is_working, 180)
    assert box.job_box.title.text() == f"export: done. Wrote 4 files in the format csv to {out}."
    assert set(pd.read_csv(out / "frames.csv")["recording"]) == {"impaired0-0", "impaired1-0"}
    delete(panel)


def test_compare_exports_too_and_a_wrong_filter_starts_nothing(viewer: Any, scored: Run, wait: Wait) -> None:
    panel = ComparePanel(viewer)
    box = panel.exporting.inside
    panel.link.open_run(scored.folder)
    wait(box.start.isEnabled)
    box.where.setText("colour=red")
    box.export()
    assert "colour" in panel._foot.text()
    assert panel.session.job_progress is None
    box.where.setText("")
    copy = next(one for one in box.findChildren(object) if type(one).__name__ == "CopyBox")
    copy.copy_command()
    assert "export --run" in QGuiApplication.clipboard().text()
    delete(panel)
