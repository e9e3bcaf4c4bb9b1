"""Regions that a run found for rows without one, and the whole picture as a region. Needs no Qt."""

from __future__ import annotations

from collections.abc import Mapping

from napari_ubam.study import Recording, Roi, Study
from napari_ubam.study.values import listed
from napari_ubam.video import VideoError, open_video

from .draft import StudyDraft


def newly_found(draft: StudyDraft, now: Study, before: Study | None) -> dict[int, Roi]:
    """List the rows whose recording got a region in the run.

    Parameters
    ----------
    draft : StudyDraft
        Rows of the Study panel.
    now, before : Study
        Study of the run now, and earlier if it had one.

    Returns
    -------
    dict of int to Roi
        Region of each row that has none and is else equal. A region that the run had before is not listed:
        the user may have removed it from the row.
    """
    found = {}
    known = {one.name: one for one in now}
    earlier = {} if before is None else {one.name: one.roi for one in before}
    for row in range(len(draft)):
        one = draft.recording(row)
        if one is None or one.roi is not None or one.track is not None or one.name not in known:
            continue
        there = known[one.name]
        same = there.model_copy(update={"roi": None, "metadata": one.metadata}) == one
        if there.roi is not None and same and earlier.get(one.name) is None:
            found[row] = there.roi
    return found


def whole_pictures(recordings: Mapping[int, Recording]) -> tuple[dict[int, Roi], str]:
    """Give regions that hold the whole picture. Opens the videos, so call it from a thread.

    Parameters
    ----------
    recordings : mapping of int to Recording
        By key of their row, see `StudyDraft.key`.

    Returns
    -------
    dict of int to Roi
        By key; without those whose video cannot be read.
    str
        One sentence about these; empty if there are none.
    """
    found, unread = {}, []
    for key, one in recordings.items():
        try:
            with one.open_with(open_video, warn=False) as video:
                found[key] = Roi(x=0, y=0, width=int(video.shape[2]), height=int(video.shape[1]))
        except (VideoError, OSError):
            unread.append(one.name)
    said = f"The video cannot be read, so no region was set: {listed(unread, 6)}." if unread else ""
    return found, said
