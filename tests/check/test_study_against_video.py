"""Recordings against the facts of their videos."""

from __future__ import annotations

from pathlib import Path

from napari_ubam.check.study_against_video import fit_problems
from napari_ubam.study import Recording

from .facts import fact


def problems(intervals: str, frames: int = 2900) -> list[str]:
    """Check a recording of 100 s."""
    one = Recording(video=Path("a.mp4"), subject="1", group="g", session="0", intervals=intervals)
    return [f"{p.severity.value}: {p.text}" for p in fit_problems(one, fact("a", "1", "g", frames=frames))]


def test_what_is_left_out_is_said() -> None:
    assert problems("light:0-9") == []
    assert problems("exclude:0-2.5;light:0-9;exclude:99-100") == [
        "note: 3.5 of 100.0 s are left out, in 2 intervals exclude."
    ]
    [said] = problems("exclude:0-100", frames=0)
    assert said.startswith("error: every frame is left out")
