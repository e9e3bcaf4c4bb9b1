"""Regions that a run found for recordings that have none in the panels. Needs neither Qt nor napari."""

from __future__ import annotations

from napari_ubam.study import Roi, Study

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
