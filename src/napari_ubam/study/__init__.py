"""The study: a table of recordings that is checked before any computation.

:class:`Study` reads and writes the table. A :class:`Recording` is one subject in one video. It can have a
:class:`Roi` or a crop :class:`Track`, and condition :class:`Interval` objects. If a table is not valid,
one :class:`StudyError` lists a :class:`Fault` for each wrong cell.
"""

from .collection import Study
from .faults import Fault, StudyError, UnknownRecordingError
from .geometry import Roi, Track
from .intervals import Interval
from .recording import Recording

__all__ = ["Fault", "Interval", "Recording", "Roi", "Study", "StudyError", "Track", "UnknownRecordingError"]
