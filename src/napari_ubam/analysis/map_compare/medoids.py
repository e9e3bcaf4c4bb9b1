"""Where the most typical frame of each cluster is found: its video and its region."""

from __future__ import annotations

from typing import Any

import pandas as pd

from napari_ubam.study import Study


def medoid_places(study: Study, clusters: pd.DataFrame) -> list[dict[str, Any]]:
    """Tell from which part of which video the medoid of each cluster can be shown.

    Parameters
    ----------
    study : Study
    clusters : DataFrame
        ``cluster, recording, frame, time``.

    Returns
    -------
    list of dict
        ``cluster, recording, frame, time, video``, and ``box``: x, y, width and height in pixels, or None
        for the whole frame. Serialisable as JSON.
    """
    found = []
    for row in clusters.to_dict("records"):
        one, frame = study[str(row["recording"])], int(row["frame"])
        boxes = one.crops([frame])
        box = None if boxes is None else boxes[0]
        found.append(
            {
                "cluster": int(row["cluster"]),
                "recording": one.name,
                "frame": frame,
                "time": float(row["time"]),
                "video": str(one.video),
                "box": None
                if box is None
                else [float(box.x), float(box.y), float(box.width), float(box.height)],
            }
        )
    return found
