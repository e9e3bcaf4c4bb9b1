"""Windows that carried the decision about a subject, as episodes of its recordings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from napari_ubam.analysis.calibration import Calibration
from napari_ubam.analysis.codes import Codes
from napari_ubam.analysis.episodes import episodes

from .classifier import Classified, margin

LINE = 95.0  # percentile among the windows of the other groups
MOST = 20  # spans of a subject
COLUMNS = (
    "recording",
    "subject",
    "level",
    "decided",
    "start",
    "stop",
    "peak",
    "start_time",
    "stop_time",
    "peak_time",
    "evidence",
    "peak_percentile",
    "excess",
)


def carried_decision(found: Classified, codes: Sequence[Codes]) -> pd.DataFrame:
    """List the spans of each subject that spoke most for the group it was taken for.

    A span lies above the 95th percentile of the windows of subjects of all other groups. All these windows
    are judged by classifiers that did not see their subject.

    Parameters
    ----------
    found : Classified
    codes : sequence of Codes
        The codes that were classified, for times and frame numbers.

    Returns
    -------
    DataFrame
        The strongest spans of each subject, the strongest first: ``recording, subject, level, decided,
        start, stop, peak`` in frame numbers, ``start_time, stop_time, peak_time`` in seconds, ``evidence``
        (mean for the decided group), ``peak_percentile``, and ``excess`` (percentile above the line,
        integrated over seconds).
    """
    of = found.subjects.set_index("subject")
    by_name = {one.name: one for one in codes}
    parts = []
    for number, level in enumerate(found.levels):
        others = of.index[of["level"] != level]
        usual = Calibration.of(
            [
                np.concatenate(
                    [
                        margin(found.windows[one.name], number)
                        for one in found.recordings
                        if one.subject == subject
                    ]
                )
                for subject in others
            ]
        )
        decided = set(of.index[of["decided"] == level])
        for one in found.recordings:
            if one.subject not in decided:
                continue
            own, rows = margin(found.windows[one.name], number), one.rows
            source = by_name[one.name]
            spans = episodes(
                usual.percentile(own),
                source.times[rows],
                frames=source.frames[rows],
                deviation=own,
                threshold=LINE,
            )
            evidence = [
                float(own[(source.frames[rows] >= start) & (source.frames[rows] < stop)].mean())
                for start, stop in zip(spans["start"], spans["stop"], strict=True)
            ]
            parts.append(
                spans.assign(
                    recording=one.name,
                    subject=one.subject,
                    level=str(of.loc[one.subject, "level"]),
                    decided=level,
                    evidence=evidence,
                )
            )
    table = pd.concat(parts, ignore_index=True).sort_values("excess", ascending=False, kind="stable")
    return table.groupby("subject", sort=False).head(MOST).reset_index(drop=True)[list(COLUMNS)]
