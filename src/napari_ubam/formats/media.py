"""Times of frames as a player of the video file shows them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_ubam.video import VideoError, open_video

from .data import ScoredFrames
from .output import Work


@dataclass(frozen=True)
class Playback:
    """Times of a video file as it is played.

    Parameters
    ----------
    times : ndarray of float64, shape (t,)
        Time of every frame of the file in seconds.
    fps : float
        Frames per second.
    """

    times: NDArray[np.float64]
    fps: float

    @property
    def length(self) -> float:
        """Duration in seconds."""
        return float(self.times[-1]) + 1 / self.fps

    def at(self, frame: int) -> float:
        """Give the time at which a frame appears.

        Parameters
        ----------
        frame : int
            Frame number. The end of the video for the frame after the last.

        Returns
        -------
        float
            Seconds.
        """
        return float(self.times[frame]) if frame < len(self.times) else self.length


def playback(scored: ScoredFrames, work: Work) -> Playback:
    """Find when a player of the video file shows each frame.

    The study can state another frame rate than the file, for example that of a high-speed camera. Programs
    that play the file do not know it.

    Parameters
    ----------
    scored : ScoredFrames
    work : Work
        Is told if the video cannot be read. The times of the scores are then used.

    Returns
    -------
    Playback
    """
    try:
        with open_video(scored.recording.video, warn=False) as video:
            return Playback(np.array(video.times), float(video.fps))
    except (VideoError, OSError):
        pass
    work.warn(
        f"{scored.name}: its video cannot be played from {scored.recording.video}, so the times are those of "
        "the scores."
    )
    last, fps = int(scored.frames[-1]), scored.fps
    times = np.interp(np.arange(last + 1), scored.frames, scored.times)
    before = np.arange(int(scored.frames[0]))
    times[before] = scored.times[0] - (scored.frames[0] - before) / fps
    return Playback(times, fps)
