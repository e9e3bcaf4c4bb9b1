"""How many frames of the reference are compared with, so that the time of a search stays bounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

REFERENCE_FRAMES = 20_000  # of one subject
REFERENCE_TOTAL = 200_000  # of all subjects together


@dataclass(frozen=True)
class Limits:
    """Number of reference frames at most; the same holds for reference windows.

    Parameters
    ----------
    subject : int
        Of one subject.
    total : int
        Of all subjects together. Each subject keeps the same number, except those that have fewer.
    """

    subject: int = REFERENCE_FRAMES
    total: int = REFERENCE_TOTAL


def largest_share(counts: Sequence[int], limits: Limits) -> int:
    """Find how many frames each subject may keep.

    Parameters
    ----------
    counts : sequence of int
        Frames of each subject.
    limits : Limits

    Returns
    -------
    int
        At least 1, so a study of more subjects than the total exceeds it.
    """
    if sum(min(count, limits.subject) for count in counts) <= limits.total:
        return limits.subject
    left = limits.total
    for number, count in enumerate(sorted(counts)):
        share = left // (len(counts) - number)
        if count > share:
            return max(min(share, limits.subject), 1)
        left -= count
    return limits.subject
