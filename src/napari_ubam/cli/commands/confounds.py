"""The command that tells what else can be read from codes and scores."""

from __future__ import annotations

from typing import Annotated

import typer

from napari_ubam.cli.analysis_results import print_files, print_sentences
from napari_ubam.cli.app import app
from napari_ubam.cli.options import RunFolder
from napari_ubam.cli.progress_and_refusals import refusals, working


@app.command()
def confounds(
    run: RunFolder,
    by: Annotated[
        str, typer.Option(metavar="COLUMN", help="Column of the study whose values are compared.")
    ] = "group",
    where: Annotated[
        str, typer.Option(metavar="FILTER", help="Use only these recordings, such as session=3.")
    ] = "",
    permutations: Annotated[int, typer.Option(help="Number of permutations of each test.")] = 1000,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
) -> None:
    """Tell whether subject, session, light or camera can be read from codes and scores."""
    with refusals(), working(run, "confounds") as (tell, cancel):
        from napari_ubam.run import Run

        result = Run.open(run).confounds(
            by, where=where, permutations=permutations, seed=seed, progress=tell, cancel=cancel
        )
        print_sentences(result)
        print_files(result, run, figure=False)
