"""What the export of a panel offers, refuses and starts. Needs neither Qt nor napari."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from napari_ubam.errors import UbamError
from napari_ubam.formats import FORMATS
from napari_ubam.study import Study

from .steps import Step

NO_FOLDER = "Choose a folder for the export first."


@dataclass(frozen=True)
class ExportChoice:
    """What the user has chosen.

    Parameters
    ----------
    format : str
        One of `napari_ubam.formats.FORMATS`.
    folder : str
        Folder to write to.
    where : str
        Filter of the recordings; empty for all.
    overwrite : bool
        Whether files that are there are replaced.
    """

    format: str
    folder: str
    where: str = ""
    overwrite: bool = False


def offered_formats() -> tuple[tuple[str, str], ...]:
    """List the formats.

    Returns
    -------
    tuple of (str, str)
        Name, and what is written.
    """
    return tuple((one.name, one.title) for one in FORMATS.values())


def default_folder(run: Path) -> Path:
    """Give the folder that is proposed for the exports of a run: beside it.

    Parameters
    ----------
    run : Path
        Folder of the run.

    Returns
    -------
    Path
    """
    return run.with_name(f"{run.name}-export")


def export_problem(choice: ExportChoice, study: Study | None) -> str:
    """Tell what is wrong with a choice, before a job is started.

    Parameters
    ----------
    choice : ExportChoice
    study : Study or None
        Recordings of the run.

    Returns
    -------
    str
        One sentence; empty if nothing is wrong.
    """
    if not choice.folder:
        return NO_FOLDER
    if missing := FORMATS[choice.format].missing:
        return missing
    if choice.where and study is not None:
        try:
            study.select(choice.where)
        except UbamError as error:
            return str(error)
    return ""


def export_step(run: Path, choice: ExportChoice) -> Step:
    """Export the results of a run.

    Parameters
    ----------
    run : Path
        Folder of the run.
    choice : ExportChoice

    Returns
    -------
    Step
    """
    folder = str(Path(choice.folder).expanduser().absolute())
    arguments = ["export", "--run", str(run), "--format", choice.format, "--out", folder]
    named = [repr(choice.format), repr(folder)]
    if choice.where:
        arguments += ["--where", choice.where]
        named.append(f"where={choice.where!r}")
    if choice.overwrite:
        arguments.append("--overwrite")
        named.append("overwrite=True")
    return Step(tuple(arguments), f"run = ubam.Run.open({str(run)!r})\nrun.export({', '.join(named)})")
