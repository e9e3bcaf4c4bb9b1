"""The Compare panel: a comparison as a job, its plot, its sentences and its subjects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from qtpy.QtGui import QGuiApplication

from napari_ubam.plugin.panels.compare import ComparePanel
from napari_ubam.plugin.state.comparison import ComparisonChoice, columns_of, compare_step, strongest_episode
from napari_ubam.run import Run
from napari_ubam.runfolder.recordings import read_recordings
from napari_ubam.study import Interval, Study
from scored_groups import recordings, score
from shared_widgets import Wait, delete


@pytest.fixture
def scored(trained: Run, study: Study, tmp_path: Path) -> Run:
    made = recordings(study[0].video, {"healthy": 5, "impaired": 4})
    return score(trained, tmp_path / "scored", made, {"impaired": 0.02})


def opened_with(viewer: Any, run: Run, wait: Wait) -> ComparePanel:
    panel = ComparePanel(viewer)
    panel.link.open_run(run.folder)
    wait(lambda: panel.session.results is not None)
    return panel


def test_a_comparison_is_computed_as_a_job_and_shown(viewer: Any, scored: Run, wait: Wait) -> None:
    panel = opened_with(viewer, scored, wait)
    assert [panel.by.itemText(number) for number in range(panel.by.count())] == ["group"]
    assert not panel.paired.isChecked()
    assert panel.found.isHidden()
    wait(panel.start.isEnabled)
    panel.start.click()
    assert not panel.start.isEnabled()
    wait(lambda: panel.table.rowCount() == 9, 180)
    assert not panel.found.isHidden()
    assert "impaired against healthy (n = 4 and 5)" in panel.text.text()
    assert "(all 126 ways)" in panel.text.text()
    heads = [panel.table.horizontalHeaderItem(column).text() for column in range(4)]
    assert heads == ["subject", "group", "episodic", "constant"]
    assert len(panel.plot.figure.axes) == 2
    assert panel.outdated.isHidden()
    delete(panel)


def test_a_comparison_that_is_there_is_shown_at_once_and_fades(viewer: Any, scored: Run, wait: Wait) -> None:
    scored.compare(measures=("all",))
    panel = opened_with(viewer, scored, wait)
    wait(lambda: panel.table.rowCount() == 9)
    assert panel.all_measures.isChecked()
    assert len(panel.plot.figure.axes) == 5
    panel.session.draft.set_cell(0, "group", "impaired")
    panel.session.draft_edited()
    assert not panel.outdated.isHidden()
    assert panel.plot.graphicsEffect() is not None
    delete(panel)


def test_the_work_can_be_copied(viewer: Any, scored: Run, wait: Wait) -> None:
    panel = opened_with(viewer, scored, wait)
    panel.model.setChecked(True)
    copy = next(one for one in panel.findChildren(object) if type(one).__name__ == "CopyBox")
    copy.copy_command()
    assert QGuiApplication.clipboard().text().strip().endswith("--by group --mixed-model")
    delete(panel)


def test_without_scores_nothing_can_be_compared(viewer: Any) -> None:
    panel = ComparePanel(viewer)
    assert not panel.start.isEnabled()
    panel.compare()
    assert panel._foot.text() == "Score the study in the Deviation panel first."
    delete(panel)


def test_the_step_is_a_command_and_a_script(tmp_path: Path) -> None:
    step = compare_step(tmp_path, ComparisonChoice("drug", paired=True, all_measures=True))
    assert step.arguments == (
        *("compare", "--run", str(tmp_path), "--by", "drug", "--paired", "--measure", "all"),
    )
    assert step.python.endswith("result = run.compare('drug', paired=True, measures=('all',))")


def test_a_subject_leads_to_its_strongest_episode(scored: Run) -> None:
    from napari_ubam.plugin.state.contents import read_run

    contents = read_run(scored.folder)
    found = strongest_episode(contents.study, contents.results, "impaired1", "group", "impaired")
    assert found == ("impaired1-0", 100, 130)
    assert strongest_episode(contents.study, contents.results, "healthy1", "group", "impaired") is None
    assert columns_of(read_recordings(scored.folder)) == ("group",)


@pytest.fixture
def lit(trained: Run, study: Study, tmp_path: Path) -> Run:
    """Give scores of recordings with a light, during which impaired subjects have their episode."""
    intervals = (Interval(label="dark", start=0, stop=2), Interval(label="light", start=3, stop=5))
    made = recordings(study[0].video, {"healthy": 4, "impaired": 3})
    made = Study(one.model_copy(update={"intervals": intervals}) for one in made)
    return score(trained, tmp_path / "lit", made, {"impaired": 0.02})


def test_intervals_inside_recordings_are_chosen_by_their_labels(viewer: Any, lit: Run, wait: Wait) -> None:
    panel = opened_with(viewer, lit, wait)
    assert panel.labels.isHidden()
    panel.by.setCurrentText("intervals")
    assert not panel.labels.isHidden()
    assert panel.model.isHidden()
    assert panel.labels.chosen == ("dark", "light")
    assert words_of(panel).endswith("--by-interval dark --by-interval light")
    panel.labels.choose(["light"])
    assert "all other times" in panel.labels.note.text()
    assert words_of(panel).endswith("--by-interval light")
    panel.labels.choose([])
    panel.compare()
    assert panel._foot.text() == "No label of intervals is ticked; tick at least one."
    delete(panel)


def words_of(panel: ComparePanel) -> str:
    next(one for one in panel.findChildren(object) if type(one).__name__ == "CopyBox").copy_command()
    return QGuiApplication.clipboard().text().strip()


def test_a_comparison_of_intervals_is_shown_with_its_choice(viewer: Any, lit: Run, wait: Wait) -> None:
    lit.compare(by_interval=["light"], permutations=100, resamples=100)
    panel = opened_with(viewer, lit, wait)
    wait(lambda: panel.table.rowCount() == 14)
    assert panel.by.currentText() == "intervals"
    assert panel.labels.chosen == ("light",)
    heads = [panel.table.horizontalHeaderItem(column).text() for column in range(4)]
    assert heads == ["subject", "interval", "episodic", "time in episodes"]
    assert "light against not light" in panel.text.text()
    delete(panel)


def test_a_subject_leads_to_its_strongest_episode_of_a_condition(lit: Run) -> None:
    from napari_ubam.plugin.state.contents import read_run

    contents = read_run(lit.folder)
    found = [
        strongest_episode(contents.study, contents.results, "impaired1", "interval", level)
        for level in ("light", "not light", "dark")
    ]
    assert found == [("impaired1-0", 100, 130), ("impaired1-0", 0, 0), ("impaired1-0", 0, 0)]
