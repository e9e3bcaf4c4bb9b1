"""Results in the formats of other programs: tables, NWB, netCDF, BORIS, ELAN, videos and figures.

:func:`export_data` writes an :class:`ExportData` in one of :data:`FORMATS`. Libraries that only one format
needs are imported when it is written.
"""

from .data import MEASURES, ExportData, ScoredFrames
from .errors import ExportError
from .output import Format
from .registry import FORMATS, find_format
from .writing import Exported, export_data

__all__ = [
    "FORMATS",
    "MEASURES",
    "ExportData",
    "ExportError",
    "Exported",
    "Format",
    "ScoredFrames",
    "export_data",
    "find_format",
]
