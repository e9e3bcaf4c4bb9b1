"""One training at a time in the folder of a run."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.paths import TRAINING_LOCK, TRAINING_PROCESS


@contextmanager
def one_training(folder: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Lock the folder of a run for a training.

    The operating system holds the lock for the process, so a process that has ended or was killed does not
    hold it. On a network drive this also holds between computers, if the drive has locks.

    Parameters
    ----------
    folder : Path
        Folder of the run; created if it does not exist.
    say : callable
        Gets a sentence for the user if the drive has no locks.

    Raises
    ------
    RunError
        If another training runs in the folder. Nothing is changed.
    """
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    lock = _acquire(folder, say)
    try:
        if lock is not None:
            _describe(folder / TRAINING_PROCESS)
        yield
    finally:
        if lock is not None:
            with suppress(OSError):
                (folder / TRAINING_PROCESS).unlink(missing_ok=True)
            lock.release()
        if {one.name for one in folder.iterdir()} <= {TRAINING_LOCK}:  # a training that was refused
            with suppress(OSError):
                (folder / TRAINING_LOCK).unlink(missing_ok=True)
                if made:
                    folder.rmdir()


def _acquire(folder: Path, say: Callable[[str], None]) -> FileLock | None:
    lock = FileLock(folder / TRAINING_LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        if _has_locks(folder):
            raise RunError(
                f"Another training already runs in {folder}{_described(folder / TRAINING_PROCESS)}; wait for "
                "its end or stop it, or choose another folder."
            ) from None
    except NotImplementedError:
        pass
    else:
        return lock
    say(
        f"The drive of {folder} has no locks, so a second training in this folder would not be noticed; "
        "start only one."
    )
    return None


def _has_locks(folder: Path) -> bool:
    """Try a lock that nobody else can hold. Some network drives refuse all."""
    probe = folder / f"{TRAINING_LOCK}.{os.getpid()}"
    try:
        with FileLock(probe, timeout=0):
            return True
    except (Timeout, NotImplementedError):
        return False
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)


def _describe(path: Path) -> None:
    now = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")
    with suppress(OSError):
        path.write_text(json.dumps({"process": os.getpid(), "computer": platform.node(), "started": now}))


def _described(path: Path) -> str:
    try:
        told = json.loads(path.read_text())
        return f" (process {told['process']} on {told['computer']}, since {told['started']})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
