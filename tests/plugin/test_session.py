"""The session of a viewer, without a window."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from napari_ubam.jobs import JobError, find_jobs
from napari_ubam.plugin.state.contents import RunContents, read_run
from napari_ubam.plugin.state.session import Session
from napari_ubam.run import Run, RunError
from napari_ubam.runfolder.recordings import add_recordings, read_recordings, remove_recordings
from napari_ubam.study import Study, StudyError
from shared_runs import train_again
from shared_widgets import copy_of


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
    session.set_within("subject")
    assert (
        session.outdated
        == "The scores compare subjects with other subjects, not with themselves; score again."
    )
    assert told[-1] == session.outdated
    session.set_within("")
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


@pytest.fixture
def folder(run: Run, tmp_path: Path) -> Path:
    """Give the folder of a run with scores and a magnifier, which a test may change."""
    return copy_of(run, tmp_path / "run")


@pytest.fixture
def session(folder: Path) -> Session:
    """Give a session in which this run is open."""
    made = Session()
    made.set_contents(read_run(folder))
    assert made.outdated == ""
    return made


def test_scores_of_an_earlier_model_are_outdated_and_its_magnifier_is_none_of_the_new_one(
    session: Session, folder: Path
) -> None:
    assert session.contents is not None
    made = {"weights": session.contents.weights, "reference_recordings": []}
    assert not session.is_of_another_model(made)
    train_again(folder)
    session.set_contents(read_run(folder))
    assert session.outdated == "The model was trained again; score again."
    assert session.is_of_another_model(made)
    assert session.contents.run is not None
    assert not session.contents.has_magnifier
    assert session.magnification_outdated("impaired1") == (
        "The magnifier was trained for an earlier model; train the magnifier again."
    )


def test_recordings_that_were_embedded_again_outdate_the_scores_and_what_was_magnified(
    session: Session, folder: Path
) -> None:
    assert session.contents is not None
    assert session.study is not None
    before = session.contents.codes["healthy2"]
    made = {"reference_recordings": [{"name": "healthy2", "codes": before}]}
    assert not session.is_of_another_model(made)
    Run.open(folder).embed([session.study["healthy2"].model_copy(update={"start": 10})], device="cpu")
    session.set_contents(read_run(folder))
    assert session.outdated == "The study changed: healthy2 was embedded again; score again."
    assert session.is_of_another_model(made)


def test_another_group_in_the_study_of_the_run_outdates_the_scores(session: Session, folder: Path) -> None:
    assert session.study is not None
    add_recordings(folder, [session.study["healthy2"].model_copy(update={"group": "sham"})])
    session.set_contents(read_run(folder))
    assert session.study["healthy2"].group == "sham"
    assert session.outdated == "The study changed: healthy2 was changed; score again."


def test_rows_that_were_not_edited_follow_the_study_of_the_run(session: Session, folder: Path) -> None:
    remove_recordings(folder, "healthy2")
    session.set_contents(read_run(folder))
    assert session.study is not None
    assert "healthy2" not in session.study.names
    assert not session.study_differs
    assert session.status == "The study of this run was changed elsewhere; the panels show it as it is now."


def test_rows_take_the_regions_that_their_training_found(run: Run) -> None:
    whole = {one.name: one.model_copy(update={"roi": None}) for one in read_recordings(run.folder)}
    session = Session()
    session.set_study(Study(whole.values()))
    session.set_contents(read_run(run.folder))
    assert session.study == read_recordings(run.folder)
    assert session.status == "The rows took the region of 5 recordings from the run."
    session.draft.set_roi([0], None)  # the user wants the whole frame of one
    session.draft_edited()
    session.set_contents(read_run(run.folder))
    assert session.study is not None
    assert [one.roi is None for one in session.study] == [True, False, False, False, False]


def test_rows_that_were_edited_stay(session: Session, folder: Path) -> None:
    session.draft.set_cell(0, "subject", "another")
    session.draft_edited()
    edited = session.study
    remove_recordings(folder, "healthy2")
    session.set_contents(read_run(folder))
    assert session.study is edited
    assert session.study_differs
    assert session.status.endswith("changed elsewhere; the rows that you edited stay as they are.")


def test_rows_that_were_not_edited_give_way_to_another_run(
    session: Session, run: Run, tmp_path: Path
) -> None:
    other = copy_of(run, tmp_path / "other")
    remove_recordings(other, "healthy3")
    session.set_contents(read_run(other))
    assert session.study is not None
    assert "healthy3" not in session.study.names


def test_a_reference_that_was_chosen_here_stays_when_another_window_scores(
    session: Session, folder: Path, study: Study
) -> None:
    other = Session()
    other.set_contents(read_run(folder))
    other.set_reference("group=impaired")
    Run.open(folder).score(study, "session=0", figures=False)
    for one in (session, other):
        one.set_contents(read_run(folder))
    assert session.reference == "session=0"
    assert session.outdated == ""
    assert other.reference == "group=impaired"
    assert other.outdated == "The scores are against session=0, not group=impaired; score again."


def test_results_are_shown_anew_only_if_they_changed(session: Session, folder: Path) -> None:
    told: list[str] = []
    session.results_changed.connect(lambda: told.append("results"))
    session.run_changed.connect(lambda: told.append("run"))
    (folder / "jobs").mkdir(exist_ok=True)
    (folder / "jobs" / "one.log").touch()
    session.set_contents(read_run(folder))
    assert told == ["run"]
    remove_recordings(folder, "healthy2")
    session.set_contents(read_run(folder))
    assert told == ["run", "run", "results"]


def test_a_recording_of_rows_with_a_fault_is_that_of_the_rows(session: Session) -> None:
    session.draft.set_cell(session.study.names.index("healthy2"), "group", "sham")  # type: ignore[union-attr]
    session.draft.set_cell(session.study.names.index("healthy3"), "video", "gone.mp4")  # type: ignore[union-attr]
    session.draft_edited()
    assert session.study is None
    assert session.current_study is session.run_study is not None
    found = session.find_recording("healthy2")
    assert found is not None
    assert found.group == "sham"
    assert session.find_recording("healthy3") == session.run_study["healthy3"]


def test_a_job_of_another_window_is_followed_and_no_second_one_can_start(tmp_path: Path) -> None:
    first, second, ended = Session(), Session(), []
    second.job_ended.connect(lambda *said: ended.append(said))
    first.start(tmp_path, ["demo", str(tmp_path / "demo")])
    second.set_contents(RunContents(tmp_path, jobs=tuple(find_jobs(tmp_path))))
    assert first.busy == "Another job works on this run (demo); wait for its end."
    assert second.busy == "Another window or command works on this run (demo); wait for its end."
    with pytest.raises(JobError, match="still running"):
        second.start(tmp_path, ["check", "none.csv"])
    first.end_job()
    finish(second, 60)
    assert second.busy == ""
    assert ended == [("demo", "cancelled")]


def test_a_command_that_waits_does_not_start_beside_that_of_another_window(tmp_path: Path) -> None:
    first, second = Session(), Session()
    first.start(tmp_path, ["check", "--help"], ["check", "none.csv"])
    assert first.job_progress is not None
    job = first.job_progress.job
    end = time.monotonic() + 120
    while job.state().status == "running" and time.monotonic() < end:
        time.sleep(0.05)
    second.start(tmp_path, ["demo", str(tmp_path / "demo")])  # before the first window looks
    first.poll()
    assert first.job_progress.job is job
    assert "'demo' is still running" in first.job_progress.messages[-1]
    second.end_job()
    finish(second, 60)


def test_another_run_does_not_take_the_comparison_that_was_chosen_for_this_one(
    run: Run, tmp_path: Path
) -> None:
    session = Session()
    session.set_contents(read_run(run.folder))
    session.set_within("subject")
    session.set_contents(RunContents(tmp_path))  # a run without scores
    assert session.within == ""
    session.set_contents(read_run(run.folder))
    assert session.within == ""
    assert session.outdated == ""
