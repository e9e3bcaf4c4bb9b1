"""Stimuli inside recordings, such as light pulses: deviation around their onset, and what codes tell.

:func:`stimulus_response` works with plain arrays, one :class:`Stimulated` for each recording.
:data:`STIMULUS` is the analysis of a run.
"""

from .analysis import STIMULUS, StimulusParameters
from .response import Response, Settings, stimulus_response
from .trials import Stimulated
from .words import conclusions, methods_text

__all__ = [
    "STIMULUS",
    "Response",
    "Settings",
    "Stimulated",
    "StimulusParameters",
    "conclusions",
    "methods_text",
    "stimulus_response",
]
