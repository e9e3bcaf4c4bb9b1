"""One folder for each recording, with a name that is valid on every file system."""

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

NAME = "recording"  # attribute of the zarr group with the name of the recording
_MAX_BYTES = 200  # file systems allow 255, and some are needed for extensions
_RESERVED = {"zarr.json"}  # zarr has this file in the same folder
_RETRIES = 5  # on Windows a folder cannot be moved while a virus scanner reads it


def recording_folder(root: Path, name: str) -> Path | None:
    """Find the folder of a recording in a store.

    Parameters
    ----------
    root : Path
        Folder of the store.
    name : str
        Name of the recording.

    Returns
    -------
    Path or None
        None if the store does not have this recording.
    """
    return next((root / one for one in _candidates(name) if stored_name(root / one) == name), None)


def free_folder(root: Path, name: str) -> Path:
    """Choose the folder for a recording: its own, or one that no other recording uses.

    The folder has the name of the recording. A suffix is added if a file system could reject or change the
    name, or confuse it with another recording in the store (upper and lower case).

    Parameters
    ----------
    root : Path
        Folder of the store.
    name : str
        Name of the recording.

    Returns
    -------
    Path
        Folder. It need not exist. If it exists, it belongs to this recording or is incomplete.
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
    """List the recordings in a store.

    Parameters
    ----------
    root : Path
        Folder of the store. It need not exist.

    Yields
    ------
    name : str
        Name of the recording.
    folder : Path
        Its folder.
    """
    for path in sorted(root.iterdir()) if root.is_dir() else ():
        name = stored_name(path)
        if name is not None:
            yield name, path


def stored_name(folder: Path) -> str | None:
    """Read the name of the recording in a folder.

    Parameters
    ----------
    folder : Path
        Folder in a store.

    Returns
    -------
    str or None
        None if the folder has no recording, or an incomplete one.
    """
    # The metadata are read directly as JSON because opening a zarr group takes twenty times as long.
    try:
        attributes = json.loads((folder / "zarr.json").read_bytes())["attributes"]
        return str(attributes[NAME])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remove_folder(folder: Path) -> None:
    """Delete a folder atomically: it is first renamed, then deleted.

    Parameters
    ----------
    folder : Path
        Folder. It need not exist.
    """
    if folder.exists():
        trash = folder.with_name(f".{uuid.uuid4().hex}.removed")
        move(folder, trash)
        shutil.rmtree(trash, ignore_errors=True)


def move(source: Path, target: Path) -> None:
    """Rename a file or folder, and retry while another process uses it.

    Parameters
    ----------
    source, target : Path
        Old and new path, on the same file system.

    Raises
    ------
    PermissionError
        If it is still in use after five attempts.
    """
    for turn in range(_RETRIES):
        try:
            os.replace(source, target)  # noqa: PTH105 - documented as atomic
            return
        except PermissionError:
            if turn == _RETRIES - 1:
                raise
            time.sleep(0.1 * 2**turn)


def remove_leftovers(root: Path) -> None:
    """Delete folders whose deletion was interrupted.

    Parameters
    ----------
    root : Path
        Folder of the store.
    """
    for trash in root.glob(".*.removed"):
        shutil.rmtree(trash, ignore_errors=True)


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
        and len(name.encode()) <= _MAX_BYTES
        and folder_key(name) not in _RESERVED
    )
