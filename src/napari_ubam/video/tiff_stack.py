"""Pages of a TIFF file as frames: which pages are frames, and what is missing or torn."""

from __future__ import annotations

import html
import json
import logging
import re
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile
import zarr

from napari_ubam.study.values import counted, listed

from .arrays import LeadingAxis, first_line
from .errors import VideoError
from .tiff_pages import SinglePages, lacks_decoder, whole_pages
from .tiff_rate import stated_rate

_COLOURS = (2, 3, 4)  # so many channels are one picture; more of them are a series that was labelled wrongly


@dataclass(frozen=True)
class _Layout:
    """Where the frames of a file are."""

    series: int
    axes: str
    whole: int | None = None  # frames that are there, if the file ends early
    offset: int | None = None  # of the first frame, if the frames follow each other without other pages
    first: int = 0  # number of the first page
    single: tuple[int, ...] = ()  # pages to be read one by one
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
                if layout.single:
                    self._store = data = SinglePages(path, layout.single)
                elif data is None:
                    self._store = tifffile.imread(path, aszarr=True, series=layout.series, level=0)
                    data = zarr.open_array(self._store, mode="r")
        except FileNotFoundError as error:
            raise VideoError(f"{path}: there is no such file; check the path.") from error
        except VideoError:
            raise
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
    try:
        return _layout_of_series(file)
    except (tifffile.TiffFileError, IndexError, struct.error):
        return _torn_list(file)


def _layout_of_series(file: tifffile.TiffFile) -> _Layout:
    place, notes = _longest(file)
    series = file.series[place]
    stated = _stated_axes(file)
    page: Any = series.keyframe
    claimed = prod(stated) if stated else 0
    end = file.filehandle.size
    frames = max(prod(series.shape) // max(prod(page.shape), 1), 1)  # one page can hold several
    if claimed > frames == 1 and page.is_contiguous:
        # The directory of the pages was at the end of the file, but the frames follow each other.
        _only_time(stated, file)
        whole = min(claimed, (end - page.dataoffsets[0]) // page.nbytes)
        return _Layout(
            place,
            f"I{page.axes}",
            whole,
            page.dataoffsets[0],
            _number(page.index),
            notes=_torn(whole, claimed),
        )
    if series.dataoffset is not None and series.dataoffset + series.nbytes > end and page.nbytes:
        whole = (end - series.dataoffset) // page.nbytes
        total = series.nbytes // page.nbytes
        _only_time(series.shape[: series.ndim - page.ndim], file)
        first, offset = _number(page.index), series.dataoffset
        return _Layout(place, f"I{page.axes}", whole, offset, first, notes=_torn(whole, total))
    absent = tuple(one is None for one in series.pages) if series.kind == "ome" else ()
    if any(absent):
        return _incomplete(file, place, absent, notes)
    whole = _whole_pages(series, end) if len(series.pages) == frames else frames
    torn = whole < frames or _broken_chain(file) or claimed > frames
    notes += _torn(whole, claimed if claimed > whole else 0) if torn else ()
    if len(series.pages) == frames and lacks_decoder(page):
        numbers = tuple(_number(one.index) for one in series.pages[:whole] if one is not None)
        return _Layout(place, f"I{page.axes}", single=numbers, notes=notes)
    return _Layout(place, series.axes, whole if whole < frames else None, notes=notes)


def _torn_list(file: tifffile.TiffFile) -> _Layout:
    """Describe a file that ends within the description of a page."""
    single, stated = whole_pages(file), _stated_axes(file)
    page: Any = file.pages[0]
    _only_time(stated, file)
    claimed = prod(stated) if stated else 0
    if claimed > len(single) and page.is_contiguous:
        whole = min(claimed, (file.filehandle.size - page.dataoffsets[0]) // page.nbytes)
        return _Layout(0, f"I{page.axes}", whole, page.dataoffsets[0], notes=_torn(whole, claimed))
    usual: Any = file.pages[single[0]] if single else page
    return _Layout(0, f"I{usual.axes}", single=single, notes=_torn(len(single), claimed))


def _torn(whole: int, claimed: int) -> tuple[str, ...]:
    if whole < 1:
        raise ValueError("the file ends before the end of the first image")
    if whole == claimed:
        return ()
    there = str(whole) if claimed else counted(whole, "image")
    what = f"is made for {counted(claimed, 'image')}, but" if claimed else "ends early:"
    return (
        f"The file {what} only {there} {'is' if whole == 1 else 'are'} there, because it was not written "
        "to its end or not copied completely; copy it again if there is a complete one.",
    )


def _longest(file: tifffile.TiffFile) -> tuple[int, tuple[str, ...]]:
    """Choose the series with the most pages, and name the pages that are left out because of their size."""
    lengths = [(len(one.pages), one.keyframe.size) for one in file.series]
    place = lengths.index(max(lengths))
    others = [one for i, one in enumerate(file.series) if i != place]
    if not others:
        return place, ()
    pages = [(page.index, one) for one in others for page in one.pages if page is not None]
    alike = any(_size(one) == _size(file.series[place]) for one in others)
    left = listed(
        (f"page {_number(index)} ({_size(one, alike)})" for index, one in sorted(pages, key=_first)), 5
    )
    frames, size = lengths[place][0], _size(file.series[place], alike)
    kept = (
        f"the {frames} pages of {size} are the frames 0 to {frames - 1}"
        if frames > 1
        else f"the page of {size} is the only frame"
    )
    note = f"Pages of another size or kind are left out: {left}; {kept}."
    return place, (note,)


def _first(pair: tuple[Any, Any]) -> Any:
    return _number(pair[0])


def _number(index: Any) -> int:
    return int(index[0] if isinstance(index, tuple) else index)


def _size(series: Any, with_kind: bool = False) -> str:
    page = series.keyframe
    colour = "colour" if page.samplesperpixel > 1 else "grey"
    kind = f" of {colour}, {page.dtype}" if with_kind else ""
    return f"{page.imagewidth} x {page.imagelength} pixels{kind}"


def _stated_axes(file: tifffile.TiffFile) -> tuple[int, ...]:
    """Read the lengths of the axes before height and width that the program which wrote the file states.

    Empty if it states none. Axes of length 1 are left out.
    """
    page: Any = file.pages[0]
    lengths: list[float] = []
    if file.is_imagej:
        of_imagej = file.imagej_metadata or {}
        axes = [int(of_imagej.get(name, 1)) for name in ("frames", "slices", "channels")]
        samples = page.samplesperpixel if page.samplesperpixel == axes[-1] else 1
        lengths = [*axes[:2], axes[2] // samples]
        if prod(axes) // samples != int(of_imagej.get("images", 0)):
            lengths = [int(of_imagej.get("images", 0))]
    elif file.is_ome and "tifffile" in str(page.software):  # it writes all frames behind each other
        found = re.search(r"<Pixels\b[^>]*>", file.ome_metadata or "")
        lengths = [int(length) for length in re.findall(r'Size[TZC]="(\d+)"', found[0] if found else "")]
        lengths[-1:] = [lengths[-1] // page.samplesperpixel] if lengths else []
    else:
        lengths = _shaped_axes(page)
    return tuple(int(length) for length in lengths if length > 1)


def _shaped_axes(page: Any) -> list[float]:
    """Read the axes that tifffile stores in the description of the first page."""
    try:
        shape = [int(length) for length in json.loads(page.description).get("shape", ())]
    except (ValueError, AttributeError):
        return []
    leading = shape[: len(shape) - len(page.shape)]
    return list(leading) if shape[len(leading) :] == list(page.shape) else []


def _only_time(lengths: Sequence[int], file: tifffile.TiffFile) -> None:
    """Refuse a torn file of several channels or planes, whose images would be taken for frames."""
    long = [length for length in lengths if length > 1]
    if len(long) > 1:
        raise VideoError(
            f"{file.filehandle.path}: the file ends early, and there are axes of length "
            f"{' x '.join(map(str, long))} before height and width; copy it again, and save one channel and "
            "one plane as a separate stack."
        )


def _incomplete(
    file: tifffile.TiffFile, place: int, absent: tuple[bool, ...], notes: tuple[str, ...]
) -> _Layout:
    """Describe an OME-TIFF without some of its pages."""
    axes = file.series[place].axes
    folder = Path(file.filehandle.path).parent
    files = [name for name in _other_files(file.ome_metadata or "") if not (folder / name).exists()]
    if files:
        note = (
            f"Another file of the same recording is missing ({listed(files, 3)}), so "
            f"{counted(sum(absent), 'frame')} from frame "
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
    page: Any = file.pages[layout.first]
    dtype = np.dtype(page.dtype).newbyteorder(file.byteorder)
    return np.memmap(file.filehandle.path, dtype, "r", layout.offset, (layout.whole, *page.shape))
