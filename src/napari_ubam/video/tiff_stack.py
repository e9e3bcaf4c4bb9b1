"""Pages of a TIFF file as frames: which pages are frames, and what is missing or torn."""

from __future__ import annotations

import html
import json
import logging
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile
import zarr

from .arrays import LeadingAxis, first_line
from .errors import VideoError
from .tiff_rate import stated_rate

_COLOURS = (2, 3, 4)  # so many channels are one picture; more of them are a series that was labelled wrongly


@dataclass(frozen=True)
class _Layout:
    """Where the frames of a file are."""

    series: int
    axes: str
    whole: int | None = None  # frames that are there, if the file ends early
    offset: int | None = None  # of the first frame, if the frames follow each other without other pages
    absent: tuple[bool, ...] = ()  # for each frame, whether it is in a file that is missing
    notes: tuple[str, ...] = ()


class TiffPages(LeadingAxis):
    """Stack of the pages of a TIFF file. See `napari_ubam.video.arrays.Stack`.

    Parameters
    ----------
    path : Path
        TIFF file.

    Attributes
    ----------
    notes : tuple of str
        Sentences about pages that are left out or missing.
    rate : float or None
        Frames per second that the file states.

    Raises
    ------
    VideoError
        If the file is not a readable TIFF, or has other axes than a video.
    """

    def __init__(self, path: Path) -> None:
        self._store: Any = None
        try:
            with _quiet_tifffile():
                with tifffile.TiffFile(path) as file:
                    layout = _layout(file)
                    self.rate, rate_notes = stated_rate(file)
                    data = _contiguous(file, layout)
                if data is None:
                    self._store = tifffile.imread(path, aszarr=True, series=layout.series, level=0)
                    data = zarr.open_array(self._store, mode="r")
        except FileNotFoundError as error:
            raise VideoError(f"{path}: there is no such file; check the path.") from error
        except (tifffile.TiffFileError, OSError, ValueError, IndexError, struct.error) as error:
            raise VideoError(
                f"{path}: this is not a readable TIFF ({first_line(error)}); "
                "open it in Fiji and save it again as TIFF."
            ) from error
        self._absent = layout.absent
        self.notes = (*layout.notes, *rate_notes)
        try:
            _check_axes(layout.axes, data.shape, path)
            self._planar = layout.axes.endswith("SYX")
            super().__init__(data, "S" in layout.axes[-3:], path)
        except VideoError:
            self.close()
            raise
        if self._planar:
            self.shape = (self.shape[0], *self.shape[2:], self.shape[1])
        self.shape = (layout.whole or self.shape[0], *self.shape[1:])

    def __getitem__(self, frame: int, /) -> npt.NDArray[Any]:
        """Return the image of one frame."""
        if self._absent and self._absent[frame]:
            raise ValueError("it is stored in another file of the same recording, which is missing")
        image = super().__getitem__(frame)
        return np.moveaxis(image, 0, -1) if self._planar else image

    def close(self) -> None:
        """Close the file."""
        if self._store is not None:
            self._store.close()


@contextmanager
def _quiet_tifffile() -> Iterator[None]:
    """Keep the log of tifffile from the screen: the notes say the same in other words."""
    logger = logging.getLogger("tifffile")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)


def _check_axes(axes: str, shape: tuple[int, ...], path: Path) -> None:
    if not axes.endswith(("YX", "YXS")):
        raise VideoError(
            f"{path}: the axes {axes} do not end in height and width; save it again as an image stack."
        )
    lengths = dict(zip(axes, shape, strict=True))
    frames = prod(length for axis, length in lengths.items() if axis not in "CSYX")
    if lengths.get("C", 1) in _COLOURS and frames == 1:
        raise VideoError(
            f"{path}: this is one image of {lengths['C']} channels, not a video; choose a stack of "
            "frames, or save one channel."
        )


def _layout(file: tifffile.TiffFile) -> _Layout:
    """Find the series of pages with the frames, and what the file claims but does not have."""
    place, notes = _longest(file)
    series = file.series[place]
    claimed, page = _claimed(file), series.keyframe
    end = file.filehandle.size
    frames = max(prod(series.shape) // max(prod(page.shape), 1), 1)  # one page can hold several
    if claimed > frames == 1 and page.is_contiguous:
        # The directory of the pages was at the end of the file, but the frames follow each other.
        whole = min(claimed, (end - page.dataoffsets[0]) // page.nbytes)
        return _Layout(place, f"I{page.axes}", whole, page.dataoffsets[0], notes=_torn(whole, claimed))
    if series.dataoffset is not None and series.dataoffset + series.nbytes > end and page.nbytes:
        whole = (end - series.dataoffset) // page.nbytes
        total = series.nbytes // page.nbytes
        return _Layout(place, f"I{page.axes}", whole, series.dataoffset, notes=_torn(whole, total))
    absent = tuple(one is None for one in series.pages) if series.kind == "ome" else ()
    if any(absent):
        return _incomplete(file, place, absent, notes)
    whole = _whole_pages(series, end) if len(series.pages) == frames else frames
    torn = whole < frames or _broken_chain(file) or claimed > frames
    notes += _torn(whole, claimed if claimed > whole else 0) if torn else ()
    return _Layout(place, series.axes, whole if whole < frames else None, notes=notes)


def _torn(whole: int, claimed: int) -> tuple[str, ...]:
    if whole < 1:
        raise ValueError("the file ends before the end of the first image")
    if whole == claimed:
        return ()
    what = f"is made for {claimed} images, but" if claimed else "ends early:"
    return (
        f"The file {what} only {whole} {'is' if whole == 1 else 'are'} there, because it was not written "
        "to its end or not copied completely; copy it again if there is a complete one.",
    )


def _longest(file: tifffile.TiffFile) -> tuple[int, tuple[str, ...]]:
    """Choose the series with the most pages, and name the pages that are left out because of their size."""
    lengths = [len(one.pages) for one in file.series]
    place = int(np.argmax(lengths)) if len(lengths) > 1 else 0
    others = [one for i, one in enumerate(file.series) if i != place]
    if not others:
        return place, ()
    pages = [(page.index, one) for one in others for page in one.pages if page is not None]
    left = ", ".join(f"page {_number(index)} ({_size(one)})" for index, one in sorted(pages, key=_first)[:5])
    more = f" and {len(pages) - 5} more" if len(pages) > 5 else ""
    frames = lengths[place]
    note = (
        f"Pages of another size or kind are left out: {left}{more}; the {frames} pages of "
        f"{_size(file.series[place])} are the frames 0 to {frames - 1}."
    )
    return place, (note,)


def _first(pair: tuple[Any, Any]) -> Any:
    return _number(pair[0])


def _number(index: Any) -> int:
    return int(index[0] if isinstance(index, tuple) else index)


def _size(series: Any) -> str:
    page = series.keyframe
    return f"{page.imagewidth} x {page.imagelength} pixels"


def _claimed(file: tifffile.TiffFile) -> int:
    """Read how many images the program that wrote the file states, 0 if it states none."""
    if file.is_imagej:
        return int((file.imagej_metadata or {}).get("images", 0))
    page: Any = file.pages[0]
    try:
        shape = json.loads(page.description).get("shape", ())
    except (ValueError, AttributeError):
        return 0
    images = prod(int(length) for length in shape) / max(prod(page.shape), 1)
    return int(images) if images.is_integer() else 0


def _incomplete(
    file: tifffile.TiffFile, place: int, absent: tuple[bool, ...], notes: tuple[str, ...]
) -> _Layout:
    """Describe an OME-TIFF without some of its pages."""
    axes = file.series[place].axes
    folder = Path(file.filehandle.path).parent
    files = [name for name in _other_files(file.ome_metadata or "") if not (folder / name).exists()]
    if files:
        which = ", ".join(files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")
        note = (
            f"Another file of the same recording is missing ({which}), so {sum(absent)} frames from frame "
            f"{absent.index(True)} on cannot be read; copy it to the same folder."
        )
        return _Layout(place, axes, absent=absent, notes=(*notes, note))
    whole = absent.index(True)
    if not whole:
        raise ValueError("its first page is missing")
    return _Layout(place, axes, whole, notes=(*notes, *_torn(whole, len(absent))))


def _other_files(xml: str) -> list[str]:
    """Names of the other files that an OME-TIFF belongs to."""
    own = re.search(r'UUID="([^"]+)"', xml)
    parts = re.findall(r'FileName="([^"]*)"[^>]*>\s*([^<\s]*)\s*<', xml)
    return list(dict.fromkeys(html.unescape(name) for name, key in parts if not own or key != own[1]))


def _whole_pages(series: Any, end: int) -> int:
    """Count the pages whose data are inside the file. Only pages at the end can be outside."""
    whole = len(series.pages)
    while whole > 1 and (page := series.pages[whole - 1]) is not None:
        if all(a + b <= end for a, b in zip(page.dataoffsets, page.databytecounts, strict=False)):
            break
        whole -= 1
    return whole


def _broken_chain(file: tifffile.TiffFile) -> bool:
    """Whether the last page points to another one, which is not there."""
    if file.is_imagej or file.is_shaped or file.is_ome:
        return False  # they state how many pages there are, and looking at all of them would take long
    place = file.pages.next_page_offset
    if place is None:
        return False
    handle = file.filehandle
    handle.seek(place)
    pointer = handle.read(file.tiff.offsetsize)
    if len(pointer) < file.tiff.offsetsize:
        return True
    return bool(struct.unpack(file.tiff.offsetformat, pointer)[0])


def _contiguous(file: tifffile.TiffFile, layout: _Layout) -> Any:
    """Map the frames of a torn file that follow each other, None for other files."""
    if layout.offset is None or not layout.whole:
        return None
    page = file.series[layout.series].keyframe
    dtype = np.dtype(page.dtype).newbyteorder(file.byteorder)
    return np.memmap(file.filehandle.path, dtype, "r", layout.offset, (layout.whole, *page.shape))
