"""Groups of a run compared on its map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from napari_ubam.kinds import INDIVIDUAL, MAP_KIND, Individual, Kind
from napari_ubam.progress import Cancel, ProgressCallback
from napari_ubam.runfolder.tables import Result

from .analyses import analyse
from .contents import ReadableRun


@dataclass(frozen=True)
class MapComparingRun(ReadableRun):
    """A run whose groups can be compared on the map.

    Parameters
    ----------
    folder : path
        Made by `train`.
    """

    def map_compare(
        self,
        by: str = "group",
        *,
        paired: bool = False,
        where: str = "",
        baseline: str = "",
        clusters: int = 0,
        shortest: float = 0.2,
        kind: Kind = MAP_KIND,
        individual: Individual = INDIVIDUAL,
        method: Literal["umap", "pca"] = "umap",
        adjust: Literal["holm", "bh"] = "holm",
        permutations: int = 2000,
        seed: int = 0,
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
    ) -> Result:
        """Compare groups on the map: density, share of time in clusters, transitions. The unit: the subject.

        Parameters
        ----------
        by : str
            Column of the study whose values are compared.
        paired : bool
            Whether the values are conditions of the same subjects.
        where : str
            Filter of the recordings, such as ``"session=3"``. Empty: all.
        baseline : str
            Value that the others are compared with. Empty: the one with the reference recordings.
        clusters : int
            Number of clusters. 0 chooses it by stability over halves of the subjects.
        shortest : float
            Shortest bout in seconds. Shorter ones are joined to the one before.
        kind : str
            ``"behaviour"`` or ``"posture"``.
        individual : str
            ``"remove"``: without what each subject always has. ``"keep"``: codes as stored.
        method : str
            ``"umap"`` or ``"pca"``.
        adjust : str
            ``"holm"`` or ``"bh"``.
        permutations : int
            Number of arrangements of subjects. All are counted if there are no more.
        seed : int
            Random seed.
        progress, cancel : optional

        Returns
        -------
        Result
            Tables ``map_compare`` (shares of time), ``map_compare_clusters`` (medoids),
            ``map_compare_subjects``, ``map_compare_areas``, ``map_compare_cells``, and, if there are common
            transitions, ``map_compare_transitions`` and ``map_compare_transition_subjects``.

        Raises
        ------
        AnalysisError
            If there is no such column, or subjects are not independent.
        EmbeddingError
            If codes are missing.
        Cancelled
            When ``cancel`` is set.
        """
        values = {
            "by": by,
            "paired": paired,
            "where": where,
            "baseline": baseline,
            "clusters": clusters,
            "shortest": shortest,
            "kind": kind,
            "individual": individual,
            "method": method,
            "adjust": adjust,
            "permutations": permutations,
            "seed": seed,
        }
        return analyse(self.folder, "map_compare", values, progress, cancel)
