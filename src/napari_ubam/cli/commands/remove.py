"""``napari-ubam remove``: take recordings out of a run."""

from __future__ import annotations

from typing import Annotated

import typer

from napari_ubam.cli.app import app
from napari_ubam.cli.options import RunFolder
from napari_ubam.cli.progress_and_refusals import refusals


@app.command()
def remove(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Names of recordings of the run.")],
    run: RunFolder,
) -> None:
    """Remove recordings from the study of a run; their embeddings stay on disk."""
    with refusals():
        from napari_ubam.run import Run
        from napari_ubam.runfolder.scored_recordings import stale_scores
        from napari_ubam.study.values import counted

        opened = Run.open(run)
        left = opened.remove(names)
        gone = counted(len(set(names)), "recording")
        typer.echo(f"Removed {gone}; the study of {run} has {counted(len(left), 'recording')} left.")
        sentence = stale_scores(opened.folder)
        if sentence is not None:
            typer.echo(sentence, err=True)
