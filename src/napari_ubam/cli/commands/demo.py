"""``napari-ubam demo``: the whole job on rendered animals."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_ubam.cli.app import app
from napari_ubam.cli.progress_and_refusals import refusals, working


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write to.")],
    steps: Annotated[
        int | None, typer.Option(min=1, help="Number of training steps; fewer steps are faster.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
    magnify: Annotated[
        bool, typer.Option("--magnify", help="Also magnify the strongest episode. This takes twice as long.")
    ] = False,
) -> None:
    """Run all steps on rendered animals, and compare the results with the ground truth."""
    with refusals(), working() as (tell, cancel):
        from napari_ubam.run.demo import run_demo

        for line in run_demo(folder, steps=steps, seed=seed, magnify=magnify, progress=tell, cancel=cancel):
            typer.echo(line)
