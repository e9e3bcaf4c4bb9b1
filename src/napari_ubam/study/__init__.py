"""The study: a table of recordings, checked before anything is computed.

:class:`Study` reads and writes the table, :class:`Recording` is one subject in one video, with its
:class:`Roi` or crop :class:`Track` and its condition :class:`Interval`. What is wrong with a table
comes as one :class:`StudyError` with a :class:`Fault` for each cell.
"""

from .collection import Study
from .faults import Fault, StudyError, UnknownRecordingError
from .geometry import Roi, Track
from .intervals import Interval
from .recording import Recording

__all__ = ["Fault", "Interval", "Recording", "Roi", "Study", "StudyError", "Track", "UnknownRecordingError"]
