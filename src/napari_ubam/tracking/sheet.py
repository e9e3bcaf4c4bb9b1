"""A picture of the tracks of a study, to look at before a training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from napari_ubam.crops import CropSpec, iter_crops
from napari_ubam.crops.levels import levels_of
from napari_ubam.study import PlacedRoi, Recording, Roi
from napari_ubam.video import open_video

FRAMES = 6
SIDE = 240  # pixels of the longer side of a frame on the sheet
MOST = 40  # recordings on a sheet, spread evenly
RED, YELLOW = (230, 60, 60), (255, 220, 0)


def write_sheet(recordings: Sequence[Recording], path: Path) -> Path:
    """Draw frames of each recording with its box, and below them the crops.

    Parameters
    ----------
    recordings : sequence of Recording
        With tracks. Of more than 40, 40 are shown.
    path : Path
        PNG file to write.

    Returns
    -------
    Path
        The same path.

    Raises
    ------
    VideoError
        If a video cannot be read.
    """
    shown = np.unique(np.linspace(0, len(recordings) - 1, min(MOST, len(recordings))).round().astype(int))
    strips = [_strip(recordings[number]) for number in shown]
    width = max(strip.shape[1] for strip in strips)
    rows = [np.pad(one, ((0, 8), (0, width - one.shape[1]), (0, 0)), constant_values=255) for one in strips]
    Image.fromarray(np.concatenate(rows)).save(path)
    return path


def _strip(recording: Recording) -> NDArray[np.uint8]:
    assert recording.track is not None
    known = recording.track.frames
    frames = known[np.unique(np.linspace(0, len(known) - 1, FRAMES).round().astype(int))]
    with recording.open_with(open_video, warn=False) as video:
        levels = levels_of(recording, video)
        pictures = []
        for number, box in zip(frames.tolist(), recording.crops(frames) or (), strict=True):
            picture = np.asarray(video[number])
            picture = picture if levels is None else levels.apply(picture)
            pictures.append(_drawn(np.broadcast_to(picture, (*picture.shape[:2], 3)), box))
        height, width = pictures[0].shape[:2]
        spec = CropSpec(max(height // 2, 8), max(width, 8), colour=True)
        with iter_crops(recording, spec, frames, block=len(frames), video=video) as stream:
            crops = next(stream)[1]
    drawn = np.concatenate([np.concatenate(pictures, axis=1), np.concatenate(list(crops), axis=1)])
    sheet = Image.fromarray(drawn)
    ImageDraw.Draw(sheet).text((4, 2), recording.name, fill=YELLOW, stroke_width=1, stroke_fill=(0, 0, 0))
    return np.asarray(sheet)


def _drawn(picture: NDArray[np.uint8], box: object) -> NDArray[np.uint8]:
    """Draw the box of a frame, with its right side marked, and make the frame small."""
    image = Image.fromarray(np.ascontiguousarray(picture))
    if isinstance(box, PlacedRoi):
        half = np.array([box.box_width, box.box_height]) / 2
        corners = box.to_frame(np.array([[1, -1], [1, 1], [-1, 1], [-1, -1]]) * half)
        points = [(float(x), float(y)) for x, y in corners]
        line = max(1, image.width // 160)
        draw = ImageDraw.Draw(image)
        draw.line([*points[1:], points[0]], fill=RED, width=line)
        draw.line(points[:2], fill=YELLOW, width=2 * line)
    elif isinstance(box, Roi):
        ImageDraw.Draw(image).rectangle((box.x, box.y, box.x + box.width, box.y + box.height), outline=RED)
    image.thumbnail((SIDE, SIDE))
    return np.asarray(image)
