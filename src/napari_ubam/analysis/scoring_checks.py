"""What is checked before recordings are scored, and what must be known to read the scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from napari_ubam.kinds import KINDS
from napari_ubam.study.values import listed

from .errors import DeviationError
from .recorded import Recorded

WHOLE = 0.9  # of a recording


def check_codes(codes: Sequence[Recorded], reference: Sequence[str]) -> None:
    """Refuse codes that cannot be compared.

    Parameters
    ----------
    codes : sequence of Recorded
    reference : sequence of str
        Names of the recordings that define normal.

    Raises
    ------
    DeviationError
        If the reference is empty or unknown, or the recordings do not match each other.
    """
    names = [one.name for one in codes]
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise DeviationError(f"Two recordings are named {twice[0]}; give each recording its own name.")
    if not reference:
        raise DeviationError(
            "The reference has no recording; choose at least three subjects, such as group=healthy."
        )
    if unknown := [name for name in reference if name not in names]:
        raise DeviationError(
            f"The reference includes {unknown[0]}, which has no codes; embed it or leave it out."
        )
    for kind in KINDS:
        for one in codes:
            own, first = one.sizes[kind], codes[0].sizes[kind]
            if own != first:
                raise DeviationError(
                    f"{one.name}: its {kind} codes have {own} values, those of {codes[0].name} have {first}; "
                    "embed both with the same model."
                )


def scoring_warnings(
    codes: Sequence[Recorded], reference: Sequence[str], subjects: tuple[str, ...]
) -> list[str]:
    """Say what must be known to read the scores.

    Parameters
    ----------
    codes : sequence of Recorded
    reference : sequence of str
        Names of the recordings that define normal.
    subjects : tuple of str
        Subjects of the reference.

    Returns
    -------
    list of str
        Sentences.
    """
    among = set(reference)
    found = []
    if len(subjects) == 1:
        found.append(
            f"The reference is the one subject {subjects[0]}: a percentile tells how unusual a frame is for "
            "this subject, and nothing about other subjects; choose at least three reference subjects."
        )
    elif len(subjects) == 2:
        found.append(
            f"The reference has only two subjects, {subjects[0]} and {subjects[1]}, and each is compared "
            "with the other only, so percentiles are rough; choose at least three."
        )
    again = dict.fromkeys(one.subject for one in codes if one.name not in among and one.subject in subjects)
    if again and len(subjects) == 1:
        found.append(
            f"The recordings of {subjects[0]} outside the reference are compared with the reference "
            "recordings of the same subject, since there are no others."
        )
    elif again:
        found.append(
            f"{', '.join(again)}: also in the reference, so the other recordings are compared with the other "
            "reference subjects only; if you do not want this, choose a reference of other subjects."
        )
    rates = sorted({round(1 / float(np.median(np.diff(one.times)))) for one in codes if len(one) > 1})
    if any(one.window is not None for one in codes) and rates and rates[-1] > 1.02 * rates[0]:
        found.append(
            f"The recordings have different frame rates ({', '.join(map(str, rates))} frames per second): "
            "where postures are interpolated between frames, windows deviate a little less; compare "
            "recordings of one rate."
        )
    if len(among) == len(codes):
        found.append(
            "All recordings are in the reference, so there is nothing to compare with it; choose a filter "
            "that leaves out the recordings to examine."
        )
    found += [
        f"{one.name}: no frame is valid, so it has no scores; check its track and its length."
        for one in codes
        if not one.valid.any()
    ]
    return found


def episode_warnings(
    episodes: pd.DataFrame, durations: Mapping[str, float], reference: Sequence[str]
) -> list[str]:
    """Say which recordings are one episode, since such an episode tells nothing about when.

    Parameters
    ----------
    episodes : DataFrame
        ``recording, start_time, stop_time``: one row for each episode.
    durations : mapping of str to float
        Duration of each recording in seconds.
    reference : sequence of str
        Names of the recordings that define normal.

    Returns
    -------
    list of str
        Sentences.
    """
    length = episodes["stop_time"] - episodes["start_time"]
    whole = length >= WHOLE * episodes["recording"].map(durations).astype(float)
    names = list(dict.fromkeys(episodes.loc[whole, "recording"]))
    if not names:
        return []
    remedy = "train longer"
    if not set(names) <= set(reference):
        remedy += ", or choose a reference that was recorded in the same way (camera, light, region, task)"
    one = "one episode covers" if len(names) == 1 else "in each, one episode covers"
    return [f"{listed(names, 6)}: {one} nearly the whole recording, so it does not tell when; {remedy}."]
