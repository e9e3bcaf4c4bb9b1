"""Recovery of a run's subjects over sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from napari_ubam.kinds import Kind
from napari_ubam.progress import Cancel, ProgressCallback
from napari_ubam.runfolder.tables import Result

from .analyses import analyse
from .contents import ReadableRun


@dataclass(frozen=True)
class RecoveryRun(ReadableRun):
    """A run whose subjects were recorded in several sessions.

    Parameters
    ----------
    folder : path
        Made by `train`.
    """

    def recovery(
        self,
        by: str = "session",
        *,
        baseline: Sequence[str] = (),
        order: Sequence[str] = (),
        margin: float = 0.0,
        reference: str = "",
        where: str = "",
        kind: Kind = "behaviour",
        resamples: int = 5000,
        seed: int = 0,
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
    ) -> Result:
        """Follow the similarity of each subject to its own baseline; the unit of the test is the subject.

        The baseline is compared with itself without what is compared: session by session or, if it is one
        session, in ten stretches of time. Groups are tested for equivalence to the baseline by two one-sided
        tests. Scores are not needed.

        Parameters
        ----------
        by : str
            Column of the study that holds the sessions.
        baseline : sequence of str
            Sessions before the lesion, such as ``("0",)``. Empty: the first session.
        order : sequence of str
            Order of the sessions. Empty: by size if all are numbers, else that of the study table.
        margin : float
            Largest change of cosine similarity that counts as none. 0: 1.5 standard deviations of the
            baseline within subjects.
        reference : str
            Filter of the reference recordings. Empty: the baselines of the other subjects.
        where : str
            Filter of the recordings, such as ``"group=stroke"``. Empty: all.
        kind : str
            ``"behaviour"`` for windows, ``"posture"`` for single frames.
        resamples : int
            Number of samples of the bootstrap over subjects.
        seed : int
            Random seed.
        progress, cancel : optional
            Called with the progress of the searches; checked at each subject.

        Returns
        -------
        Result
            Tables ``recovery`` (tests of groups), ``recovery_subjects`` (every subject in every session),
            ``recovery_curves`` (means with bands) and ``recovery_stretches``; see
            `napari_ubam.analysis.recovery`.

        Raises
        ------
        AnalysisError
            If there is no such column or session, no session follows the baseline, or no subject has both.
        EmbeddingError
            If codes are missing.
        Cancelled
            When ``cancel`` is set.
        """
        values = {
            "by": by,
            "baseline": tuple(map(str, baseline)),
            "order": tuple(map(str, order)),
            "margin": margin,
            "reference": reference,
            "where": where,
            "kind": kind,
            "resamples": resamples,
            "seed": seed,
        }
        return analyse(self.folder, "recovery", values, progress, cancel)
