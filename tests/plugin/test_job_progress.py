"""What the panels say of a job, and what becomes of one that does not answer."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest

from napari_ubam.jobs import Job, JobEvent
from napari_ubam.plugin.state.job_progress import JobProgress
from napari_ubam.plugin.state.session import Session


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (None, "starting Python"),
        ({"stage": "libraries", "step": 0, "of": 0}, "loading libraries"),
        (
            {"stage": "libraries", "step": 2, "of": 5, "detail": "torch"},
            "loading libraries (torch), 2 of 5",
        ),
        ({"stage": "videos", "step": 3, "of": 12, "detail": "a"}, "opening videos (a), 3 of 12"),
        ({"stage": "crops", "step": 3, "of": 12, "detail": "a"}, "reading crops, 3 of 12 blocks"),
        (
            {"stage": "posture", "step": 0, "of": 0, "detail": "building the network"},
            "learning posture (building the network)",
        ),
        ({"stage": "posture", "step": 3, "of": 12, "detail": "x"}, "learning posture, 3 of 12 steps"),
        ({"stage": "codes", "step": 0, "of": 1}, "encoding postures, 0 of 1 recording"),
        ({"stage": "unknown", "step": 1, "of": 2}, "unknown, 1 of 2"),
    ],
)
def test_each_stage_is_said_in_words(tmp_path: Path, values: dict[str, object] | None, said: str) -> None:
    job = JobProgress(Job(tmp_path / "job.json", "train", (), 0, 0.0, 0.0))
    if values is not None:
        job.add(JobEvent("progress", 1.0, values))
    assert job.doing == said
    job.add(JobEvent("progress", 2.0, {"stage": "crops", "step": 0, "of": 0, "message": "a is left out."}))
    assert job.doing == said
    assert job.messages == ["a is left out."]


def test_only_a_job_that_stays_silent_after_a_request_to_stop_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_ubam.plugin.state.job_control.PATIENCE", 0.5)
    session = Session()
    job = session.start(tmp_path / "run", ["demo", str(tmp_path / "demo")])
    psutil.Process(job.job.pid).suspend()
    job.heard = time.monotonic() - 100
    session.poll()
    assert session.is_working  # silent, but nobody asked
    session.stop_job()
    session.poll()
    assert session.is_working  # the patience counts from the request
    end = time.monotonic() + 30
    while session.is_working and time.monotonic() < end:
        session.poll()
        time.sleep(0.05)
    assert job.state.status == "cancelled"
    assert "ended at once" in job.state.text
