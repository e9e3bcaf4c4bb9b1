"""Write magnified frames to a file: video, TIFF or zarr, optionally beside the original and with a label."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import tifffile
import zarr
import zarr.errors
from matplotlib.font_manager import findfont
from numpy.typing import NDArray
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from napari_ubam.analysis.attribution import difference_map
from napari_ubam.families.family import Image
from napari_ubam.files import write_atomic
from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled, silent
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.recordings import read_recordings
from napari_ubam.video import VideoWriter

from .magnification import Magnification, MagnifiedFrames
from .renderer import BLOCK

VIDEOS = (".mp4", ".mov", ".mkv", ".avi", ".webm")
STACKS = (".tif", ".tiff")
VISIBLE = 30.0
"""Colour difference (CIEDE2000) that is shown brightest."""

QUALITY = {"crf": "16"}
"""Options of the H.264 encoder; at this quality the compression is hardly visible."""


def export(
    magnified: MagnifiedFrames | Magnification,
    out: str | Path,
    *,
    side_by_side: bool = False,
    label: bool = False,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> Path:
    """Write magnified frames to a file, and their metadata to a JSON file beside it.

    Parameters
    ----------
    magnified : MagnifiedFrames or Magnification
        Result of `napari_ubam.Run.magnify`.
    out : path
        File to write. Ends in .mp4 (or another video), .tif or .zarr.
    side_by_side : bool
        Show in a row the original, the magnified frame, and where the original differs from the reference.
    label : bool
        Write factor and reference into the picture.
    progress : callable, optional
        Called before each frame.
    cancel : object with ``is_set()``, optional
        Checked before each frame.

    Returns
    -------
    Path
        The file. It appears when it is complete.

    Raises
    ------
    RunError
        If the name has another ending, or the file is a recording of the run.
    Cancelled
        When ``cancel`` is set. No file is left.
    """
    magnified = magnified.magnification if isinstance(magnified, MagnifiedFrames) else magnified
    path = Path(out).absolute()
    suffix = path.suffix.lower()
    if suffix not in (*VIDEOS, *STACKS, ".zarr"):
        raise RunError(f"{path.name} ends in {suffix!r}; choose .mp4, .tif or .zarr.")
    _refuse_recordings(path, magnified)
    path.parent.mkdir(parents=True, exist_ok=True)
    images = _images(magnified, side_by_side, label)
    frames = _with_progress(images, len(magnified.numbers), progress or silent, cancel)
    metadata = magnified.metadata | {"side_by_side": side_by_side, "fps": magnified.fps}
    if suffix == ".zarr":
        _write_zarr(path, frames, len(magnified.numbers), metadata)
    elif suffix in STACKS:
        _write_tiff(path, frames, metadata)
    else:
        options = QUALITY if suffix in (".mp4", ".mov", ".mkv") else None
        with VideoWriter(path, magnified.fps, options=options) as writer:
            for frame in frames:
                writer.write(frame)
    write_atomic(path.with_name(path.name + ".json"), (json.dumps(metadata, indent=2) + "\n").encode())
    return path


def _refuse_recordings(path: Path, magnified: Magnification) -> None:
    """Refuse to overwrite a recording of the run, or a folder that is not a magnification."""
    videos = [one.video for one in read_recordings(magnified.renderer.folder)]
    if path.exists() and any(video.exists() and path.samefile(video) for video in videos):
        raise RunError(f"{path} is a recording itself; choose another file.")
    if path.is_dir():
        try:
            is_magnification = "factor" in zarr.open_array(str(path), mode="r").attrs
        except (OSError, ValueError, zarr.errors.BaseZarrError):
            is_magnification = False
        if not is_magnification:
            raise RunError(f"{path} is a folder that is not a magnification; choose another name.")


def _with_progress(
    frames: Iterator[Image], count: int, progress: ProgressCallback, cancel: Cancel | None
) -> Iterator[Image]:
    for number, frame in enumerate(frames):
        check_cancelled(cancel)
        progress(Progress("magnify", number, count))
        yield frame
    progress(Progress("magnify", count, count))


def _images(magnified: Magnification, side_by_side: bool, label: bool) -> Iterator[Image]:
    """Yield the images as they are written."""
    text = f"× {magnified.factor:g}, reference {magnified.metadata['reference']}"
    numbers = magnified.numbers.tolist()
    for start in range(0, len(numbers), BLOCK):
        block = numbers[start : start + BLOCK]
        if not side_by_side:
            images = magnified.renderer.render(block, magnified.factor)
            yield from (labelled(one, text) if label else one for one in images)
            continue
        originals, images, references = magnified.renderer.render_factors(block, (1.0, magnified.factor, 0.0))
        for one, other, reference in zip(originals, images, references, strict=True):
            panes = [_to_rgb(one), _to_rgb(other), heat(difference_map(one, reference))]
            if label:
                titles = ("original", text, "where it differs from the reference")
                panes = [labelled(pane, title) for pane, title in zip(panes, titles, strict=True)]
            yield np.concatenate(panes, axis=1)


def _to_rgb(image: Image) -> Image:
    return np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image


def heat(difference: NDArray[np.floating[Any]]) -> Image:
    """Colour a difference map, black where nothing differs.

    Parameters
    ----------
    difference : ndarray of float, shape (y, x)
        Colour difference (CIEDE2000), see `napari_ubam.analysis.attribution.difference_map`.

    Returns
    -------
    ndarray of uint8, shape (y, x, 3)
    """
    rgba = np.asarray(matplotlib.colormaps["inferno"](np.clip(difference / VISIBLE, 0, 1), bytes=True))
    rgb: Image = rgba[..., :3]
    return rgb


def labelled(image: Image, text: str) -> Image:
    """Write a line of text into the upper left corner of a copy of an image.

    Parameters
    ----------
    image : ndarray of uint8, shape (y, x, 1) or (y, x, 3)
    text : str

    Returns
    -------
    ndarray of uint8
        Same shape as ``image``.
    """
    grey = image.shape[-1] == 1
    picture = Pictures.fromarray(image[..., 0] if grey else image)
    size = max(image.shape[0] // 18, 10)
    face = findfont("DejaVu Sans")  # comes with matplotlib; Pillow's own font has no multiplication sign
    draw = ImageDraw.Draw(picture)
    font = ImageFont.truetype(face, size)
    while size > 7 and draw.textlength(text, font=font) > image.shape[1] - 8:
        size -= 1
        font = ImageFont.truetype(face, size)
    white: Any = 255 if grey else (255, 255, 255)
    black: Any = 0 if grey else (0, 0, 0)
    draw.text((4, 2), text, fill=white, font=font, stroke_width=1, stroke_fill=black)
    done = np.asarray(picture)
    return done[..., None].copy() if grey else done.copy()


def _write_tiff(path: Path, frames: Iterator[Image], metadata: dict[str, Any]) -> None:
    draft = path.with_name(f"{path.stem}.part{path.suffix}")
    try:
        with tifffile.TiffWriter(draft, bigtiff=True) as writer:
            for number, frame in enumerate(frames):
                grey = frame.shape[-1] == 1
                writer.write(
                    frame[..., 0] if grey else frame,
                    photometric="minisblack" if grey else "rgb",
                    contiguous=False,
                    compression="zlib",
                    description=None if number else json.dumps(metadata),
                    metadata=None,
                )
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _write_zarr(path: Path, frames: Iterator[Image], count: int, metadata: dict[str, Any]) -> None:
    draft = path.with_name(f"{path.stem}.part.zarr")
    shutil.rmtree(draft, ignore_errors=True)
    array: Any = None
    try:
        for number, frame in enumerate(frames):
            if array is None:
                array = zarr.create_array(
                    str(draft),
                    shape=(count, *frame.shape),
                    chunks=(1, *frame.shape),
                    dtype=np.uint8,
                    dimension_names=("t", "y", "x", "c"),
                    attributes=metadata,
                )
            array[number] = frame
        if path.is_dir():  # a magnification; others were refused
            shutil.rmtree(path)
        draft.replace(path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
