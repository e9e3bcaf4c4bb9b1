"""All formats by name."""

from __future__ import annotations

from collections.abc import Mapping

from .annotated_video import video_outputs
from .boris import boris_outputs
from .elan import elan_outputs
from .errors import ExportError
from .figures import figure_outputs
from .netcdf import netcdf_outputs
from .nwb import nwb_outputs
from .output import Format
from .tables import csv_outputs, parquet_outputs

XARRAY = ("xarray", "h5netcdf", "h5py")
_FORMATS = (
    Format("csv", "tidy tables of frames, episodes and subjects", csv_outputs),
    Format("parquet", "the same tables, small and with types", parquet_outputs, ("pyarrow",), "parquet"),
    Format("nwb", "a file of Neurodata Without Borders for each recording", nwb_outputs, ("pynwb",), "nwb"),
    Format("netcdf", "an xarray dataset for each recording", netcdf_outputs, XARRAY, "xarray"),
    Format("boris", "a project of BORIS, and its aggregated events", boris_outputs),
    Format("elan", "annotations of ELAN for each recording", elan_outputs),
    Format("mp4", "a video of each recording with score and episodes", video_outputs),
    Format("figures", "SVG and PNG in the widths of a journal", figure_outputs),
)
FORMATS: Mapping[str, Format] = {one.name: one for one in _FORMATS}
"""Formats by the name that `find_format` takes."""


def find_format(name: str) -> Format:
    """Find a format.

    Parameters
    ----------
    name : str

    Returns
    -------
    Format

    Raises
    ------
    ExportError
        If there is none of this name.
    """
    if name not in FORMATS:
        raise ExportError(f"There is no format {name!r}; choose one of {', '.join(FORMATS)}.")
    return FORMATS[name]
