"""The codes that the Explore panel compares. Needs neither Qt nor napari."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

if TYPE_CHECKING:
    from napari_ubam.run import Explorer, Run

Rows = dict[tuple[str, int], int]
"""Row of the codes by recording and frame."""

ALONE = (
    "Compare what is done and not who does it: the mean code of each subject in a session is taken out, for "
    "neighbours and map."
)


class Among(NamedTuple):
    """Where similar frames are searched.

    Parameters
    ----------
    title : str
        Title of the pictures.
    note : str
        Why not in other subjects; empty if there.
    same_subject : bool
        Whether other recordings of the same subject are searched.
    """

    title: str
    note: str = ""
    same_subject: bool = False


AMONG_SUBJECTS = Among("Most similar frames of other subjects")
AMONG_RECORDINGS = Among(
    "Most similar frames of other recordings",
    "There is one subject, so its other recordings are searched.",
    same_subject=True,
)


def searched_among(explorer: Explorer) -> Among:
    """Choose where similar frames are searched: in other subjects, if there are some.

    Parameters
    ----------
    explorer : Explorer

    Returns
    -------
    Among
    """
    frames = explorer.frames
    alone = frames["subject"].nunique() == 1 < frames["recording"].nunique()
    return AMONG_RECORDINGS if alone else AMONG_SUBJECTS


def read_explored(run: Run) -> tuple[Explorer, Rows]:
    """Load the codes of a run; for a thread.

    Parameters
    ----------
    run : Run

    Returns
    -------
    explorer : Explorer
    rows : dict
        Row of each frame that has codes.
    """
    found = run.explorer()
    keys = zip(found.frames["recording"], found.frames["frame"].tolist(), strict=True)
    return found, {key: number for number, key in enumerate(keys)}


def captions(frames: pd.DataFrame) -> list[str]:
    """Write what stands below the picture of each frame.

    Parameters
    ----------
    frames : DataFrame
        ``recording, time``, and ``similarity`` if they are neighbours of a frame.

    Returns
    -------
    list of str
    """
    many = "similarity" in frames.columns
    return [
        f"{one.recording}\n{one.time:.2f} s" + (f", {one.similarity:.2f}" if many else "")
        for one in frames.itertuples()
    ]
