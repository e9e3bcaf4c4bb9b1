"""TIFF stacks and image folders as sources of frames."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import numpy.typing as npt
import tifffile
import zarr

from .arrays import LeadingAxis, StackSource, first_line
from .errors import VideoError
from .index_cache import Identity, file_identity
from .source import FrameSource

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"})


class TiffStack(StackSource):
    """Pages of a TIFF file (BigTIFF, OME-TIFF, ImageJ). Pages are read on request.

    Parameters
    ----------
    path : Path
        TIFF file.
    fps : float, optional
        Frames per second. Default: the frame rate in the ImageJ metadata.

    Raises
    ------
    VideoError
        If the file is not a readable TIFF, or has more axes than a video.
    """

    def __init__(self, path: Path, fps: float | None = None) -> None:
        self._fps_given = fps
        self._identity = file_identity(path)
        super().__init__(lambda: _TiffPages(path), fps or _imagej_rate(path), path.stem, path.absolute())

    def recipe(self) -> tuple[Callable[..., FrameSource], tuple[Any, ...]]:
        """See `FrameSource.recipe`.

        Returns
        -------
        tuple of (callable, tuple)
            The function and its arguments.
        """
        return _same, (TiffStack, self.path, self._fps_given, self._identity)


class ImageFolder(StackSource):
    """Images of a folder, one for each frame, in natural order of their names.

    Parameters
    ----------
    path : Path
        Folder.
    fps : float, optional
        Frames per second.

    Raises
    ------
    VideoError
        If the folder contains no image, or the first image cannot be read.
    """

    def __init__(self, path: Path, fps: float | None = None) -> None:
        self._fps_given = fps
        self._identity = file_identity(path)
        files = image_files(path)
        super().__init__(lambda: _Images(files), fps, path.name, path.absolute(), _numbering_notes(files))

    def recipe(self) -> tuple[Callable[..., FrameSource], tuple[Any, ...]]:
        """See `FrameSource.recipe`.

        Returns
        -------
        tuple of (callable, tuple)
            The function and its arguments.
        """
        return _same, (ImageFolder, self.path, self._fps_given, self._identity)


def _same(
    kind: Callable[[Path, float | None], FrameSource], path: Path, fps: float | None, identity: Identity
) -> FrameSource:
    if file_identity(path) != identity:
        raise VideoError(f"{path}: the images have changed since they were opened; open them again.")
    return kind(path, fps)


def image_files(folder: Path) -> list[Path]:
    """List the images of a folder in natural order: ``frame10`` comes after ``frame9``.

    Parameters
    ----------
    folder : Path
        Folder. Hidden files, with a leading dot, are ignored.

    Returns
    -------
    list of Path
        Files of the most frequent image type.

    Raises
    ------
    VideoError
        If the folder contains no image.
    """
    files = [f for f in folder.iterdir() if f.suffix.lower() in IMAGE_SUFFIXES and f.name[0] != "."]
    if not files:
        kinds = ", ".join(sorted(suffix[1:] for suffix in IMAGE_SUFFIXES))
        raise VideoError(
            f"{folder}: the folder contains no images ({kinds}); choose a video file or another folder."
        )
    suffixes = [file.suffix.lower() for file in files]
    frequent = max(sorted(set(suffixes)), key=suffixes.count)
    chosen = [file for file, suffix in zip(files, suffixes, strict=True) if suffix == frequent]
    return sorted(chosen, key=lambda file: _natural(file.name))


def _natural(name: str) -> list[tuple[int, int | str]]:
    parts = re.split(r"(\d+)", name.lower())
    return [(0, int(part)) if part.isdigit() else (1, part) for part in parts]


def _numbering_notes(files: list[Path]) -> tuple[str, ...]:
    """Return a note if the numbers in the file names have gaps."""
    numbers = [re.findall(r"\d+", file.stem)[-1:] for file in files]
    if not all(numbers):
        return ()
    values = [int(number[0]) for number in numbers]
    for place, (before, after) in enumerate(pairwise(values), start=1):
        if after != before + 1:
            return (
                f"The numbers in the file names jump from {before} to {after}; frames are numbered by their "
                f"order, so {files[place].name} is frame {place}.",
            )
    return ()


class _Images:
    """Stack of image files. See `Stack`."""

    def __init__(self, files: list[Path]) -> None:
        self._files = files
        try:
            first = iio.imread(files[0])
        except (OSError, ValueError, SyntaxError) as error:
            raise VideoError(
                f"{files[0]}: this is not a readable image ({first_line(error)}); remove or replace it."
            ) from error
        self._image_shape = first.shape
        self.shape = (len(files), *first.shape)
        self.dtype = first.dtype

    def __getitem__(self, frame: int, /) -> npt.NDArray[Any]:
        image = iio.imread(self._files[frame])
        if image.shape != self._image_shape or image.dtype != self.dtype:
            raise ValueError(
                f"{self._files[frame].name} is {_described(image.shape, image.dtype)}, but the first image "
                f"is {_described(self._image_shape, self.dtype)}"
            )
        return np.asarray(image)


def _described(shape: tuple[int, ...], dtype: np.dtype) -> str:
    return f"{' x '.join(map(str, shape))} {dtype}"


class _TiffPages(LeadingAxis):
    """Stack of the pages of a TIFF file. See `Stack`."""

    def __init__(self, path: Path) -> None:
        try:
            with tifffile.TiffFile(path) as file:
                axes = file.series[0].axes
            self._store = tifffile.imread(path, aszarr=True, series=0, level=0)
            data = zarr.open_array(self._store, mode="r")
        except FileNotFoundError as error:
            raise VideoError(f"{path}: there is no such file; check the path.") from error
        except (tifffile.TiffFileError, OSError, ValueError, IndexError) as error:
            raise VideoError(
                f"{path}: this is not a readable TIFF ({first_line(error)}); "
                "open it in Fiji and save it again as TIFF."
            ) from error
        try:
            if not axes.endswith(("YX", "YXS")):
                raise VideoError(
                    f"{path}: the axes {axes} do not end in height and width; "
                    "save it again as an image stack."
                )
            super().__init__(data, axes.endswith("S"), path)
        except VideoError:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._store.close()


def _imagej_rate(path: Path) -> float | None:
    """Read the frame rate from the ImageJ metadata, None if there is none."""
    try:
        with tifffile.TiffFile(path) as file:
            metadata = file.imagej_metadata or {}
    except (tifffile.TiffFileError, OSError, ValueError):
        return None
    if metadata.get("finterval"):
        return 1 / float(metadata["finterval"])
    return float(metadata["fps"]) if metadata.get("fps") else None
