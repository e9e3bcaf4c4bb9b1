"""``napari-ubam report``: the results as one HTML page."""

from __future__ import annotations

from typing import Annotated

import typer

from napari_ubam.cli.app import app
from napari_ubam.cli.options import Device, RunFolder
from napari_ubam.cli.progress_and_refusals import load_libraries, refusals, working


@app.command()
def report(
    run: RunFolder,
    clips: Annotated[
        int,
        typer.Option(min=0, metavar="N", help="Show the strongest episode of N subjects as a clip; 0: none."),
    ] = 6,
    device: Device = "auto",
) -> None:
    """Write the results of a run as one HTML page with all figures and clips of the strongest episodes."""
    with refusals(), working() as (tell, cancel):
        load_libraries(tell)
        from napari_ubam.run import Run

        path = Run.open(run).report(clips=clips, device=device, progress=tell, cancel=cancel)
        typer.echo(f"The report is {path}.")
