"""Summary of a scoring, in lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from .score_table import ScoreTable

LISTED = 5


def summary_lines(scores: ScoreTable) -> Iterator[str]:
    """Describe how the subjects rank, and where the strongest episodes are.

    Parameters
    ----------
    scores : ScoreTable
        Result of `Run.score`.

    Yields
    ------
    str
        One line.
    """
    yield "Subjects, largest mean excess first (p cannot be smaller than the number in brackets):"
    yield f"  {'subject':16} {'group':12} {'session':8} {'mean excess':>11} {'p':>7} {'q':>7}"
    for row in _rows(scores.subjects.sort_values("deviation", ascending=False)):
        role = "  reference" if row.reference else f" ({row.smallest_p:.3f})"
        q = "" if pd.isna(row.q) else f"{row.q:.3f}"
        numbers = f"{row.deviation:11.4f} {row.p:7.3f} {q:>7}"
        yield f"  {row.subject!s:16} {row.group!s:12} {row.session!s:8} {numbers}{role}"
    outside = ~scores.episodes["recording"].isin(scores.facts["reference_recordings"])
    others = scores.episodes[outside]
    strongest = others.sort_values("excess", ascending=False).head(LISTED)
    if len(strongest):
        yield "Strongest episodes outside the reference:"
    for row in _rows(strongest):
        span = f"{row.start_time:.2f} to {row.stop_time:.2f} s (frames {row.start} to {row.stop - 1})"
        yield f"  {row.recording}: {span}, peak at frame {row.peak}, percentile {row.peak_percentile:.1f}"


def _rows(table: pd.DataFrame) -> Iterator[Any]:
    return table.itertuples()
