"""Scoring of a run, as scripts and commands use it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

from napari_ubam.progress import Cancel, ProgressCallback, silent
from napari_ubam.study import Study

from .contents import ReadableRun
from .score_table import ScoreTable, Scoring
from .scoring import ScoringOptions, score_study


@dataclass(frozen=True)
class ScoringRun(ReadableRun):
    """A run whose recordings can be scored.

    Parameters
    ----------
    folder : path
        Made by `train`.
    """

    def score(
        self,
        study: Study,
        reference: str,
        *,
        k: int = ScoringOptions.k,
        per_subject: int = ScoringOptions.per_subject,
        figures: bool = True,
        within: str = "",
        scheduler: str | None = None,
        reference_frames: int = ScoringOptions.reference_frames,
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
    ) -> ScoreTable:
        """Score how much each frame deviates from the reference.

        The scores are written to the folder of the run: ``scores.csv``, ``subjects.csv``, ``episodes.csv``,
        figures, and in ``scores.json`` what they were computed from. The study becomes the study of the run.

        Parameters
        ----------
        study : Study
            Embedded recordings.
        reference : str
            Filter of the recordings that define normal, such as ``"group=healthy"``.
        k, per_subject : int
            Number of nearest reference frames, and of those of one subject at most.
        figures : bool
            Whether to draw the subjects and a timeline of each recording.
        within : str
            ``"subject"`` to compare each subject with its own reference recordings, such as those before a
            lesion; by default it is compared with other subjects.
        scheduler : str, optional
            Address of a dask.distributed scheduler, or ``"local:4"`` for four processes. Each task scores a
            recording.
        reference_frames : int
            Number of reference frames of all subjects together at most, and of reference windows. Each
            subject keeps the same number; fewer are faster.
        progress : callable, optional
            Called with the progress of the stages ``"videos"``, ``"score"`` and ``"figures"``.
        cancel : object with ``is_set()``, optional
            Stops the work when set.

        Returns
        -------
        ScoreTable
            A pandas table with the columns ``recording, frame, time, posture_deviation, behaviour_deviation,
            posture_percentile, behaviour_percentile, constant, episodic, constant_percentile,
            episodic_percentile``, one row for each frame. Its attributes ``subjects``, ``episodes``,
            ``warnings``, ``facts`` and ``deviation`` are the rest of the result.

        Raises
        ------
        DeviationError
            If the reference is empty or cannot be used.
        EmbeddingError
            If codes are missing, or belong to another model or another video.
        Cancelled
            When ``cancel`` is set.
        """
        return self.score_to_files(
            study,
            reference,
            k=k,
            per_subject=per_subject,
            figures=figures,
            within=within,
            scheduler=scheduler,
            reference_frames=reference_frames,
            progress=progress,
            cancel=cancel,
        ).table()

    def score_to_files(
        self,
        study: Study,
        reference: str,
        *,
        k: int = ScoringOptions.k,
        per_subject: int = ScoringOptions.per_subject,
        figures: bool = True,
        within: str = "",
        scheduler: str | None = None,
        reference_frames: int = ScoringOptions.reference_frames,
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
    ) -> Scoring:
        """Score as `score` does, without the table of all frames in memory: for long studies.

        Parameters
        ----------
        study, reference, k, per_subject, figures, within, scheduler, reference_frames, progress, cancel
            As `score` takes them.

        Returns
        -------
        Scoring
            ``subjects``, ``episodes``, ``facts``, ``warnings`` and ``deviation``. The scores of all frames
            are in ``scores.csv``.

        Raises
        ------
        DeviationError, EmbeddingError, Cancelled
            As `score`.
        """
        options = ScoringOptions(
            k,
            per_subject,
            figures,
            within,
            scheduler or "",
            reference_frames,
            progress or silent,
            cancel,
        )
        return score_study(self.folder, study, reference, options)

    def scoring(self, study: Study, reference: str, **options: Any) -> ScoreTable:
        """Use `score` instead: its result has all that this returns.

        .. deprecated:: 0.1
            ``run.scoring(...)`` is ``run.score(...)``.

        Parameters
        ----------
        study, reference
            As `score` takes them.
        **options
            Other parameters of `score`.

        Returns
        -------
        ScoreTable
        """
        warnings.warn(
            "Run.scoring is deprecated; use Run.score, whose result has subjects and episodes, too.",
            DeprecationWarning,
            stacklevel=2,
        )
        return self.score(study, reference, **options)
