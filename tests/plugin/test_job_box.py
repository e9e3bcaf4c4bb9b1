"""The box that shows a job."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from napari_ubam.plugin.widgets import JobBox
from shared_widgets import delete


def test_a_sentence_that_the_panel_shows_itself_is_not_repeated(qapp: Any) -> None:
    job = SimpleNamespace(
        is_running=False,
        job=SimpleNamespace(kind="score"),
        state=SimpleNamespace(status="done", text=""),
        latest=None,
        stop_requested=None,
        can_be_ended=False,
        messages=["Too young.", "One subject."],
    )
    box = JobBox(SimpleNamespace(job_progress=job), ("score",))  # type: ignore[arg-type]
    assert box.messages.text() == "Too young.\nOne subject."
    box.leave_to_panel("Too young.")
    box.update_job()
    assert box.messages.text() == "One subject."
    delete(box)
