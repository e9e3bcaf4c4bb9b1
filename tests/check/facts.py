"""Properties of recordings for tests, without videos."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from napari_ubam.check import CheckReport, RecordingFacts
from napari_ubam.check.verdict import judge
from napari_ubam.study import Recording, Study


def fact(name: str, subject: str, group: str, session: str = "0", **changes: Any) -> RecordingFacts:
    """Facts of an ordinary recording: 100 s at 30 fps."""
    fields: dict[str, Any] = {
        "row": 2, "video": f"/videos/{name}.mp4", "video_frames": 3000, "video_seconds": 100.0,
        "frames": 3000, "seconds": 100.0, "fps": 30.0, "height": 240, "width": 320, "crop_height": 240,
        "crop_width": 320, "brightness": 100.0, "period": 0.4, "read": 200, "fingerprint": name,
    }  # fmt: skip
    return RecordingFacts.model_validate(
        {**fields, "name": name, "subject": subject, "group": group, "session": session, **changes}
    )


def two_groups(count: int, **impaired: Any) -> list[RecordingFacts]:
    """One recording each of ``count`` healthy subjects, and of as many impaired ones with changes."""
    healthy = [fact(f"h{i}", f"h{i}", "healthy", brightness=100.0 + i) for i in range(count)]
    return healthy + [
        fact(f"s{i}", f"s{i}", "stroke", **{"brightness": 100.5 + i, **impaired}) for i in range(count)
    ]


def judged(facts: Sequence[RecordingFacts], **fields: Any) -> CheckReport:
    """Evaluate facts; ``fields`` are added to every recording of the study."""
    recordings = [
        Recording(video=Path(f"{f.name}.mp4"), subject=f.subject, group=f.group, session=f.session, **fields)
        for f in facts
    ]
    return judge(Study(recordings, rows=[f.row for f in facts]), facts)
