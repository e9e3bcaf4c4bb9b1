"""Classification of the subjects of a run, and what else can be read from its codes and scores."""

from __future__ import annotations

from dataclasses import dataclass

from napari_ubam.kinds import Kind
from napari_ubam.progress import Cancel, ProgressCallback
from napari_ubam.runfolder.tables import Result

from .analyses import analyse
from .contents import ReadableRun


@dataclass(frozen=True)
class ClassifyingRun(ReadableRun):
    """A run whose subjects can be classified.

    Parameters
    ----------
    folder : path
        Made by `train`.
    """

    def classify(
        self,
        by: str = "group",
        *,
        where: str = "",
        kind: Kind = "behaviour",
        permutations: int = 1000,
        seed: int = 0,
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
    ) -> Result:
        """Tell the group of each subject from the codes of its windows; the unit is the subject.

        Each subject is left out with all its recordings, so no frame of it is known to the classifier that
        judges it. p is that of a permutation of subjects, in which all steps are repeated.

        Parameters
        ----------
        by : str
            Column of the study whose values are told apart: ``"group"`` or a column of yours.
        where : str
            Filter of the recordings, such as ``"session=3"``. Empty: all.
        kind : str
            Codes that are used: ``"behaviour"`` (windows) or ``"posture"`` (single frames).
        permutations : int
            Number of labelings. All are counted if there are no more than this; else they are drawn.
        seed : int
            Random seed.
        progress, cancel : optional
            Called at each subject; checked at each subject.

        Returns
        -------
        Result
            Tables ``classify_subjects``, ``classify_episodes`` (spans that carried the decision) and
            ``classify_permuted`` (accuracies with permuted labels); see `napari_ubam.analysis.classify`.

        Raises
        ------
        AnalysisError
            If there is no such column, a subject has two values, or a value has fewer than two subjects.
        RunError, EmbeddingError
            If the run has no study, or codes are missing.
        Cancelled
            When ``cancel`` is set.
        """
        values = {"by": by, "where": where, "kind": kind, "permutations": permutations, "seed": seed}
        return analyse(self.folder, "classify", values, progress, cancel)

    def confounds(
        self,
        by: str = "group",
        *,
        where: str = "",
        permutations: int = 1000,
        seed: int = 0,
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
    ) -> Result:
        """Find what else can be read from codes and scores, and which of it goes together with the groups.

        Parameters
        ----------
        by : str
            Column of the study whose values are compared elsewhere.
        where : str
            Filter of the recordings, such as ``"session=3"``. Empty: all.
        permutations : int
            Number of permutations of each test.
        seed : int
            Random seed.
        progress, cancel : optional
            Called at each step; checked at each step.

        Returns
        -------
        Result
            Tables ``confounds`` (a row for each property, such as camera or brightness) and
            ``confounds_recordings`` (its value in each recording); see `napari_ubam.analysis.confounds`.

        Raises
        ------
        AnalysisError
            If there is no such column.
        RunError, EmbeddingError
            If the run has no study, or codes are missing.
        Cancelled
            When ``cancel`` is set.
        """
        values = {"by": by, "where": where, "permutations": permutations, "seed": seed}
        return analyse(self.folder, "confounds", values, progress, cancel)
