"""Write the sample study: videos, study table and ground truth."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from napari_ubam.errors import UbamError
from napari_ubam.files import write_atomic
from napari_ubam.progress import Cancel, ProgressCallback, silent
from napari_ubam.study import Study

from .body import JOINTS
from .videos import RenderJob, write_videos
from .walker import Walker

TABLE = ("video", "subject", "group", "session", "x", "y", "width", "height")
TRUTH = ("recording", "frame", "time", "kind", "envelope", "deviation")


class SampleError(UbamError):
    """The sample study cannot be written to this folder."""


def write_sample(
    folder: str | Path,
    *,
    healthy: int = 8,
    impaired: int = 4,
    seconds: float = 15.0,
    fps: float = 30.0,
    seed: int = 0,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> Study:
    """Write a sample study of rendered animals with known posture and deviation.

    Parameters
    ----------
    folder : str or Path
        Folder for ``videos/<name>.mp4``, ``study.csv`` and ``truth.csv``. Existing videos with the same
        parameters are kept.
    healthy, impaired : int
        Number of animals in each group.
    seconds : float
        Duration of each video.
    fps : float
        Frames per second.
    seed : int
        Random seed of the animals.
    progress : callable, optional
        Called with a `Progress` report of the stage ``"sample"``. Its steps are frames.
    cancel : Cancel, optional
        Flag that stops the work.

    Returns
    -------
    Study
        The study.

    Raises
    ------
    Cancelled
        If ``cancel`` is set. Finished videos are kept.
    SampleError
        If the folder contains another study.
    """
    folder = Path(folder)
    _check_folder(folder)
    (folder / "videos").mkdir(parents=True, exist_ok=True)
    count = max(round(seconds * fps), 1)
    job = RenderJob(str(folder / "videos"), healthy, impaired, seed, fps, count)
    animals = job.animals()
    write_videos(job, progress or silent, cancel)
    _write_truth(folder / "truth.csv", animals, count)
    return Study.from_csv(_write_table(folder / "study.csv", animals))


def _check_folder(folder: Path) -> None:
    """Refuse a folder with a study of the user. An existing sample can be overwritten."""
    path = folder / "study.csv"
    if path.exists() and not (folder / "truth.csv").exists():
        raise SampleError(f"{path} already exists and is not a sample study; choose an empty folder.")


def _write_table(path: Path, animals: list[Walker]) -> Path:
    rows = [(f"videos/{walker.name}.mp4", walker.name, walker.group, "0", *walker.roi) for walker in animals]
    return _write_rows(path, TABLE, rows)


def _write_truth(path: Path, animals: list[Walker], count: int) -> Path:
    frames = np.arange(count)
    rows: list[tuple[object, ...]] = []
    for walker in animals:
        envelope, kind = walker.bouts(frames)
        deviation, degrees = walker.deviation(frames), np.degrees(walker.angles(frames))
        for frame in frames:
            rows.append(
                (
                    walker.name,
                    int(frame),
                    f"{frame / walker.fps:.4f}",
                    str(kind[frame]),
                    f"{envelope[frame]:.4f}",
                    f"{deviation[frame]:.3f}",
                    *(f"{angle:.2f}" for angle in degrees[frame]),
                )
            )
    return _write_rows(path, (*TRUTH, *JOINTS), rows)


def _write_rows(path: Path, header: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> Path:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    write_atomic(path, text.getvalue().encode())
    return path
