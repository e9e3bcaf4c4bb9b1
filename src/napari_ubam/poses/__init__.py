"""Key points that other programs found: read into one form, whatever the file.

:func:`read_poses` reads files of DeepLabCut, SLEAP, Lightning Pose, Anipose and movement, and plain tables.
:func:`crop_track_of` and :func:`body_track_of` make crop tracks of them.
"""

from .crop_track import body_track_of, crop_track_of, headings
from .poses import Poses, PosesError
from .reading import read_poses

__all__ = ["Poses", "PosesError", "body_track_of", "crop_track_of", "headings", "read_poses"]
