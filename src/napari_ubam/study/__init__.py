"""The study: a table of recordings that is checked before any computation.

:class:`Study` reads and writes the table. A :class:`Recording` is one subject in one video. It can have a
:class:`Roi` or a crop :class:`Track`, which :class:`PlacedRoi` rectangles follow, and condition
:class:`Interval` objects. If a table is not valid, one :class:`StudyError` lists a :class:`Fault` for each
wrong cell.
"""

from .collection import Study
from .faults import Fault, StudyError, UnknownRecordingError
from .following import smooth_track
from .geometry import Roi, Track
from .intervals import Interval
from .placed import PlacedRoi
from .recording import Recording

__all__ = [
    "Fault",
    "Interval",
    "PlacedRoi",
    "Recording",
    "Roi",
    "Study",
    "StudyError",
    "Track",
    "UnknownRecordingError",
    "smooth_track",
]
