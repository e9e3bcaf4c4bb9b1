"""Writes the sample study: videos, study table and truth."""

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
from .videos import Order, write_videos
from .walker import Walker

TABLE = ("video", "subject", "group", "session", "x", "y", "width", "height")
TRUTH = ("recording", "frame", "time", "kind", "envelope", "deviation")


class SampleError(UbamError):
    """A sample study cannot be written there, in one sentence."""


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
    """Write a study of rendered animals whose posture and deviation are known.

    Parameters
    ----------
    folder : path
        Takes ``videos/<name>.mp4``, ``study.csv`` and ``truth.csv``. Finished videos of the same parameters
        are kept.
    healthy, impaired : int
        Animals of each group.
    seconds : float
        Length of each video.
    fps : float
        Frames per second.
    seed : int
        Of the herd.
    progress : callable, optional
        Takes a `Progress` of the stage ``"sample"``; its steps are frames.
    cancel : optional
        Stops the work when set.

    Returns
    -------
    Study
        The table that was written.

    Raises
    ------
    Cancelled
        When `cancel` was set; finished videos are kept.
    SampleError
        If the folder holds a study that is no sample.
    """
    folder = Path(folder)
    _refuse_others(folder)
    (folder / "videos").mkdir(parents=True, exist_ok=True)
    count = max(round(seconds * fps), 1)
    order = Order(str(folder / "videos"), healthy, impaired, seed, fps, count)
    herd = order.herd()
    write_videos(order, progress or silent, cancel)
    _write_truth(folder / "truth.csv", herd, count)
    return Study.from_csv(_write_table(folder / "study.csv", herd))


def _refuse_others(folder: Path) -> None:
    """Refuse a folder with a study of somebody's own; an earlier sample may be written over."""
    path = folder / "study.csv"
    if path.exists() and not (folder / "truth.csv").exists():
        raise SampleError(f"{path} is there already and no sample; choose an empty folder for the sample.")


def _write_table(path: Path, herd: list[Walker]) -> Path:
    rows = [(f"videos/{walker.name}.mp4", walker.name, walker.group, "0", *walker.roi) for walker in herd]
    return _write_rows(path, TABLE, rows)


def _write_truth(path: Path, herd: list[Walker], count: int) -> Path:
    frames = np.arange(count)
    rows: list[tuple[object, ...]] = []
    for walker in herd:
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
