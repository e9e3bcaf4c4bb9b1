"""Regions that were found belong to the run: later commands use the same ones."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from napari_ubam.errors import UbamError
from napari_ubam.plugin.state.draft import StudyDraft
from napari_ubam.plugin.state.found_regions import newly_found
from napari_ubam.progress import Progress
from napari_ubam.run import Run, train
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.paths import REGIONS, TRAINING_REGIONS
from napari_ubam.runfolder.recordings import read_recordings
from napari_ubam.study import Roi, Study


def drawn(study: Study) -> list[Roi | None]:
    """Regions of the recordings."""
    return [one.roi for one in study]


@pytest.fixture(scope="module")
def bare(study: Study) -> Study:
    """Give the small study without its regions."""
    assert None not in drawn(study)
    return Study([one.model_copy(update={"roi": None}) for one in study])


@pytest.fixture(scope="module")
def run_and_messages(bare: Study, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, list[str]]:
    """Train and embed without any region in the table; the run, and what the training said."""
    told: list[Progress] = []
    first = Study(bare[:4])
    run = train(first, tmp_path_factory.mktemp("found") / "run", preset="mini", steps=2, progress=told.append)
    assert run.embed(first).failed == ()
    return run, [one.message for one in told if one.message]


@pytest.fixture(scope="module")
def run(run_and_messages: tuple[Run, list[str]]) -> Run:
    return run_and_messages[0]


def test_training_says_that_regions_were_found(run_and_messages: tuple[Run, list[str]]) -> None:
    assert any("Found the region of 4 recordings" in message for message in run_and_messages[1])


def test_the_study_of_the_run_has_the_regions(run: Run, study: Study) -> None:
    for found, true in zip(read_recordings(run.folder), study, strict=False):
        assert found.roi is not None
        assert true.roi is not None
        left, right = (
            max(found.roi.x, true.roi.x),
            min(found.roi.x + found.roi.width, true.roi.x + true.roi.width),
        )
        assert right - left > 0.6 * true.roi.width  # most of what a person would draw


def test_the_same_table_without_regions_is_scored(run: Run, bare: Study, tmp_path: Path) -> None:
    shutil.copytree(run.folder, tmp_path / "run")
    scores = Run.open(tmp_path / "run").score(Study(bare[:4]), "group=healthy", figures=False)
    assert set(scores["recording"]) == {one.name for one in bare[:4]}
    assert None not in drawn(read_recordings(tmp_path / "run"))


def test_a_later_recording_gets_its_region_when_it_is_embedded(run: Run, bare: Study, tmp_path: Path) -> None:
    shutil.copytree(run.folder, tmp_path / "run")
    later = Run.open(tmp_path / "run")
    before = drawn(read_recordings(later.folder))
    report = later.embed(bare)
    assert len(report.done) == 1
    assert len(report.skipped) == 4  # the same regions as before, so the codes are still right
    after = drawn(read_recordings(later.folder))
    assert after[:4] == before
    assert after[4] is not None


def test_a_region_that_is_drawn_later_counts(run: Run, bare: Study, tmp_path: Path) -> None:
    shutil.copytree(run.folder, tmp_path / "run")
    own = Roi(x=0, y=0, width=100, height=80)
    later = Run.open(tmp_path / "run")
    report = later.embed([bare[0].model_copy(update={"roi": own})])
    assert len(report.done) == 1
    assert read_recordings(later.folder)[bare[0].name].roi == own


def test_whole_frames_on_request(bare: Study, tmp_path: Path) -> None:
    run = train(Study(bare[:2]), tmp_path / "run", preset="mini", steps=1, whole_frame=True)
    run.embed(Study(bare[:2]))
    assert drawn(read_recordings(run.folder)) == [None, None]
    run.embed(Study(bare[:3]))  # a later recording, too
    assert drawn(read_recordings(run.folder)) == [None, None, None]


def test_a_new_training_that_fails_leaves_the_regions_of_the_run(
    run: Run, bare: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(run.folder, tmp_path / "run")
    before = (tmp_path / "run" / REGIONS).read_bytes()

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr("napari_ubam.training.pipeline.encoders._learn", fails)
    with pytest.raises(RuntimeError, match="out of order"):
        train(Study(bare[2:4]), tmp_path / "run", preset="mini", steps=1)
    assert (tmp_path / "run" / REGIONS).read_bytes() == before
    assert (tmp_path / "run" / TRAINING_REGIONS).is_file()  # for a training that is resumed


def test_a_training_that_is_refused_changes_nothing(run: Run, bare: Study, tmp_path: Path) -> None:
    shutil.copytree(run.folder, tmp_path / "run")
    pending = tmp_path / "run" / TRAINING_REGIONS
    pending.write_bytes((tmp_path / "run" / REGIONS).read_bytes())  # as a training that was stopped leaves it
    before = pending.read_bytes()
    with pytest.raises(UbamError):
        train(Study(bare[1:]), tmp_path / "run", preset="mini", resume=True, minutes=1)
    assert pending.read_bytes() == before


def test_rows_with_the_found_regions_can_be_trained_again(run: Run, bare: Study, tmp_path: Path) -> None:
    shutil.copytree(run.folder, tmp_path / "run")
    again = train(read_recordings(tmp_path / "run"), tmp_path / "run", preset="mini", steps=1)
    report = again.embed(bare)  # the table without regions, and a new recording
    assert report.failed == ()
    assert None not in drawn(read_recordings(again.folder))
    assert drawn(read_recordings(again.folder))[:4] == drawn(read_recordings(run.folder))


def test_damaged_regions_are_refused(run: Run, bare: Study, tmp_path: Path) -> None:
    shutil.copytree(run.folder, tmp_path / "run")
    (tmp_path / "run" / REGIONS).write_text("{", encoding="utf-8")
    with pytest.raises(RunError, match=r"regions\.json is damaged; train again, or draw the regions"):
        Run.open(tmp_path / "run").embed(bare)


def test_rows_of_the_panel_get_regions_that_are_new_in_the_run(run: Run, bare: Study) -> None:
    now = read_recordings(run.folder)
    draft = StudyDraft.from_study(bare)
    assert newly_found(draft, now, None) == dict(enumerate(drawn(now)))
    assert newly_found(draft, now, now) == {}  # the user removed them from the rows
    draft.set_cell(0, "stop", "20")
    assert set(newly_found(draft, now, None)) == {1, 2, 3}  # another recording
