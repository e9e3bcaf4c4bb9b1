"""Frame rate that a TIFF file states: the time between frames of ImageJ, with its unit, or of OME."""

from __future__ import annotations

import math
import re

import tifffile

_SECONDS = {
    "ns": 1e-9, "nsec": 1e-9, "nanosecond": 1e-9,
    "us": 1e-6, "usec": 1e-6, "microsecond": 1e-6,
    "ms": 1e-3, "msec": 1e-3, "millisecond": 1e-3,
    "": 1.0, "s": 1.0, "sec": 1.0, "second": 1.0,
    "m": 60.0, "min": 60.0, "minute": 60.0,
    "h": 3600.0, "hr": 3600.0, "hour": 3600.0,
    "d": 86400.0, "day": 86400.0,
}  # fmt: skip


def stated_rate(file: tifffile.TiffFile) -> tuple[float | None, tuple[str, ...]]:
    """Read the frame rate of a stack.

    Parameters
    ----------
    file : TiffFile
        Open file.

    Returns
    -------
    fps : float or None
        Frames per second, None if the file does not state them.
    notes : tuple of str
        Why a number of the file is not taken.
    """
    if file.is_imagej:
        return _of_imagej(file.imagej_metadata or {})
    found = re.search(r"<Pixels\b[^>]*>", file.ome_metadata or "")
    attributes = dict(re.findall(r'(\w+)="([^"]*)"', found[0])) if found else {}
    interval = _number(attributes.get("TimeIncrement"))
    return (_rate(interval, attributes.get("TimeIncrementUnit", "s")) if interval else None), ()


def _of_imagej(metadata: dict[str, object]) -> tuple[float | None, tuple[str, ...]]:
    interval, unit = _number(metadata.get("finterval")), str(metadata.get("tunit") or "")
    if interval:
        fps = _rate(interval, unit)
        if fps is not None:
            return fps, ()
        return None, (
            f"The time between frames is {interval:g} {unit!r}, but this unit is unknown; set fps.",
        )
    playing = _number(metadata.get("fps"))
    if not playing:
        return None, ()
    return None, (
        f"ImageJ plays the stack at {playing:g} frames per second; the camera can have another rate.",
    )


def _rate(interval: float, unit: str) -> float | None:
    name = (
        unit.strip().strip('"').lower().replace("\\u00b5", "u").replace("\u00b5", "u").replace("\u03bc", "u")
    )
    seconds = _SECONDS.get(name, _SECONDS.get(name.removesuffix("s").removesuffix(".")))
    rate = 1 / (interval * seconds) if seconds else math.inf
    return rate if 0 < rate < 1e9 else None


def _number(value: object) -> float | None:
    """Convert to a positive number, None if it is none."""
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if 0 < number < math.inf else None
