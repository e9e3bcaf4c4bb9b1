"""Episodes that are left out of the study, and the keys of the viewer."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel
from psygnal import Signal

from napari_ubam.plugin.state.left_out import leave_out
from napari_ubam.plugin.state.session import Session
from napari_ubam.plugin.viewer.keys import KEYS, NOT_HERE, bind_keys, release_keys
from napari_ubam.study import Study


def episodes(*rows: tuple[str, int, int]) -> pd.DataFrame:
    """Episodes at ten frames per second: recording, first frame, frame after the last."""
    found = [(name, start, stop, start / 10, stop / 10) for name, start, stop in rows]
    return pd.DataFrame(found, columns=["recording", "start", "stop", "start_time", "stop_time"])


@pytest.fixture
def session(tmp_path: Path) -> Session:
    for name in ("rat1", "rat2"):
        (tmp_path / f"{name}.mp4").touch()
    (tmp_path / "light.csv").write_text("label,start,stop\nlight,0,9\n")
    (tmp_path / "study.csv").write_text(
        "video,subject,group,session,intervals\nrat1.mp4,1,a,0,light.csv\nrat2.mp4,2,b,0,\n"
    )
    made = Session()
    made.set_study(Study.from_csv(tmp_path / "study.csv"))
    return made


def test_an_episode_is_left_out_frame_by_frame_and_comes_back(session: Session, tmp_path: Path) -> None:
    before = session.study
    said = leave_out(session, episodes(("rat1", 33, 37), ("rat2", 3, 5), ("rat1", 36, 41)))
    assert said.startswith("3 episodes left out")
    assert session.study is not None
    times = np.arange(60) / 10
    assert np.flatnonzero(session.study["rat1"].left_out(times)).tolist() == [*range(33, 41)]
    assert np.flatnonzero(session.study["rat2"].left_out(times)).tolist() == [3, 4]
    assert [one.label for one in session.study["rat1"].intervals] == ["light", "exclude"]
    assert Study.from_csv(session.study_file(tmp_path))["rat2"].intervals == session.study["rat2"].intervals
    session.draft.undo()
    session.draft_edited()
    assert before is not None
    assert session.study.recordings == before.recordings


def test_what_cannot_be_left_out_is_said(session: Session) -> None:
    assert leave_out(session, episodes()) == "Choose an episode in the list first."
    assert "no row of rat9" in leave_out(session, episodes(("rat9", 3, 5), ("rat1", 3, 5)))
    assert not session.draft.can_undo


class Link:
    """A link at frame 35 of a recording with two episodes."""

    factor_stepped = Signal(int)

    def __init__(self, study: Study) -> None:
        rows = episodes(("rat1", 33, 37), ("rat1", 50, 55))
        results = SimpleNamespace(episodes_of=lambda _: rows)
        self.session = type("WithResults", (Session,), {"results": results})()
        self.session.set_study(study)
        self.shown: list[tuple[str, int]] = []
        self.frame, self.plays = 35, 0

    def here(self) -> tuple[str, int]:
        return "rat1", self.frame

    def show(self, name: str, frame: int) -> None:
        self.shown.append((name, frame))

    def toggle_play(self) -> None:
        self.plays += 1


def test_the_keys_act_and_leave_other_bindings_alone(session: Session) -> None:
    assert session.study is not None
    viewer, link = ViewerModel(), Link(session.study)
    others: list[Any] = []
    viewer.bind_key("Shift-Left", others.append)
    bind_keys(viewer, link)  # type: ignore[arg-type]
    bound = {str(key): action for key, action in viewer.keymap.items()}
    assert len(bound) == len(KEYS)
    steps: list[int] = []
    bound["Shift+PageUp"](viewer)
    assert "Open the Magnify panel" in link.session.status
    link.factor_stepped.connect(steps.append)
    for key in ("Shift+Right", "Shift+Left", "Shift+Space", "Shift+PageUp", "Shift+PageDown", "Shift+X"):
        bound[key](viewer)
    assert (link.shown, link.plays, steps, others) == ([("rat1", 50)], 1, [1, -1], [viewer])
    assert link.session.draft.cell(0, "intervals") == "light:0-9;exclude:3.25-3.65"
    link.frame = 45
    bound["Shift+X"](viewer)
    assert link.session.status == NOT_HERE
    release_keys(viewer)
    assert list(viewer.keymap.values()) == [others.append]
