"""``napari-ubam report``: the results as one HTML page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from napari_ubam.cli.app import app
from napari_ubam.cli.options import RunFolder
from napari_ubam.cli.progress_and_refusals import refusals

if TYPE_CHECKING:
    pass


@app.command()
def report(run: RunFolder) -> None:
    """Write the results of a run as one HTML page with all figures."""
    with refusals():
        from napari_ubam.run import Run

        typer.echo(f"The report is {Run.open(run).report()}.")
