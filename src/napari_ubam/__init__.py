"""Marker-free analysis and magnification of behaviour in videos.

The public names are loaded when they are first used, so that ``import napari_ubam`` is quick and brings in
neither torch nor napari.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0.dev0"

if TYPE_CHECKING:
    from napari_ubam.check import check_study
    from napari_ubam.errors import UbamError
    from napari_ubam.progress import Cancelled, Progress
    from napari_ubam.run import Run, export, train, train_magnifier
    from napari_ubam.sample import write_sample
    from napari_ubam.study import Recording, Roi, Study
    from napari_ubam.video import FrameError, VideoArray, VideoError, open_video

__all__ = [
    "Cancelled",
    "FrameError",
    "Progress",
    "Recording",
    "Roi",
    "Run",
    "Study",
    "UbamError",
    "VideoArray",
    "VideoError",
    "__version__",
    "check_study",
    "export",
    "open_video",
    "train",
    "train_magnifier",
    "write_sample",
]

_MODULES = {
    "Cancelled": "napari_ubam.progress",
    "FrameError": "napari_ubam.video",
    "Progress": "napari_ubam.progress",
    "Recording": "napari_ubam.study",
    "Roi": "napari_ubam.study",
    "Run": "napari_ubam.run",
    "Study": "napari_ubam.study",
    "UbamError": "napari_ubam.errors",
    "VideoArray": "napari_ubam.video",
    "VideoError": "napari_ubam.video",
    "check_study": "napari_ubam.check",
    "export": "napari_ubam.run",
    "open_video": "napari_ubam.video",
    "train": "napari_ubam.run",
    "train_magnifier": "napari_ubam.run",
    "write_sample": "napari_ubam.sample",
}


def __getattr__(name: str) -> object:
    """Load a public name from its module when it is first used."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names, whether loaded or not."""
    return sorted(__all__)
