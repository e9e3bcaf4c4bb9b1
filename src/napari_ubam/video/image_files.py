"""TIFF stacks and image folders as sources of frames."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import numpy.typing as npt

from .arrays import StackSource, first_line
from .errors import VideoError
from .image_names import IMAGE_SUFFIXES, frame_files
from .index_cache import Identity, file_identity
from .source import FrameSource
from .tiff_stack import TiffPages


class TiffStack(StackSource):
    """Pages of a TIFF file (BigTIFF, OME-TIFF, ImageJ). Pages are read on request.

    Parameters
    ----------
    path : Path
        TIFF file.
    fps : float, optional
        Frames per second. Default: from the time between frames that ImageJ or OME store.

    Raises
    ------
    VideoError
        If the file is not a readable TIFF, or has more axes than a video.
    """

    def __init__(self, path: Path, fps: float | None = None) -> None:
        self._fps_given = fps
        self._identity = file_identity(path)
        super().__init__(lambda: TiffPages(path), fps, path.stem, path.absolute())

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
        files, notes = frame_files(path)
        super().__init__(lambda: _Images(files), fps, path.name, path.absolute(), notes)

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


__all__ = ["IMAGE_SUFFIXES", "ImageFolder", "TiffStack"]
