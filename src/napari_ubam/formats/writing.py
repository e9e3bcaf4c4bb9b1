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

ORIGIN = "export-{format}.json"
"""File beside the others: what was exported in a format, and what it was computed from."""

OLD_ORIGIN = "export.json"  # name in exports of earlier versions, where each format had a folder


@dataclass(frozen=True)
class Exported:
    """What an export has written.

    Parameters
    ----------
    folder : Path
    files : tuple of Path
        Without the file that says what they were computed from, such as ``export-csv.json``.
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
    names = [one.name for one in outputs] + [ORIGIN.format(format=format_name)]
    _spare_sources(folder, names, data)
    old = _old_origin(folder, format_name)
    _check(folder, [*names, *([old.name] if old is not None else [])], overwrite)
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
    if old is not None:
        old.unlink(missing_ok=True)  # the new file says what these results were computed from
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


def _old_origin(folder: Path, format_name: str) -> Path | None:
    """Find the file of an earlier version that tells of an export in this format."""
    path = folder / OLD_ORIGIN
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return path if isinstance(known, dict) and known.get("format") == format_name else None


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
    path = folder / ORIGIN.format(format=format_name)
    write_atomic(path, (json.dumps(origin, indent=2) + "\n").encode())
