"""Finding the subject in the picture: regions that show all subjects at the same place and size."""

from .activity import Activity, activity_of
from .in_run import keep_regions, read_regions, regions_for_training, start_regions, with_found_regions
from .placement import Placement, common_box, register
from .regions import FoundRegions, find_regions

__all__ = [
    "Activity",
    "FoundRegions",
    "Placement",
    "activity_of",
    "common_box",
    "find_regions",
    "keep_regions",
    "read_regions",
    "regions_for_training",
    "register",
    "start_regions",
    "with_found_regions",
]
