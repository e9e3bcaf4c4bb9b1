"""Notices when another window, a command or a script has changed a run. Needs neither Qt nor napari."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from napari_ubam.jobs import JOBS
from napari_ubam.runfolder.paths import (
    BEHAVIOUR,
    CHECKPOINTS,
    EMBEDDINGS,
    MAGNIFIER,
    MAGNIFIER_CHECKPOINTS,
    MAP_RESULT,
    POSTURE,
    STUDY,
)

FileStates = tuple[tuple[str, int, int], ...]
"""Name, time of the last change and size of files and folders."""

INTERVAL = 1.0  # seconds between two looks
WATCHED = (POSTURE, BEHAVIOUR, MAGNIFIER, STUDY, EMBEDDINGS, CHECKPOINTS, MAGNIFIER_CHECKPOINTS, JOBS)
WITHOUT_RESULTS = {CHECKPOINTS, MAGNIFIER_CHECKPOINTS, JOBS}
NOT_SHOWN = f"{MAP_RESULT}.json"  # a map is read when it is asked for


def states_of(folder: Path) -> FileStates:
    """Look at the files from which the contents of a run are read. Fast, since no file is opened.

    Parameters
    ----------
    folder : Path
        Folder of the run. It need not exist.

    Returns
    -------
    FileStates
        Of those that exist, in alphabetical order.
    """
    found = []
    with suppress(OSError):
        names = {*WATCHED, *(path.name for path in folder.glob("*.json"))} - {NOT_SHOWN}
        for name in sorted(names):
            with suppress(OSError):  # it does not exist, or is being replaced
                facts = (folder / name).stat()
                found.append((name, facts.st_mtime_ns, facts.st_size))
    return tuple(found)


def results_in(files: FileStates) -> FileStates:
    """Keep the files of model, study, codes and results.

    Parameters
    ----------
    files : FileStates

    Returns
    -------
    FileStates
    """
    return tuple(one for one in files if one[0] not in WITHOUT_RESULTS)


class RunWatch:
    """Tells when a run should be read again. It looks once a second at most, and reads no file.

    Parameters
    ----------
    clock : callable
        Gives seconds.
    look : callable
        Gives the states of the files of a folder.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        look: Callable[[Path], FileStates] = states_of,
    ) -> None:
        self._clock, self._look = clock, look
        self._looked = -INTERVAL
        self._seen: FileStates = ()
        self._asked: FileStates | None = None

    def is_due(self, folder: Path, known: FileStates) -> bool:
        """Look whether the run has changed since it was read.

        Results that are just being written are left alone until two looks see the same. A new job is told
        at once. Each change is told once, so a run that cannot be read is not read again and again.

        Parameters
        ----------
        folder : Path
            Folder of the run.
        known : FileStates
            Its files as they were when it was read.

        Returns
        -------
        bool
        """
        now = self._clock()
        if now - self._looked < INTERVAL:
            return False
        self._looked = now
        files = self._look(folder)
        is_settled, self._seen = files == self._seen, files
        if files in (known, self._asked):
            return False
        if not is_settled and results_in(files) != results_in(known):
            return False
        self._asked = files
        return True
