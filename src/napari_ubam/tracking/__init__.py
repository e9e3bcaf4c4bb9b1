"""Finding the subject in the picture: regions that show all subjects at the same place and size."""

from .activity import Activity, activity_of
from .in_run import keep_regions, read_regions, regions_for_training, start_regions, with_found_regions
from .of_study import TrackedStudy, movement_of, track_study
from .placement import Placement, common_box, register
from .regions import FoundRegions, find_regions
from .subject import FoundSubject, TrackingError, find_subject

__all__ = [
    "Activity",
    "FoundRegions",
    "FoundSubject",
    "Placement",
    "TrackedStudy",
    "TrackingError",
    "activity_of",
    "common_box",
    "find_regions",
    "find_subject",
    "keep_regions",
    "movement_of",
    "read_regions",
    "regions_for_training",
    "register",
    "start_regions",
    "track_study",
    "with_found_regions",
]
