"""Leave episodes that are not behaviour out of the study. Needs neither Qt nor napari."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from napari_ubam.study.values import counted, listed

if TYPE_CHECKING:
    from .session import Session

SHORTEST = 1e-3  # seconds, to which times are rounded


def leave_out(session: Session, episodes: pd.DataFrame) -> str:
    """Write episodes into the rows of the study as intervals that are left out, in one step to undo.

    Parameters
    ----------
    session : Session
    episodes : DataFrame
        Rows of ``episodes.csv``.

    Returns
    -------
    str
        What was done and what comes next, or why it was not done.
    """
    if not len(episodes):
        return "Choose an episode in the list first."
    draft, spans, unknown = session.draft, dict[int, list[tuple[float, float]]](), []
    rows = {}
    for number in range(len(draft)):
        recording = draft.recording(number)
        if recording is not None:
            rows[recording.name] = number
    for one in episodes.itertuples():
        name = str(one.recording)
        if name in rows:
            spans.setdefault(rows[name], []).append(_between_frames(one))
        else:
            unknown.append(name)
    if unknown:
        names = listed(list(dict.fromkeys(unknown)))
        return f"The Study panel has no row of {names} without faults; correct the study first."
    draft.leave_out(spans)
    session.draft_edited()
    many = counted(len(episodes), "episode")
    return (
        f"{many} left out (column intervals of the Study panel, where Undo takes it back). "
        "Score again, and save the study to keep this."
    )


def _between_frames(episode: object) -> tuple[float, float]:
    """Give the times of an episode, half a frame earlier, so that rounding moves no frame over a border."""
    start, stop = float(episode.start_time), float(episode.stop_time)  # type: ignore[attr-defined]
    frames = int(episode.stop) - int(episode.start)  # type: ignore[attr-defined]
    half = (stop - start) / max(frames, 1) / 2
    first = round(start - half, 4)
    return first, max(round(stop - half, 4), first + SHORTEST)
