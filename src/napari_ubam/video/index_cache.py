"""Frame indexes kept in the user's cache folder, by path, size and time of last change."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import zipfile
import zlib
from dataclasses import asdict
from pathlib import Path

import av
import numpy as np
import platformdirs

from .index import FrameIndex, Picture

FORMAT = 2
"""Raised whenever indexing changes, so that old files are not read."""

CACHE_VARIABLE = "NAPARI_UBAM_CACHE"
"""Environment variable that names another cache folder; empty switches the cache off."""

_ARRAYS = ("pts", "dts", "pos", "size", "key", "packet_of_frame", "times")


def cache_folder() -> Path | None:
    """Folder of cached indexes, or None where the cache is switched off.

    Returns
    -------
    Path or None
        Below the user's cache folder of the operating system, or as `CACHE_VARIABLE` says.
    """
    override = os.environ.get(CACHE_VARIABLE)
    if override is not None:
        return Path(override) if override else None
    return platformdirs.user_cache_path("napari-ubam", appauthor=False) / "index"


Identity = tuple[int, int]
"""Length and time of last change of a file, in bytes and nanoseconds."""


def file_identity(path: Path) -> Identity:
    """Tell a file from what it was before and will be.

    Parameters
    ----------
    path : Path
        File or folder.

    Returns
    -------
    tuple of int
        Length and time of last change.
    """
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def _entry(path: Path, identity: Identity) -> Path | None:
    folder = cache_folder()
    if folder is None:
        return None
    reader = ".".join(map(str, av.library_versions["libavformat"]))
    text = f"{FORMAT}|{reader}|{path.resolve()}|{identity[0]}|{identity[1]}"
    return folder / f"{hashlib.sha256(text.encode(errors='surrogateescape')).hexdigest()[:32]}.npz"


def load_index(path: Path, identity: Identity) -> FrameIndex | None:
    """Index of a file if a valid one is cached.

    Parameters
    ----------
    path : Path
        Video file.
    identity : tuple of int
        As from `file_identity`.

    Returns
    -------
    FrameIndex or None
        None where there is none or where the cached one is unreadable (it is then made again).
    """
    try:
        entry = _entry(path, identity)
        if entry is None or not entry.exists():
            return None
        with np.load(entry, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in _ARRAYS}
            header = json.loads(str(stored["header"]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None
    picture = header["picture"]
    picture["display_matrix"] = tuple(picture["display_matrix"])
    return FrameIndex(
        **arrays,
        fps=header["fps"],
        picture=Picture(**picture),
        raw=header["raw"],
        notes=tuple(header["notes"]),
        rate_notes=tuple(header["rate_notes"]),
    )


def store_index(path: Path, identity: Identity, index: FrameIndex) -> None:
    """Cache an index; a folder that cannot be written is no error, only slower the next time.

    Written beside its place and moved there in one step, so that two processes never see half a file.

    Parameters
    ----------
    path : Path
        Video file.
    identity : tuple of int
        What `file_identity` gave before the file was read: it may have grown since.
    index : FrameIndex
        Its index.
    """
    entry = _entry(path, identity)
    if entry is None:
        return
    header = {
        "picture": asdict(index.picture),
        "fps": index.fps,
        "raw": index.raw,
        "notes": index.notes,
        "rate_notes": index.rate_notes,
        "path": str(path),
    }
    with contextlib.suppress(OSError):
        entry.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=entry.parent, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                arrays = {array: getattr(index, array) for array in _ARRAYS}
                np.savez_compressed(file, header=np.array(json.dumps(header)), **arrays)
            Path(name).replace(entry)
        except OSError:
            # Windows refuses to replace a file that another process has open: that one is as good.
            Path(name).unlink(missing_ok=True)
