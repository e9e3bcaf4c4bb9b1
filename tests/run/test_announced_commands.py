"""A command that works on a run stands among the jobs of the run, where windows look."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from napari_ubam.cli import app
from napari_ubam.jobs import JobError, announce_job, find_jobs, start_job
from napari_ubam.progress import Progress
from napari_ubam.run import Run
from shared_widgets import copy_of


@pytest.mark.parametrize(
    ("reference", "code", "status"), [("group=healthy", 0, "done"), ("group=nobody", 1, "refused")]
)
def test_the_end_of_a_command_is_told(
    trained: Run, tmp_path: Path, reference: str, code: int, status: str
) -> None:
    folder = copy_of(trained, tmp_path / "run")
    words = ["score", str(folder / "study.csv"), "--run", str(folder), "--reference", reference]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == code
    (job,) = find_jobs(folder)
    assert job.kind == "score"
    assert job.state().status == status
    assert job.state().text == (result.stderr.strip().splitlines()[-1] if code else "")
    stages = [one.stage for event in job.new_events() if (one := event.progress()) is not None]
    assert stages[0] == "libraries"


def test_a_command_that_is_refused_leaves_nothing_in_a_folder_that_is_no_run(
    tmp_path: Path, trained: Run
) -> None:
    study = str(trained.folder / "study.csv")
    words = ["score", study, "--run", str(tmp_path), "--reference", "group=healthy"]
    assert CliRunner().invoke(app, words).exit_code == 1
    assert list(tmp_path.iterdir()) == []


def test_a_window_sees_a_command_waits_for_it_and_can_stop_it(tmp_path: Path) -> None:
    cancel = threading.Event()
    log = announce_job(tmp_path, ["embed"], cancel)
    log.write_progress(Progress("embed", 3, 5))
    (job,) = find_jobs(tmp_path)
    assert job.state().status == "running"
    assert [event.progress() for event in job.new_events()] == [Progress("embed", 3, 5)]
    with pytest.raises(JobError, match="'embed' is still running"):
        start_job(tmp_path, ["check", "none.csv"])
    job.ask_to_stop()
    assert cancel.wait(20)
    log.end(130, "Cancelled.")
    assert job.state().status == "cancelled"
