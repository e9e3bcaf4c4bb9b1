"""Commands in processes of their own: followed, stopped, found again, and lost."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_ubam.jobs import EventLog, Job, JobError, find_jobs, priority, read_events, start_job
from napari_ubam.progress import Progress
from napari_ubam.threads import usable_cores


@pytest.fixture(autouse=True)
def nothing_left_running(tmp_path: Path) -> Iterator[None]:
    """End what a failed test would leave behind."""
    yield
    for job in find_jobs(tmp_path / "run"):
        job.kill()


def wait(job: Job, seconds: float = 150) -> str:
    end = time.monotonic() + seconds
    while job.state().status == "running" and time.monotonic() < end:
        time.sleep(0.05)
    return job.state().status


def test_events_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    with EventLog(path) as log:
        log.write_progress(Progress("posture", 1, 10, losses={"nce": 2.5, "bad": float("nan")}, eta=9.0))
        first, offset = read_events(path)
        log.write_progress(
            Progress("posture", 10, 10, message="Done, \N{LATIN SMALL LETTER U WITH DIAERESIS}ber 9000.")
        )
        log.end(0)
        log.end(1, "too late")
    second, _ = read_events(path, offset)
    assert [event.progress() for event in first] == [Progress("posture", 1, 10, losses={"nce": 2.5}, eta=9.0)]
    assert second[0].progress() == Progress("posture", 10, 10, message="Done, über 9000.")
    assert [event.kind for event in second] == ["progress", "end"]
    assert second[1].values["code"] == 0


@given(cut=st.integers(0, 400))
def test_a_line_that_is_being_written_is_read_later(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    folder = tmp_path_factory.mktemp("events")
    with EventLog(folder / "whole.jsonl") as log:
        for step in range(3):
            log.write("message", text=f"ä {step}")
    whole = (folder / "whole.jsonl").read_bytes()
    path = folder / "part.jsonl"
    path.write_bytes(whole[:cut])
    before, offset = read_events(path)
    path.write_bytes(whole)
    after, _ = read_events(path, offset)
    assert [event.values["text"] for event in before + after] == ["ä 0", "ä 1", "ä 2"]


def test_quick_events_are_thinned_but_messages_and_ends_of_stages_are_not(tmp_path: Path) -> None:
    with EventLog(tmp_path / "one.jsonl") as log:
        for step in range(1, 501):
            log.write_progress(Progress("embed", step, 500, message="Look." if step == 250 else ""))
    events, _ = read_events(tmp_path / "one.jsonl")
    steps = [event.values["step"] for event in events]
    assert len(steps) < 20
    assert {1, 250, 500} <= set(steps)


def test_a_file_beside_the_events_asks_to_stop(tmp_path: Path) -> None:
    with EventLog(tmp_path / "one.jsonl") as log:
        assert not log.cancel.wait(0.3)
        (tmp_path / "one.jsonl.stop").touch()
        assert log.cancel.wait(1.0)


def test_a_refused_command_says_why(tmp_path: Path) -> None:
    job = start_job(tmp_path / "run", ["check", str(tmp_path / "none.csv")])
    assert wait(job) == "refused"
    assert "none.csv" in job.state().text
    again = find_jobs(tmp_path / "run")
    assert [one.record for one in again] == [job.record]
    assert again[0].state() == job.state()


def test_a_process_that_dies_is_told_of_with_its_log(tmp_path: Path) -> None:
    job = start_job(tmp_path / "run", ["demo", str(tmp_path / "demo")])
    with pytest.raises(JobError, match="is still running"):
        start_job(tmp_path / "run", ["demo", str(tmp_path / "other")])
    psutil.Process(job.pid).kill()
    assert wait(job) == "died"
    assert str(job.log) in job.state().text
    start_job(tmp_path / "run", ["check", "none.csv"])  # the dead one is not in the way


def test_cancelling_takes_less_than_two_seconds(tmp_path: Path) -> None:
    job = start_job(tmp_path / "run", ["demo", str(tmp_path / "demo")])
    seen, end = [], time.monotonic() + 150
    while len(seen) < 3 and time.monotonic() < end:
        seen += [event for event in job.new_events() if event.kind == "progress"]
        time.sleep(0.05)
    asked = time.monotonic()
    job.ask_to_stop()
    assert wait(job) == "cancelled"
    assert time.monotonic() - asked < 2
    end = time.monotonic() + 20
    while job.is_alive() and time.monotonic() < end:
        time.sleep(0.05)
    assert not job.is_alive()


def test_cancelling_while_libraries_are_loaded_ends_at_once_and_says_that_nothing_was_changed(
    tmp_path: Path,
) -> None:
    job = start_job(tmp_path / "run", ["train", "none.csv", "--run", str(tmp_path / "run")])
    seen: list[Progress | None] = []
    end = time.monotonic() + 60
    while not any(one and one.of for one in seen) and time.monotonic() < end:
        seen += [event.progress() for event in job.new_events()]
        time.sleep(0.02)
    assert {one.stage for one in seen if one} == {"libraries"}
    job.ask_to_stop()
    asked = time.monotonic()
    assert wait(job) == "cancelled"
    assert time.monotonic() - asked < 5
    assert job.state().text == "The work was cancelled before it began; nothing was changed."
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["jobs"]


@pytest.mark.parametrize("gives_way", [True, False])
def test_a_job_gives_way_only_if_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gives_way: bool
) -> None:
    monkeypatch.setattr(priority, "NICER", 10)
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):  # dask.distributed leaves both behind
        monkeypatch.delenv(name, raising=False)
    own = psutil.Process().nice()
    job = start_job(tmp_path / "run", ["demo", str(tmp_path / "demo")], gives_way=gives_way)
    process = psutil.Process(job.pid)
    process.suspend()
    slower = psutil.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else min(own + 10, 19)
    assert process.nice() == (slower if gives_way else own)
    if sys.platform == "linux":
        count = Path(f"/proc/{job.pid}/environ").read_bytes().split(b"OMP_NUM_THREADS=")[1].split(b"\0")[0]
        assert int(count) == max(usable_cores() - gives_way, 1)
        assert os.sched_getscheduler(job.pid) == os.SCHED_OTHER
    job.kill()


STARTER = """
import sys
from pathlib import Path
from napari_ubam.jobs import start_job
start_job(Path(sys.argv[1]), ["demo", sys.argv[2]])
"""


def test_a_job_outlives_the_program_that_started_it_and_is_found(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", STARTER, tmp_path / "run", tmp_path / "demo"], check=True, timeout=60
    )
    (job,) = find_jobs(tmp_path / "run")
    assert job.pid != os.getpid()
    assert job.is_alive()
    assert job.state().status == "running"
    job.kill()
    assert not job.is_alive()
    assert job.state().status == "cancelled"


def test_another_process_of_the_same_number_is_not_the_job(tmp_path: Path) -> None:
    job = start_job(tmp_path / "run", ["check", "none.csv"])
    wait(job)
    record = job.record.read_text("utf-8").replace(f'"pid": {job.pid}', f'"pid": {os.getpid()}')
    job.record.write_text(record, "utf-8")
    job.events.unlink()
    (found,) = find_jobs(tmp_path / "run")
    assert not found.is_alive()
    assert found.state().status == "died"
