"""Comparison of groups, conditions and sessions of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from napari_ubam.analysis.groups import DEFAULT
from napari_ubam.analysis.groups.comparison import Adjust
from napari_ubam.progress import Cancel, ProgressCallback
from napari_ubam.runfolder.tables import Result

from .analyses import analyse
from .contents import ReadableRun

COMPARE = "compare"


@dataclass(frozen=True)
class ComparingRun(ReadableRun):
    """A run whose groups can be compared.

    Parameters
    ----------
    folder : path
        Made by `train`.
    """

    def compare(
        self,
        by: str = "group",
        *,
        paired: bool = False,
        by_interval: Sequence[str] = (),
        measures: Sequence[str] = DEFAULT,
        where: str = "",
        baseline: str = "",
        adjust: Adjust = "holm",
        mixed_model: bool = False,
        covariates: Sequence[str] = (),
        permutations: int = 20_000,
        resamples: int = 5000,
        seed: int = 0,
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
    ) -> Result:
        """Compare groups, conditions or sessions of the scored study; the unit is the subject.

        Recordings of a subject are averaged, so that it counts once. Different subjects are compared by
        permutation of subjects, conditions of the same subjects by sign flips within them.

        Parameters
        ----------
        by : str
            Column of the study whose values are compared: ``"group"``, ``"session"`` or a column of yours.
        paired : bool
            Whether the values are conditions of the same subjects, such as drug on and off.
        by_interval : sequence of str
            Labels of intervals inside recordings that are compared within subjects, such as ``("punished",
            "rewarded")``. A single one is compared with all other times. Then ``by`` and ``paired`` are not
            used.
        measures : sequence of str
            ``episodic``, ``constant``, ``time_in_episodes``, ``episodes_per_minute``, ``episode_seconds``; or
            ``("all",)``. p is adjusted for their number, so ask for few.
        where : str
            Filter of the recordings, such as ``"session=3"``. Empty: all.
        baseline : str
            Value that the others are compared with. Empty: the one with the reference recordings.
        adjust : str
            ``"holm"``, or ``"bh"`` for the false discovery rate of Benjamini and Hochberg.
        mixed_model : bool
            Also fit a mixed model, with sessions as repeated measurements of a subject.
        covariates : sequence of str
            Columns of the study that the model accounts for. With them, a model is always fitted.
        permutations : int
            Number of arrangements. All are counted if there are no more than this; else they are drawn.
        resamples : int
            Number of samples of the bootstrap over subjects, for the interval of each median.
        seed : int
            Random seed.
        progress, cancel : optional
            Called at each test; checked at each test.

        Returns
        -------
        Result
            Tables ``compare`` (pairs), ``compare_levels``, ``compare_subjects``, with three or more values
            ``compare_overall``, and with a model ``compare_model``; see `napari_ubam.analysis.groups`.

        Raises
        ------
        AnalysisError
            If the run has no scores, there is no such column, or subjects are not independent.
        Cancelled
            When ``cancel`` is set.
        """
        values = {
            "by": by,
            "paired": paired,
            "by_interval": tuple(by_interval),
            "measures": tuple(measures),
            "where": where,
            "baseline": baseline,
            "adjust": adjust,
            "mixed_model": mixed_model,
            "covariates": tuple(covariates),
            "permutations": permutations,
            "resamples": resamples,
            "seed": seed,
        }
        return analyse(self.folder, COMPARE, values, progress, cancel)
