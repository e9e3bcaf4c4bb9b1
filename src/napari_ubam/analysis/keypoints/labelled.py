"""Frames of a study that have both a code and key points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from napari_ubam.analysis.analysis import AnalysisError
from napari_ubam.analysis.codes import Codes
from napari_ubam.poses import Poses, read_poses
from napari_ubam.poses.reading import SUFFIXES
from napari_ubam.study import PlacedRoi, Recording
from napari_ubam.video.image_names import frame_files

Floats = npt.NDArray[np.float64]

LEAST = 20  # frames in which a key point is known, below which nothing can be said of it


@dataclass(frozen=True)
class Labelled:
    """Frames of one recording that have a code and at least one key point.

    Parameters
    ----------
    recording : Recording
    frames : ndarray of int, shape (n,)
        Ascending.
    rows : ndarray of int, shape (n,)
        Their places in the codes of the recording.
    positions : ndarray of float, shape (n, k, s)
        In pixels of the full frame, or in the unit of a file with three axes. NaN where a point is not seen.
    origin : ndarray of float, shape (n, 1, s)
        Centre of the region or crop box; 0 without one. What lies outside of a crop has no place in its code.
    keypoints : tuple of str
    timed : bool
        Whether the times of the frames are known, and these are not single images.
    """

    recording: Recording
    frames: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    positions: Floats
    origin: Floats
    keypoints: tuple[str, ...]
    timed: bool


def find_files(recordings: Sequence[Recording], given: Sequence[str], folder: str) -> dict[str, Path]:
    """Find the file with key points of each recording.

    Parameters
    ----------
    recordings : sequence of Recording
    given : sequence of str
        ``RECORDING=FILE``, or a file if there is one recording.
    folder : str
        Folder with files whose names begin with that of a recording or of its video. Empty: none.

    Returns
    -------
    dict of str to Path
        By the name of the recording. What is given comes before the folder, and this before the study.

    Raises
    ------
    AnalysisError
        If a recording is not known, several files fit, or there are none.
    """
    names = [one.name for one in recordings]
    found = {one.name: one.keypoints for one in recordings if one.keypoints is not None}
    if folder:
        found |= {one.name: path for one in recordings if (path := _in_folder(one, Path(folder)))}
    for text in given:
        name, equals, file = text.partition("=")
        if not equals and len(names) == 1:
            name, file = names[0], text
        elif name not in names:
            raise AnalysisError(
                f"{text!r} names no recording of the run; write RECORDING=FILE, such as {names[0]}=poses.csv."
            )
        found[name] = Path(file)
    if not found:
        raise AnalysisError(
            "No recording has key points; give a file or a folder, or fill in the column keypoints of the "
            "study."
        )
    return found


def _in_folder(recording: Recording, folder: Path) -> Path | None:
    if not folder.is_dir():
        raise AnalysisError(f"There is no folder {folder}; check the path of the key points.")
    files = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES]
    for name in (recording.name, recording.video.stem):
        exact = [path for path in files if path.name.split(".")[0] == name]
        begun = [path for path in files if path.name.startswith((f"{name}DLC", f"{name}.", f"{name}_"))]
        fits = exact or begun
        if len(fits) > 1:
            raise AnalysisError(
                f"{recording.name}: {fits[0].name} and {fits[1].name} could be its key points; move one "
                f"away, or name one by {recording.name}=FILE."
            )
        if fits:
            return fits[0]
    return None


def labelled_frames(
    recording: Recording, path: Path, codes: Codes, least: float, individual: str
) -> Labelled:
    """Bring the key points of a recording together with its codes.

    Parameters
    ----------
    recording : Recording
    path : Path
        File with its key points.
    codes : Codes
        Of this recording.
    least : float
        Smallest likelihood of a point.
    individual : str
        Name of the individual; if empty, the only one, or the one with the name of the subject.

    Returns
    -------
    Labelled

    Raises
    ------
    AnalysisError
        If no frame has a code and a point.
    PosesError
        If the file cannot be read, or has several individuals and none is named.
    """
    poses = read_poses(path, least=least)
    known = recording.subject if recording.subject in poses.individuals else ""
    poses = _placed(poses.of(individual or known), recording)
    points = poses.at(codes.frames)[:, 0]
    rows = np.flatnonzero(codes.has_posture & np.isfinite(points).all(axis=-1).any(axis=-1))
    if not len(rows):
        raise AnalysisError(
            f"{recording.name}: no frame has both a code and a key point of {path.name}; check that the file "
            "belongs to this video, and lower the likelihood."
        )
    frames = codes.frames[rows].astype(np.int64)
    origin = np.zeros((len(rows), 1, points.shape[-1]))
    boxes = recording.crops(frames.tolist()) if poses.is_flat else None
    for row, box in enumerate(boxes or ()):
        if isinstance(box, PlacedRoi):  # a code cannot know how its crop was turned
            points[rows[row]] = box.to_box(points[rows[row]]) + (
                box.x + box.width / 2,
                box.y + box.height / 2,
            )
    if boxes is not None:
        origin[:, 0] = [
            (box.x + box.width / 2, box.y + box.height / 2) if box is not None else (np.nan, np.nan)
            for box in boxes
        ]
    return Labelled(recording, frames, rows, points[rows], origin, poses.keypoints, not poses.images)


def _placed(poses: Poses, recording: Recording) -> Poses:
    """Give labels of single images their frames: by name in a folder of images, else by their number."""
    poses = poses.of_video(recording.video)
    if poses.images and recording.video.is_dir():
        files, _ = frame_files(recording.video)
        return poses.in_images([file.name for file in files])
    return poses.in_video()


def thinned(found: Sequence[Labelled], most: int) -> list[Labelled]:
    """Keep at most so many frames, spread evenly, as many of each recording.

    Parameters
    ----------
    found : sequence of Labelled
    most : int

    Returns
    -------
    list of Labelled
    """
    each = max(most // len(found), 1)
    kept = []
    for one in found:
        at = np.unique(np.linspace(0, len(one.frames) - 1, min(each, len(one.frames))).round().astype(int))
        kept.append(
            Labelled(
                one.recording,
                one.frames[at],
                one.rows[at],
                one.positions[at],
                one.origin[at],
                one.keypoints,
                one.timed,
            )
        )
    return kept


def joined(found: Sequence[Labelled]) -> tuple[tuple[str, ...], Floats, Floats]:
    """Join the positions of recordings by the names of the key points.

    Parameters
    ----------
    found : sequence of Labelled

    Returns
    -------
    names : tuple of str
        Key points that are known in enough frames.
    positions, origins : ndarray of float, shape (n, k, s)

    Raises
    ------
    AnalysisError
        If files have two and three axes, or no key point is known in enough frames.
    """
    if len({one.positions.shape[-1] for one in found}) > 1:
        raise AnalysisError("Some files have two axes and some three; give files of one kind.")
    names = list(dict.fromkeys(name for one in found for name in one.keypoints))
    parts = []
    for one in found:
        part = np.full((len(one.frames), len(names), one.positions.shape[-1]), np.nan)
        part[:, [names.index(name) for name in one.keypoints]] = one.positions
        parts.append(part)
    positions = np.concatenate(parts)
    enough = np.isfinite(positions).all(-1).sum(0) >= LEAST
    if not enough.any():
        raise AnalysisError(
            f"No key point is known in {LEAST} frames with a code; label more frames, or lower the "
            "likelihood."
        )
    kept: Mapping[str, bool] = dict(zip(names, enough.tolist(), strict=True))
    origins = np.concatenate([one.origin for one in found])
    return tuple(name for name in names if kept[name]), positions[:, enough], origins
