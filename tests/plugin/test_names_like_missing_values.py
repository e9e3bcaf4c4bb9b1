"""Subjects called NA or None keep their names in all panels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_ubam.plugin.panels.deviation import SUBJECTS, DeviationPanel
from napari_ubam.plugin.panels.explore import ExplorePanel
from napari_ubam.plugin.panels.study import StudyPanel
from napari_ubam.run import Run
from napari_ubam.study import Study
from shared_widgets import Wait, copy_of, delete

WORDS = ["NA", "None", "nan", "NULL", "N/A"]


def test_names_that_mean_missing_elsewhere_stay_names(
    viewer: Any, run: Run, study: Study, tmp_path: Path, wait: Wait
) -> None:
    named = Run(copy_of(run, tmp_path / "run"))
    groups = ["NA" if one.group == "healthy" else "NULL" for one in study]
    renamed = [
        one.model_copy(update={"subject": word, "group": group})
        for one, word, group in zip(study, WORDS, groups, strict=True)
    ]
    table = Study(renamed).to_csv(named.folder / "study.csv")
    named.score(Study.from_csv(table), "group=NA", figures=False)

    deviation = DeviationPanel(viewer)
    deviation.link.open_run(named.folder)
    wait(lambda: deviation.subjects.rowCount() == len(WORDS))
    shown = {
        deviation.subjects.item(row, SUBJECTS.index("subject")).text(): deviation.subjects.item(
            row, SUBJECTS.index("group")
        ).text()
        for row in range(len(WORDS))
    }
    in_reference = [group.replace("NA", "NA *") for group in groups]
    assert shown == dict(zip(WORDS, in_reference, strict=True))

    explore = ExplorePanel(viewer)
    explore.method.setCurrentText("pca")
    wait(explore.make.isEnabled)
    explore.make_map()
    wait(lambda: explore._table is not None)
    explore.colour.setCurrentText("subject")
    assert all(word in explore.legend.text() for word in WORDS)

    studies = StudyPanel(viewer)
    studies.open_csv(table)
    rows, columns = studies.table.rows, studies.table.rows.columns
    cells = [rows.data(rows.index(row, columns.index("subject"))) for row in range(len(WORDS))]
    assert cells == WORDS
    for panel in (deviation, explore, studies):
        delete(panel)
