"""How commands print the result of an analysis: what was found, and where the files are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from napari_ubam.runfolder.tables import Result


def print_sentences(result: Result) -> None:
    """Print the warnings of a result as errors, and then what was found and how.

    Parameters
    ----------
    result : Result
        Of a registered analysis.
    """
    from napari_ubam.analysis import find_analysis

    for sentence in result.warnings:
        typer.echo(sentence, err=True)
    for sentence in find_analysis(result.name).sentences(result):
        typer.echo(sentence)


def print_files(result: Result, run: Path, *, figure: bool = True) -> None:
    """Tell which files hold a result.

    Parameters
    ----------
    result : Result
    run : Path
        Folder of the run.
    figure : bool
        Whether the result has a figure.
    """
    tables = ", ".join(f"{name}.csv" for name in result.tables)
    facts = f"{result.name}.json"
    others = f", {facts} and figures/{result.name}.png" if figure else f" and {facts}"
    typer.echo(f"The tables ({tables}){others} are in {run}.")
