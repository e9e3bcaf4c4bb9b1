"""Writes the files of an export: all or none is there beforehand, each appears when it is complete."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from napari_ubam.files import write_atomic
from napari_ubam.progress import Cancel, ProgressCallback, silent
from napari_ubam.runfolder.paths import CONFIG
from napari_ubam.versions import versions

from .data import ExportData
from .errors import ExportError
from .output import Work
from .registry import find_format

ORIGIN = "export.json"
"""File beside the others: what was exported, and what it was computed from."""


@dataclass(frozen=True)
class Exported:
    """What an export has written.

    Parameters
    ----------
    folder : Path
    files : tuple of Path
        Without ``export.json``.
    warnings : tuple of str
        Sentences for the user.
    """

    folder: Path
    files: tuple[Path, ...]
    warnings: tuple[str, ...] = ()


def export_data(
    data: ExportData,
    format_name: str,
    folder: Path,
    *,
    overwrite: bool = False,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> Exported:
    """Write results in a format of other programs.

    Parameters
    ----------
    data : ExportData
    format_name : str
        One of `FORMATS`.
    folder : Path
        Folder to write to. It is created if it does not exist.
    overwrite : bool
        Whether files that are there are replaced.
    progress, cancel : optional
        Called with the progress in files; checked at least before each file.

    Returns
    -------
    Exported

    Raises
    ------
    ExportError
        If there is no such format, a package that it needs is not installed, or a file is there already.
    Cancelled
        When ``cancel`` is set. Files that are complete stay.
    """
    chosen = find_format(format_name)
    chosen.require()
    folder = folder.absolute()
    outputs = list(chosen.outputs(data))
    if not outputs:
        raise ExportError(f"There is nothing to export as {format_name}; choose another format.")
    names = [one.name for one in outputs] + [ORIGIN]
    _spare_sources(folder, names, data)
    _check(folder, names, overwrite)
    work = Work(len(outputs), progress or silent, cancel)
    folder.mkdir(parents=True, exist_ok=True)
    for number, output in enumerate(outputs):
        work.done, work.name = number, output.name
        work.advance()
        path = folder / output.name
        draft = path.with_name(f"{path.stem}.{uuid4().hex[:8]}.draft{path.suffix}")
        try:
            output.write(draft, work)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    work.done = len(outputs)
    work.advance()
    _write_origin(folder, data, format_name, [one.name for one in outputs], work)
    return Exported(folder, tuple(folder / one.name for one in outputs), tuple(work.warnings))


def _spare_sources(folder: Path, names: list[str], data: ExportData) -> None:
    """Refuse to write over a video or into a run, even if files may be replaced."""
    if (folder / CONFIG).is_file():
        raise ExportError(f"{folder} is a run, whose tables have the same names; choose another folder.")
    videos = {one.recording.video.absolute() for one in data.recordings}
    for name in names:
        if folder / name in videos:
            raise ExportError(f"{folder / name} is a video of the study; choose another folder.")


def _check(folder: Path, names: list[str], overwrite: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise ExportError(f"{folder} is a file; choose a folder for the export.")
    there = [name for name in names if (folder / name).exists()]
    if there and not overwrite:
        raise ExportError(
            f"{folder / there[0]} exists already; choose another folder, or replace it with --overwrite "
            "(overwrite=True)."
        )


def _write_origin(folder: Path, data: ExportData, format_name: str, names: list[str], work: Work) -> None:
    origin = {
        "format": format_name,
        "run": data.name,
        "files": names,
        "recordings": [one.name for one in data.recordings],
        "scored": dict(data.facts),
        "warnings": work.warnings,
        "versions": versions(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    write_atomic(folder / ORIGIN, (json.dumps(origin, indent=2) + "\n").encode())
