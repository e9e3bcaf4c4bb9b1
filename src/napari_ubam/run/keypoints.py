"""Key points that the user brings, read from the codes of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from napari_ubam.progress import Cancel, ProgressCallback
from napari_ubam.runfolder.tables import Result

from .analyses import analyse
from .contents import ReadableRun

KEYPOINTS = "keypoints"


@dataclass(frozen=True)
class KeypointRun(ReadableRun):
    """A run whose codes can be compared with key points.

    Parameters
    ----------
    folder : path
        Made by `train`.
    """

    def keypoints(
        self,
        files: Mapping[str, str | Path] | None = None,
        *,
        folder: str | Path = "",
        individual: str = "",
        kind: Literal["posture", "behaviour"] = "posture",
        likelihood: float = 0.6,
        frames: int = 1000,
        gap: float = 0.5,
        pixels: int = 64,
        components: int = 64,
        seed: int = 0,
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
    ) -> Result:
        """Measure how much of key points the codes hold, against pixel PCA and HOG.

        Ridge regression reads the points from the codes, in subjects that are left out, or in blocks of time
        if fewer than three subjects have key points.

        Parameters
        ----------
        files : mapping of str to path, optional
            File with key points of each recording. Default: those of ``folder`` and of the study.
        folder : path
            Folder with files that are named like the recordings or their videos.
        individual : str
            Individual in files with several. Default: the one with the name of the subject.
        kind : str
            ``"posture"`` or ``"behaviour"``.
        likelihood : float
            Points with a smaller likelihood count as not seen.
        frames : int
            Number of frames at most, spread evenly.
        gap : float
            Seconds around a block of time that are not learnt from; for behaviour codes at least their
            window.
        pixels : int
            Side of the crops that pixel PCA and HOG see.
        components : int
            Number of components of the pixels.
        seed : int
            Random seed.
        progress, cancel : optional
            Called with the progress; checked at each part.

        Returns
        -------
        Result
            Tables ``keypoints`` (R² and error by body part), ``keypoints_methods``,
            ``keypoints_subjects`` and ``keypoints_predicted``.

        Raises
        ------
        AnalysisError, PosesError
            If there are no key points, or they do not fit the recordings.
        Cancelled
            When ``cancel`` is set.
        """
        values = {
            "files": tuple(f"{name}={path}" for name, path in (files or {}).items()),
            "folder": str(folder),
            "individual": individual,
            "kind": kind,
            "likelihood": likelihood,
            "frames": frames,
            "gap": gap,
            "pixels": pixels,
            "components": components,
            "seed": seed,
        }
        return analyse(self.folder, KEYPOINTS, values, progress, cancel)
