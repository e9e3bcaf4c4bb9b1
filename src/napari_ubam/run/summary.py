"""Summary of a scoring, in lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from napari_ubam.kinds import PARTS

from .score_table import ScoreTable, Scoring

LISTED = 5


def summary_lines(scores: ScoreTable | Scoring) -> Iterator[str]:
    """Describe how the subjects rank, and where the strongest episodes are.

    Parameters
    ----------
    scores : ScoreTable or Scoring
        Result of `Run.score` or `Run.score_to_files`.

    Yields
    ------
    str
        One line.
    """
    yield "Subjects, largest episodic deviation first (p cannot be smaller than the number in brackets)."
    yield "Episodic is what rises above the subject's own level; constant is what it always has."
    heads = "".join(f" {part:>9} {'p':>6} {'q':>6}" for part in PARTS)
    yield f"  {'subject':16} {'group':12} {'session':8}{heads}"
    for row in _rows(scores.subjects.sort_values("episodic", ascending=False)):
        role = "  reference" if row.reference else f" ({row.smallest_p:.3f})"
        numbers = "".join(_numbers(row, part) for part in PARTS)
        yield f"  {row.subject!s:16} {row.group!s:12} {row.session!s:8}{numbers}{role}"
    outside = ~scores.episodes["recording"].isin(scores.facts["reference_recordings"])
    others = scores.episodes[outside]
    strongest = others.sort_values("excess", ascending=False).head(LISTED)
    if len(strongest):
        yield "Strongest episodes outside the reference:"
    for row in _rows(strongest):
        span = f"{row.start_time:.2f} to {row.stop_time:.2f} s (frames {row.start} to {row.stop - 1})"
        yield f"  {row.recording}: {span}, peak at frame {row.peak}, percentile {row.peak_percentile:.1f}"


def _numbers(row: Any, part: str) -> str:
    """Write value, p and q of a part of the deviation."""
    value, p, q = (getattr(row, f"{part}{end}") for end in ("", "_p", "_q"))
    texts = (
        "" if pd.isna(one) else format(one, style) for one, style in ((value, ".4f"), (p, ".3f"), (q, ".3f"))
    )
    return " {:>9} {:>6} {:>6}".format(*texts)


def _rows(table: pd.DataFrame) -> Iterator[Any]:
    return table.itertuples()
