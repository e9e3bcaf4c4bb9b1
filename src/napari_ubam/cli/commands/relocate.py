"""``napari-ubam relocate``: find the videos of a run again after they were moved."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_ubam.cli.app import app
from napari_ubam.cli.progress_and_refusals import refusals, working


@app.command()
def relocate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of the run.")],
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Folder in which the videos are now, with its folders.")
    ],
) -> None:
    """Find moved or renamed videos of a run by their content and name, and correct its study."""
    with refusals(), working() as (tell, cancel):
        from napari_ubam.run.relocating import relocate as search
        from napari_ubam.study.values import counted

        done = search(run, folder, progress=tell, cancel=cancel)
        for old, new in done.found.items():
            typer.echo(f"{old} -> {new}")
        typer.echo(f"{counted(len(done.found), 'file')} found, {done.kept} where they were.")
        if done.problems:
            typer.echo("\n".join(done.problems), err=True)
            raise typer.Exit(1)
