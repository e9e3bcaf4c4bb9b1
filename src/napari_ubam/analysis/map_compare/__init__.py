"""The map, compared: density by group, clusters of behaviour with their share of time, and transitions.

The unit of every test is the subject. :data:`MAP_COMPARE` is the analysis of a run.
"""

from .analysis import MAP_COMPARE, MapCompareParameters
from .clusters import Clusters, bouts, find_clusters
from .density import Areas, compare_densities, subject_densities
from .words import conclusions, methods_text

__all__ = [
    "MAP_COMPARE",
    "Areas",
    "Clusters",
    "MapCompareParameters",
    "bouts",
    "compare_densities",
    "conclusions",
    "find_clusters",
    "methods_text",
    "subject_densities",
]
