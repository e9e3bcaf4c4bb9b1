"""The session of a viewer, without a window."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from napari_ubam.jobs import find_jobs
from napari_ubam.plugin.state.contents import RunContents, read_run
from napari_ubam.plugin.state.session import Session
from napari_ubam.run import Run, RunError
from napari_ubam.study import Study, StudyError


def finish(session: Session, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while session.is_working and time.monotonic() < end:
        session.poll()
        time.sleep(0.05)


def test_a_run_brings_study_results_and_reference(run: Run) -> None:
    session = Session()
    references: list[str] = []
    session.reference_changed.connect(references.append)
    session.set_contents(read_run(run.folder))
    assert session.run == run
    assert session.study is not None
    assert len(session.study) == 5
    assert references == ["group=healthy"]
    assert session.results is not None
    assert set(session.results.of("impaired1")["recording"]) == {"impaired1"}
    assert session.contents is not None
    assert session.contents.has_magnifier
    assert "subject identifiability" in [what for what, _, _ in session.contents.quality]


def test_two_sessions_share_nothing(study: Study) -> None:
    one, other = Session(), Session()
    one.set_study(study)
    one.set_reference("group=healthy")
    assert other.study is None
    assert other.reference == ""


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="train a model"):
        read_run(tmp_path)


def test_a_study_that_was_edited_reaches_the_job_as_it_is_shown(
    study: Study, study_csv: Path, tmp_path: Path
) -> None:
    session = Session()
    session.set_study(Study.from_csv(study_csv))
    assert session.study_file(tmp_path) == study_csv
    session.draft.set_cell(0, "group", "other")
    session.draft_edited()
    written = session.study_file(tmp_path)
    assert written.parent == tmp_path
    assert Study.from_csv(written)[0].group == "other"
    assert Study.from_csv(study_csv)[0].group == study[0].group
    session.draft.set_cell(0, "video", "gone.mp4")
    session.draft_edited()
    with pytest.raises(StudyError, match="problems"):
        session.study_file(tmp_path)


def test_commands_follow_each_other_and_stop_at_one_that_is_refused(
    study_csv: Path, run: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run.folder, folder, ignore=shutil.ignore_patterns("jobs", "scores.csv"))
    session, ended = Session(), []
    session.job_ended.connect(lambda kind, status: ended.append((kind, status)))
    common = [str(study_csv), "--run", str(folder)]
    bad = ["score", *common, "--reference", "group=nobody"]
    session.start(
        folder, ["embed", *common, "--device", "cpu"], bad, ["score", *common, "--reference", "x=y"]
    )
    finish(session)
    assert ended == [("embed", "done"), ("score", "refused")]
    assert session.job_progress is not None
    assert "nobody" in session.job_progress.state.text
    assert not (folder / "scores.csv").exists()


def test_a_job_is_found_again_by_another_session(study_csv: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    first = Session()
    command = [
        "train",
        str(study_csv),
        "--run",
        str(folder),
        "--preset",
        "tiny",
        "--device",
        "cpu",
        "--minutes",
        "5",
    ]
    first.start(folder, command)
    second = Session()
    second.set_contents(read_run(folder))
    assert second.is_working
    assert second.job_progress is not None
    end = time.monotonic() + 120
    while not second.job_progress.losses and time.monotonic() < end:
        second.poll()
        time.sleep(0.1)
    assert {name.split(", ")[0] for name in second.job_progress.losses} == {"posture"}
    second.stop_job()
    finish(second, 60)
    assert second.job_progress.state.status == "cancelled"
    assert "it can be resumed" in second.job_progress.state.text
    end = time.monotonic() + 20
    while second.job_progress.job.is_alive() and time.monotonic() < end:
        time.sleep(0.05)
    assert not second.job_progress.job.is_alive()
    finish(first, 20)
    assert not first.is_working


def test_the_latest_of_many_jobs_is_shown(tmp_path: Path) -> None:
    session = Session()
    for _ in range(2):
        session.start(tmp_path, ["check", "none.csv"])
        finish(session)
    again = Session()
    again.set_contents(RunContents(tmp_path, jobs=tuple(find_jobs(tmp_path))))
    assert again.job_progress is not None
    assert session.job_progress is not None
    assert again.job_progress.job.record == session.job_progress.job.record
    assert again.job_progress.state.status == "refused"


def test_a_study_or_reference_other_than_the_scored_one_is_said(run: Run, study: Study) -> None:
    session, told = Session(), []
    session.agreement_changed.connect(lambda: told.append(session.outdated))
    assert session.outdated == ""
    session.set_contents(read_run(run.folder))
    assert session.outdated == ""
    session.set_reference("group=impaired")
    other = "The scores are against group=healthy, not group=impaired; score again."
    assert session.outdated == other
    session.set_reference("group=nobody")
    assert session.outdated == ""
    session.set_study(study.without("healthy2"))
    assert session.outdated == "The study changed: healthy2 was removed; score again."
    assert other in told
    assert told[-1] == session.outdated


def test_edited_rows_are_said_and_the_study_of_the_run_can_be_taken_back(run: Run) -> None:
    session = Session()
    session.set_contents(read_run(run.folder))
    rows = [session.draft.recording(number) for number in range(len(session.draft))]
    number = next(n for n, one in enumerate(rows) if one is not None and one.name == "healthy2")
    session.draft.set_cell(number, "subject", "another")
    session.draft_edited()
    assert session.outdated == "The study changed: healthy2 was changed; score again."
    assert session.study_differs
    assert "healthy2 was changed" in session.magnification_outdated("impaired1")
    session.draft.set_cell(number, "video", "gone.mp4")
    session.draft_edited()
    assert session.outdated == "The study has problems; correct it and score again."
    assert session.magnification_outdated("impaired1") == session.outdated
    session.take_run_study()
    assert not session.study_differs
    assert session.outdated == session.magnification_outdated("impaired1") == ""


def test_a_magnification_does_not_depend_on_recordings_outside_of_its_reference(run: Run) -> None:
    session = Session()
    session.set_contents(read_run(run.folder))
    assert session.study is not None
    session.set_study(session.study.without("impaired1"))
    assert session.outdated != ""
    assert session.magnification_outdated("healthy1") == ""
    assert "impaired1 is not among" in session.magnification_outdated("impaired1")
