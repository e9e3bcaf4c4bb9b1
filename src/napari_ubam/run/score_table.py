"""The result of a scoring: the table of all frames, which carries the other tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from napari_ubam.analysis import DeviationResult, score_table
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.paths import SCORES
from napari_ubam.runfolder.table_parts import Tables
from napari_ubam.runfolder.tables import Result, read_result


def read_scores(folder: Path) -> Result:
    """Read the tables of the last scoring of a run.

    Parameters
    ----------
    folder : Path
        Folder of a run that was scored.

    Returns
    -------
    Result
        Tables ``scores``, ``subjects`` and ``episodes``.

    Raises
    ------
    RunError
        If they cannot be read, or are of an earlier version, which did not tell the parts of a deviation.
    """
    found = read_result(folder, SCORES)
    columns = found.tables.columns("scores") if isinstance(found.tables, Tables) else found.tables["scores"]
    if "episodic" not in columns or "episodic" not in found.tables["subjects"]:
        raise RunError(
            f"The scores in {folder} are of an earlier version, which did not tell constant from episodic "
            "deviation; score the study again."
        )
    return found


@dataclass(frozen=True)
class Scoring:
    """A scoring without the table of all frames, which is written recording by recording.

    Parameters
    ----------
    subjects, episodes : DataFrame
        As of `ScoreTable`.
    deviation : DeviationResult
        Scores of each recording as arrays, put together when they are asked for.
    facts : mapping of str to object
        What the scores were computed from.
    warnings : tuple of str
        Sentences for the user.
    """

    subjects: pd.DataFrame
    episodes: pd.DataFrame
    deviation: DeviationResult
    facts: Mapping[str, Any]
    warnings: tuple[str, ...]

    def table(self) -> ScoreTable:
        """Put the scores of all frames into one table: about 120 bytes a frame.

        Returns
        -------
        ScoreTable
        """
        made = ScoreTable.of(
            score_table(self.deviation), self.subjects, self.episodes, self.deviation, self.facts
        )
        made.warnings = self.warnings
        return made


class ScoreTable(pd.DataFrame):
    """Scores of all frames: a pandas table with one row for each frame, and what belongs to it.

    The table is used like every DataFrame. Tables that are derived from it, such as selections, are plain
    DataFrames without the attributes below.

    Attributes
    ----------
    table : DataFrame
        The same rows as a plain DataFrame.
    subjects : DataFrame
        One row for each subject and session: ``subject, group, session, deviation, p, q, n_reference,
        smallest_p, reference``.
    episodes : DataFrame
        Spans above the 95th percentile, with the recording, ranked within it.
    warnings : tuple of str
        Sentences for the user.
    facts : mapping of str to object
        What the scores were computed from: reference, settings, hashes of the model, recordings.
    deviation : DeviationResult
        Scores of each recording as arrays, and the distribution behind the percentiles.
    """

    _metadata = ["subjects", "episodes", "warnings", "facts", "deviation"]  # noqa: RUF012 - as pandas has it

    subjects: pd.DataFrame
    episodes: pd.DataFrame
    warnings: tuple[str, ...]
    facts: Mapping[str, Any]
    deviation: DeviationResult

    @classmethod
    def of(
        cls,
        scores: pd.DataFrame,
        subjects: pd.DataFrame,
        episodes: pd.DataFrame,
        deviation: DeviationResult,
        facts: Mapping[str, Any],
    ) -> ScoreTable:
        """Put the tables of a scoring together.

        Parameters
        ----------
        scores : DataFrame
            One row for each frame.
        subjects, episodes : DataFrame
        deviation : DeviationResult
            What the tables were computed from. Its warnings become those of the table.
        facts : mapping of str to object

        Returns
        -------
        ScoreTable
        """
        made = cls(scores)
        made.subjects, made.episodes, made.deviation = subjects, episodes, deviation
        made.facts, made.warnings = facts, deviation.warnings
        return made

    @property
    def table(self) -> pd.DataFrame:
        """The same rows as a plain DataFrame."""
        return pd.DataFrame(self)

    @property
    def scores(self) -> pd.DataFrame:
        """The same as `table`: its name in scripts of earlier versions."""
        return self.table

    @property
    def _constructor(self) -> Callable[..., pd.DataFrame]:
        return pd.DataFrame
