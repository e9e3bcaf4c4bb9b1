"""``napari-ubam export``: the results in the formats of other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_ubam.cli.app import app
from napari_ubam.cli.options import RunFolder
from napari_ubam.cli.progress_and_refusals import load_libraries, refusals, working
from napari_ubam.progress import Progress


@app.command()
def export(
    run: RunFolder,
    format: Annotated[
        str,
        typer.Option(
            metavar="FORMAT", help="One of csv, parquet, nwb, netcdf, boris, elan, mp4 and figures."
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder to write to.")],
    where: Annotated[
        str, typer.Option(metavar="FILTER", help="Export only these recordings, such as group=stroke.")
    ] = "",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that are there already.")
    ] = False,
) -> None:
    """Write scores, episodes and subjects in the format of another program."""
    with refusals(), working() as (tell, cancel):
        load_libraries(tell)
        from napari_ubam.run import Run
        from napari_ubam.study.values import counted

        done = Run.open(run).export(
            format, out, where=where, overwrite=overwrite, progress=tell, cancel=cancel
        )
        for sentence in done.warnings:
            tell(Progress("export", 0, 0, message=sentence))  # windows show it, too
        typer.echo(f"Wrote {counted(len(done.files), 'file')} in the format {format} to {done.folder}.")
