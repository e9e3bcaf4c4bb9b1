"""Zarr arrays and OME-Zarr images: which array holds the frames, and which parts of it are missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from math import ceil, prod
from pathlib import Path
from typing import Any

import zarr
import zarr.errors

from .arrays import LeadingAxis, StackSource, first_line
from .errors import VideoError
from .source import FrameSource

_MOST_CHUNKS = 200_000  # looking for more files takes too long


class ZarrSource(StackSource):
    """Frames of a zarr array, or of an OME-Zarr image at full resolution.

    Parameters
    ----------
    path : Path
        Folder of the zarr array or group.
    fps : float, optional
        Frames per second.

    Raises
    ------
    VideoError
        If the folder is not a readable zarr array, or not a video.
    """

    def __init__(self, path: Path, fps: float | None = None) -> None:
        self._fps_given = fps
        super().__init__(lambda: ZarrFrames(path), fps, path.stem, path.absolute())

    def recipe(self) -> tuple[Callable[..., FrameSource], tuple[Any, ...]]:
        """See `FrameSource.recipe`.

        Returns
        -------
        tuple of (callable, tuple)
            The function and its arguments.
        """
        return ZarrSource, (self.path, self._fps_given)


class ZarrFrames(LeadingAxis):
    """Stack in a zarr array. See `napari_ubam.video.arrays.Stack`.

    Parameters
    ----------
    path : Path
        Folder of the array or group.

    Attributes
    ----------
    notes : tuple of str
        A sentence about chunks that are missing.

    Raises
    ------
    VideoError
        If the folder is not a readable zarr array, or not a video.
    """

    def __init__(self, path: Path) -> None:
        try:
            found = zarr.open(str(path), mode="r")
        except (OSError, ValueError, KeyError, zarr.errors.BaseZarrError) as error:
            raise VideoError(
                f"{path}: this is not a readable zarr array ({first_line(error)}); check the folder."
            ) from error
        names: Sequence[str] = ()
        if isinstance(found, zarr.Group):
            found, names = _full_resolution(found, path)
        names = names or tuple(getattr(found.metadata, "dimension_names", None) or ())
        _check_channels(found.shape, names, path)
        super().__init__(found, found.ndim == 4 and found.shape[-1] in (1, 3, 4), path)
        self.notes = _missing_chunks(found, self._time)


def _full_resolution(group: Any, path: Path) -> tuple[Any, tuple[str, ...]]:
    """Return the first scale of an OME-Zarr group and its axes, or else the only array of the group."""
    attributes = dict(group.attrs)
    scales = attributes.get("ome", attributes).get("multiscales")
    if scales:
        axes = scales[0].get("axes", ())
        names = tuple(str(axis.get("name", "") if isinstance(axis, dict) else axis) for axis in axes)
        return group[scales[0]["datasets"][0]["path"]], names
    arrays: Sequence[str] = sorted(group.array_keys())
    if len(arrays) != 1:
        listed = ", ".join(arrays) or "none"
        raise VideoError(f"{path}: this zarr group has the arrays {listed}; give the path of one array.")
    return group[arrays[0]], ()


def _check_channels(shape: tuple[int, ...], names: Sequence[str | None], path: Path) -> None:
    """Refuse one image whose channels would be taken for frames."""
    if len(names) != len(shape):
        return
    lengths = dict(zip(names, shape, strict=True))
    others = [length for name, length in lengths.items() if name not in ("c", "y", "x")]
    if 1 < lengths.get("c", 1) <= 4 and names[-1] != "c" and all(length == 1 for length in others):
        raise VideoError(
            f"{path}: this is one image of {lengths['c']} channels, not a video; choose an array with frames."
        )


def _missing_chunks(array: Any, time: int) -> tuple[str, ...]:
    """Return a note if some chunks of a folder have no file. Zarr reads them as its fill value."""
    root = getattr(array.store, "root", None)
    if root is None or not array.ndim:
        return ()
    size = getattr(array, "shards", None) or array.chunks
    grid = [ceil(length / part) for length, part in zip(array.shape, size, strict=True)]
    folder = Path(root) / array.path
    absent = list(_absent(folder, array.metadata, grid))
    total = prod(grid)
    if not absent or len(absent) == total:
        return ()
    places = sorted({place[time] for place in absent})
    first = places[0] * size[time]
    last = min((places[-1] + 1) * size[time], array.shape[time]) - 1
    verb = "is" if len(absent) == 1 else "are"
    return (
        f"{len(absent)} of {total} chunks {verb} not stored, so frames between {first} and {last} show the "
        f"value {array.fill_value}: right if the picture is empty there, otherwise copy the folder again.",
    )


def _absent(folder: Path, metadata: Any, grid: Sequence[int]) -> Iterator[tuple[int, ...]]:
    for number, place in enumerate(product(*map(range, grid))):
        if number >= _MOST_CHUNKS:
            return
        if not (folder / metadata.encode_chunk_key(place)).exists():
            yield place
