"""Small crops of recordings, from the video or from a cache in the run folder."""

from __future__ import annotations

from .cache import CropCache, FillReport
from .cached import CachedCrops
from .cropper import CropSpec, letterbox
from .errors import CropError
from .shape import regions_of, shape_for
from .stream import CropStream, iter_crops

__all__ = [
    "CachedCrops",
    "CropCache",
    "CropError",
    "CropSpec",
    "CropStream",
    "FillReport",
    "iter_crops",
    "letterbox",
    "regions_of",
    "shape_for",
]
