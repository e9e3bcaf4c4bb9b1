"""How much of the key points that the user brings the codes hold.

:func:`predict_left_out` reads positions out of codes by ridge regression, in subjects or blocks of time that
are left out. :data:`KEYPOINTS` is the analysis of a run, against components of the pixels and histograms of
oriented gradients.
"""

from .analysis import KEYPOINTS, KeypointParameters
from .folds import Folds, blocks_left_out, subjects_left_out
from .pictures import histograms
from .regression import Predicted, explained, predict_left_out
from .words import conclusions, methods_text

__all__ = [
    "KEYPOINTS",
    "Folds",
    "KeypointParameters",
    "Predicted",
    "blocks_left_out",
    "conclusions",
    "explained",
    "histograms",
    "methods_text",
    "predict_left_out",
    "subjects_left_out",
]
