"""What else differs between groups, and what else can be read from codes and scores.

:func:`threats` tells which properties, such as camera, light or time of day, go together with what is
compared. :data:`CONFOUNDS` is the analysis of a run: it tells which can be read from codes and scores.
"""

from .analysis import CONFOUNDS, ConfoundsParameters, known_brightness
from .brightness import measure_brightness
from .design import threats, threats_to_reference
from .properties import Property, properties_of
from .words import conclusions, methods_text

__all__ = [
    "CONFOUNDS",
    "ConfoundsParameters",
    "Property",
    "conclusions",
    "known_brightness",
    "measure_brightness",
    "methods_text",
    "properties_of",
    "threats",
    "threats_to_reference",
]
