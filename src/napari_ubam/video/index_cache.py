"""Cache of frame indexes in the user's cache folder. The key is path, size and modification time."""

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

FORMAT = 4
"""Version of the indexing. A new version makes old cache files invalid."""

CACHE_VARIABLE = "NAPARI_UBAM_CACHE"
"""Environment variable with another cache folder. An empty value turns the cache off."""

_ARRAYS = ("pts", "dts", "pos", "size", "key", "packet_of_frame", "times")


def cache_folder() -> Path | None:
    """Return the folder of the cached indexes.

    Returns
    -------
    Path or None
        Folder in `CACHE_VARIABLE`, or else in the cache folder of the operating system. None if the cache is
        off.
    """
    override = os.environ.get(CACHE_VARIABLE)
    if override is not None:
        return Path(override) if override else None
    return platformdirs.user_cache_path("napari-ubam", appauthor=False) / "index"


Identity = tuple[int, int]
"""Size in bytes and modification time in nanoseconds of a file."""


def file_identity(path: Path) -> Identity:
    """Return the values by which a change of a file is detected.

    Parameters
    ----------
    path : Path
        File or folder.

    Returns
    -------
    tuple of int
        Size in bytes and modification time in nanoseconds.
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
    """Read the cached index of a file.

    Parameters
    ----------
    path : Path
        Video file.
    identity : tuple of int
        Result of `file_identity`.

    Returns
    -------
    FrameIndex or None
        None if there is no readable index in the cache.
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
        forward_only=header["forward_only"],
        fresh_decoder=header["fresh_decoder"],
        notes=tuple(header["notes"]),
        rate_notes=tuple(header["rate_notes"]),
    )


def store_index(path: Path, identity: Identity, index: FrameIndex) -> None:
    """Write an index to the cache atomically. If the folder is not writable, nothing is cached.

    Parameters
    ----------
    path : Path
        Video file.
    identity : tuple of int
        Result of `file_identity` before the file was indexed, because the file can still grow.
    index : FrameIndex
        Index of the file.
    """
    entry = _entry(path, identity)
    if entry is None:
        return
    header = {
        "picture": asdict(index.picture),
        "fps": index.fps,
        "raw": index.raw,
        "forward_only": index.forward_only,
        "fresh_decoder": index.fresh_decoder,
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
            # Windows refuses to replace a file that another process reads. That file is equally valid.
            Path(name).unlink(missing_ok=True)
