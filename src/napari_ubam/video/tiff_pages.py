"""Pages of a TIFF file that are read one by one, if the list of pages is torn or tifffile has no decoder."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile
from PIL import Image


class SinglePages:
    """Stack of single pages. See `napari_ubam.video.arrays.Stack`. Threads can share it.

    Parameters
    ----------
    path : Path
        TIFF file.
    places : sequence of int
        Numbers of the pages that are frames. All have the same shape.
    """

    def __init__(self, path: Path, places: Sequence[int]) -> None:
        self._file = tifffile.TiffFile(path)
        self._places = places
        self._lock = threading.Lock()
        self._pillow: Image.Image | None = None
        page: Any = self._file.pages[places[0]]
        self._needs_pillow = lacks_decoder(page)
        self.shape = (len(places), *page.shape)
        self.dtype = np.dtype(page.dtype)

    def __getitem__(self, key: tuple[int, ...], /) -> npt.NDArray[Any]:
        """Return the image of one page. The key is that of an array, so it is a tuple."""
        place = self._places[key[0]]
        with self._lock:
            page: Any = self._file.pages[place]
            image = self._by_pillow(place) if self._needs_pillow else page.asarray()
        if image.shape != self.shape[1:]:
            raise ValueError(f"page {place} has the shape {image.shape}, others {self.shape[1:]}")
        return np.asarray(image, self.dtype)

    def _by_pillow(self, place: int) -> npt.NDArray[Any]:
        if self._pillow is None:
            self._pillow = Image.open(self._file.filehandle.path)
        self._pillow.seek(place)
        image = self._pillow.convert("RGB") if self._pillow.mode == "YCbCr" else self._pillow
        return np.asarray(image)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        if self._pillow is not None:
            self._pillow.close()


def lacks_decoder(page: Any) -> bool:
    """Whether tifffile needs another package, which need not be installed, to decode a page.

    Parameters
    ----------
    page : TiffPage
        Page of an open file.

    Returns
    -------
    bool
        True for LZW, JPEG and other compressions, unless the package imagecodecs is installed.
    """
    if page.compression == tifffile.COMPRESSION.NONE:
        return False
    try:
        page.asarray()
    except ValueError as error:
        return "imagecodecs" in str(error)
    except Exception:  # a damaged page
        return False
    return False


def whole_pages(file: tifffile.TiffFile) -> tuple[int, ...]:
    """Find the pages of a torn file that are there whole and look alike.

    Parameters
    ----------
    file : TiffFile
        Open file, whose list of pages ends in rubbish.

    Returns
    -------
    tuple of int
        Numbers of the pages of the most frequent shape and type, ascending.
    """
    end = file.filehandle.size
    pages = [
        page
        for page in _readable(file)
        if all(a + b <= end for a, b in zip(page.dataoffsets, page.databytecounts, strict=False))
    ]
    kinds = Counter((page.shape, page.dtype) for page in pages)
    usual = kinds.most_common(1)[0][0] if kinds else None
    return tuple(page.index for page in pages if (page.shape, page.dtype) == usual)


def _readable(file: tifffile.TiffFile) -> Iterator[Any]:
    place = 0
    while True:
        try:
            yield file.pages[place]
        except (IndexError, tifffile.TiffFileError):
            return
        place += 1
