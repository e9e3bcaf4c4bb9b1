"""One folder a recording, under a name that every file system takes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
import unicodedata
import uuid
from collections.abc import Iterator
from pathlib import Path

from napari_ubam.study.values import folder_key

NAME = "recording"  # attribute of a folder's group that holds the recording's name
_LONGEST = 200  # bytes; file systems take 255, and some room is needed for endings
_RESERVED = {"zarr.json"}  # files of zarr in the same folder
_RETRIES = 5  # on Windows a folder cannot be moved while a virus scanner looks at it


def recording_folder(root: Path, name: str) -> Path | None:
    """Folder of a recording in a store, None where it has none.

    Parameters
    ----------
    root : Path
        The store.
    name : str
        The recording's name.
    """
    return next((root / one for one in _candidates(name) if stored_name(root / one) == name), None)


def free_folder(root: Path, name: str) -> Path:
    """Folder to write a recording to: its own, or one that no other recording has.

    It is called as the recording is, but for names that a file system might refuse, change or take for that
    of another recording in the store (upper and lower case): these get an ending that tells them apart.

    Parameters
    ----------
    root : Path
        The store.
    name : str
        The recording's name.

    Returns
    -------
    Path
        A folder that need not exist; what it holds is of this recording, or unfinished.
    """
    taken = {folder_key(path.name): path for path in root.iterdir()} if root.is_dir() else {}
    choices = _candidates(name)
    for choice in choices:
        other = taken.get(folder_key(choice))
        if other is None or stored_name(other) == name:
            return root / choice
        if other.name == choice and stored_name(other) is None:
            return root / choice
    return root / choices[-1]


def stored_names(root: Path) -> Iterator[tuple[str, Path]]:
    """Names and folders of the recordings in a store."""
    for path in sorted(root.iterdir()) if root.is_dir() else ():
        name = stored_name(path)
        if name is not None:
            yield name, path


def stored_name(folder: Path) -> str | None:
    """Name of the recording that a folder holds; None where it holds none, or an unfinished one."""
    # Read as the JSON that zarr's format says it is: opening a group takes twenty times as long.
    try:
        attributes = json.loads((folder / "zarr.json").read_bytes())["attributes"]
        return str(attributes[NAME])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remove_folder(folder: Path) -> None:
    """Remove a folder, if there, so that it is gone at once and never half there."""
    if folder.exists():
        grave = folder.with_name(f".{uuid.uuid4().hex}.removed")
        move(folder, grave)
        shutil.rmtree(grave, ignore_errors=True)


def move(source: Path, target: Path) -> None:
    """Rename a folder, with patience where another process looks at it."""
    for turn in range(_RETRIES):
        try:
            os.replace(source, target)  # noqa: PTH105 - it says that it is the atomic one
            return
        except PermissionError:
            if turn == _RETRIES - 1:
                raise
            time.sleep(0.1 * 2**turn)


def sweep(root: Path) -> None:
    """Clear away what a removal that was interrupted left behind."""
    for grave in root.glob(".*.removed"):
        shutil.rmtree(grave, ignore_errors=True)


def _candidates(name: str) -> list[str]:
    digest = hashlib.blake2b(name.encode(errors="surrogatepass"), digest_size=6).hexdigest()
    readable = re.sub(r"[^0-9A-Za-z._ -]+", "_", name)[:60].strip(" .") or "recording"
    marked = f"{readable}%{digest}"
    return [name, marked] if _is_plain(name) else [marked]


def _is_plain(name: str) -> bool:
    return (
        unicodedata.is_normalized("NFC", name)
        and "%" not in name
        and not any(0xD800 <= ord(sign) < 0xE000 for sign in name)
        and len(name.encode()) <= _LONGEST
        and folder_key(name) not in _RESERVED
    )
