"""How exactly subjects are found by what moves.

``python benchmarks/tracking.py FOLDER``: for a study of the world ``arena``, see ``benchmarks/worlds``. It
prints for each recording and for all: frames in which the subject is lost, error of the middle in lengths of
the body (nose to root of the tail), error of the heading, frames in which head and tail are taken for each
other, and CPU time against that of reading the frames.

The middle of the box and that of the skeleton differ by what belongs to the box. This constant, the median in
the frame of the body, is taken out and printed.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
from _common import print_table

from napari_ubam.study import Recording
from napari_ubam.tracking import find_subject
from napari_ubam.video import open_video

HEADER = (
    "recording",
    "lost",
    "median error",
    "95%",
    "offset",
    "heading, median",
    "95%",
    "swapped",
    "CPU / reading",
)


def measure(video: Path, truth: Path) -> tuple[list[str], np.ndarray, np.ndarray, float]:
    """Measure one recording: its row, errors of the middle and of the heading, share of lost frames."""
    recording = Recording(video=video, subject="one", group="one", session="0")
    begin = time.process_time()
    track = find_subject(recording).track
    taken = time.process_time() - begin
    begin = time.process_time()
    with open_video(video, warn=False) as film:
        count = sum(1 for number in range(len(film)) if film.luma()[number] is not None)
    reading = time.process_time() - begin
    assert track.headings is not None
    with np.load(truth) as known:
        place, heading = known["place"][track.frames], known["heading"][track.frames]
        length = float(known["length"].mean())
    turn = np.radians(heading)
    away = (track.boxes[:, :2] + track.boxes[:, 2:] / 2 - place) / length
    along = np.cos(turn) * away[:, 0] + np.sin(turn) * away[:, 1]
    across = np.cos(turn) * away[:, 1] - np.sin(turn) * away[:, 0]
    own = np.stack([along, across], axis=1)
    offset = np.median(own, axis=0)
    error = np.linalg.norm(own - offset, axis=1)
    turned = np.abs((track.headings - heading + 180) % 360 - 180)
    lost = 1 - len(track) / count
    shift = f"{offset[0]:+.2f}, {offset[1]:+.2f}"
    return (
        [video.stem, *_cells(lost, error), shift, *_angles(turned), f"{taken / reading:.1f}"],
        error,
        turned,
        lost,
    )


def _cells(lost: float, error: np.ndarray) -> list[str]:
    return [f"{lost:.1%}", f"{np.median(error):.3f}", f"{np.percentile(error, 95):.3f}"]


def _angles(turned: np.ndarray) -> list[str]:
    return [f"{np.median(turned):.1f}°", f"{np.percentile(turned, 95):.1f}°", f"{np.mean(turned > 90):.2%}"]


def main() -> None:
    """Print the table."""
    if len(sys.argv) != 2:
        raise SystemExit("Name the folder of a study of the world arena.")
    folder = Path(sys.argv[1])
    videos = [path for path in sorted((folder / "videos").glob("*.mp4")) if ".part" not in path.name]
    found = [measure(video, folder / "truth" / f"{video.stem}.npz") for video in videos]
    errors, turned = np.concatenate([one[1] for one in found]), np.concatenate([one[2] for one in found])
    lost = float(np.mean([one[3] for one in found]))
    rows = [*(one[0] for one in found), ["all", *_cells(lost, errors), "", *_angles(turned), ""]]
    print_table("Subjects found by what moves", list(HEADER), rows)


if __name__ == "__main__":
    main()
