"""Magnified frames as a file: MP4, TIFF or zarr, on request beside the original and labelled."""

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

from .prepare import Magnification
from .renderer import BLOCK

VIDEOS = (".mp4", ".mov", ".mkv", ".avi", ".webm")
STACKS = (".tif", ".tiff")
VISIBLE = 30.0  # CIEDE2000 that is shown brightest
QUALITY = {"crf": "16"}  # of H.264: hardly to be told from the original


def export(
    made: Magnification,
    out: str | Path,
    *,
    side_by_side: bool = False,
    label: bool = False,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> Path:
    """Write a magnification to a file, and what was noted with it to a JSON file beside it.

    Parameters
    ----------
    made : Magnification
    out : path
        Ends in .mp4 (or another video), .tif or .zarr.
    side_by_side : bool
        Original, magnified, and where the original differs from the reference rendering, in a row.
    label : bool
        Write factor and reference into the picture.
    progress, cancel : optional

    Returns
    -------
    Path
        The file, which appears when it is complete.

    Raises
    ------
    RunError
        If the ending is none of those, or the file would be the recording itself.
    Cancelled
        When ``cancel`` is set; nothing is left behind.
    """
    path = Path(out).absolute()
    suffix = path.suffix.lower()
    if suffix not in (*VIDEOS, *STACKS, ".zarr"):
        raise RunError(f"{path.name} ends in {suffix!r}; choose .mp4, .tif or .zarr.")
    _refuse_recordings(path, made)
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = _told(_composed(made, side_by_side, label), len(made.numbers), progress or silent, cancel)
    note = made.metadata | {"side_by_side": side_by_side, "fps": made.fps}
    if suffix == ".zarr":
        _write_zarr(path, frames, len(made.numbers), note)
    elif suffix in STACKS:
        _write_tiff(path, frames, note)
    else:
        options = QUALITY if suffix in (".mp4", ".mov", ".mkv") else None
        with VideoWriter(path, made.fps, options=options) as writer:
            for frame in frames:
                writer.write(frame)
    write_atomic(path.with_name(path.name + ".json"), (json.dumps(note, indent=2) + "\n").encode())
    return path


def _refuse_recordings(path: Path, made: Magnification) -> None:
    """Refuse to write over a recording of the run, or over a folder that is no magnification."""
    videos = [one.video for one in read_recordings(made.renderer.folder)]
    if path.exists() and any(video.exists() and path.samefile(video) for video in videos):
        raise RunError(f"{path} is a recording itself; choose another name.")
    if path.is_dir():
        try:
            kept = "factor" in zarr.open_array(str(path), mode="r").attrs
        except (OSError, ValueError, zarr.errors.BaseZarrError):
            kept = False
        if not kept:
            raise RunError(f"{path} is a folder that is no magnification; choose another name.")


def _told(
    frames: Iterator[Image], count: int, tell: ProgressCallback, cancel: Cancel | None
) -> Iterator[Image]:
    for number, frame in enumerate(frames):
        check_cancelled(cancel)
        tell(Progress("magnify", number, count))
        yield frame
    tell(Progress("magnify", count, count))


def _composed(made: Magnification, side_by_side: bool, label: bool) -> Iterator[Image]:
    """Yield frames as they are written."""
    text = f"× {made.factor:g}, reference {made.metadata['reference']}"
    numbers = made.numbers.tolist()
    for start in range(0, len(numbers), BLOCK):
        block = numbers[start : start + BLOCK]
        if not side_by_side:
            magnified = made.renderer.render(block, made.factor)
            yield from (labelled(one, text) if label else one for one in magnified)
            continue
        originals, magnified, references = made.renderer.render_factors(block, (1.0, made.factor, 0.0))
        for one, other, reference in zip(originals, magnified, references, strict=True):
            panes = [_coloured(one), _coloured(other), heat(difference_map(one, reference))]
            if label:
                words = ("original", text, "where it differs from the reference")
                panes = [labelled(pane, said) for pane, said in zip(panes, words, strict=True)]
            yield np.concatenate(panes, axis=1)


def _coloured(image: Image) -> Image:
    return np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image


def heat(difference: NDArray[np.floating[Any]]) -> Image:
    """Colour a difference map (y, x), black where nothing differs; result (y, x, 3) uint8."""
    colours = matplotlib.colormaps["inferno"](np.clip(difference / VISIBLE, 0, 1), bytes=True)
    found: Image = np.asarray(colours)[..., :3]
    return found


def labelled(image: Image, text: str) -> Image:
    """Write a line into the upper left corner of a picture (y, x, c), which is left as it is."""
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


def _write_tiff(path: Path, frames: Iterator[Image], note: dict[str, Any]) -> None:
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
                    description=None if number else json.dumps(note),
                    metadata=None,
                )
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _write_zarr(path: Path, frames: Iterator[Image], count: int, note: dict[str, Any]) -> None:
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
                    attributes=note,
                )
            array[number] = frame
        if path.is_dir():  # a magnification; others were refused
            shutil.rmtree(path)
        draft.replace(path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
