"""Short clips around the most typical frame of each cluster, as animated WebP files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Images

from napari_ubam.analysis import AnalysisError
from napari_ubam.files import write_atomic
from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled, silent
from napari_ubam.report.clips import animation
from napari_ubam.report.medoids import small_picture
from napari_ubam.report.pictures import cropped_frames
from napari_ubam.report.style import Image
from napari_ubam.runfolder.recordings import read_recordings
from napari_ubam.runfolder.tables import read_result
from napari_ubam.study import Recording
from napari_ubam.video import open_video

from .contents import ReadableRun

NAME = "cluster-{}.webp"
SIDE = 240  # pixels
SECONDS = 2.0


@dataclass(frozen=True)
class ClusterClipsRun(ReadableRun):
    """A run whose clusters on the map can be looked at.

    Parameters
    ----------
    folder : path
        Made by `train`.
    """

    def cluster_clips(
        self,
        path: str | Path,
        *,
        seconds: float = SECONDS,
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
    ) -> list[Path]:
        """Write a clip around the most typical frame of each cluster of `map_compare`.

        Parameters
        ----------
        path : path
            Folder for the clips. It is created if it does not exist, and must hold no other such clips.
        seconds : float
            Length of each clip.
        progress, cancel : optional
            Called with the progress in clips; checked before each.

        Returns
        -------
        list of Path
            ``cluster-1.webp`` and so on. Each repeats itself at the speed of its video, cropped to the
            region of its recording.

        Raises
        ------
        AnalysisError
            If groups were not compared on the map, or the folder holds clips already.
        VideoError
            If a video cannot be read.
        Cancelled
            When ``cancel`` is set. Clips that are complete stay.
        """
        folder = refuse_old_clips(Path(path))
        if "map_compare" not in self.results:
            raise AnalysisError(f"{self.folder} has no clusters yet; run map-compare first.")
        table = read_result(self.folder, "map_compare").tables["map_compare_clusters"]
        study = {one.name: one for one in read_recordings(self.folder)}
        tell, written = progress or silent, []
        folder.mkdir(parents=True, exist_ok=True)
        for number, row in enumerate(table.to_dict("records")):
            check_cancelled(cancel)
            cluster, name = int(row["cluster"]), str(row["recording"])
            tell(Progress("clips", number, len(table), detail=name))
            if name not in study:
                raise AnalysisError(
                    f"{name} is no longer in the study of {self.folder}; run map-compare again."
                )
            frames, fps = _frames_around(study[name], int(row["frame"]), seconds)
            made = animation([(f"{cluster}: {name}", frames)], fps)
            target = folder / NAME.format(cluster)
            write_atomic(target, made.content)
            written.append(target)
        tell(Progress("clips", len(table), len(table)))
        return written


def refuse_old_clips(folder: Path) -> Path:
    """Refuse a folder with clips of clusters: those of another comparison would stay among the new ones.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    AnalysisError
        If it is a file, or holds such clips.
    """
    if folder.exists() and not folder.is_dir():
        raise AnalysisError(f"{folder} is a file; choose a folder for the clips.")
    there = sorted(folder.glob(NAME.format("*")))
    if there:
        raise AnalysisError(
            f"{there[0]} exists already; choose another folder for the clips, or remove them."
        )
    return folder


def _frames_around(one: Recording, frame: int, seconds: float) -> tuple[list[Image], float]:
    """Read the frames around one, all in the size of the first, and their rate."""
    with one.open_with(open_video, warn=False) as video:
        times = np.asarray(video.times, np.float64)
        there = one.frames(len(video))
    step = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    half = max(round(seconds / step / 2), 1)
    numbers = list(range(max(frame - half, there.start), min(frame + half, there.stop)))
    found: list[Any] | None = cropped_frames(one, numbers)
    if not found:
        raise AnalysisError(f"{one.video} cannot be read; check the path in the study.")
    pictures = [small_picture(picture, SIDE) for picture in found]
    height, width = pictures[0].shape[:2]
    same = [
        one if one.shape[:2] == (height, width) else np.asarray(Images.fromarray(one).resize((width, height)))
        for one in pictures
    ]
    return same, 1 / step
