"""``napari-ubam score``: deviation from a reference."""

from __future__ import annotations

from typing import Annotated

import typer

from napari_ubam.cli.app import app
from napari_ubam.cli.options import Reference, RunFolder, Scheduler, StudyFile, Within
from napari_ubam.cli.progress_and_refusals import load_libraries, refusals, working


@app.command()
def score(
    study: StudyFile,
    run: RunFolder,
    reference: Reference,
    within: Within = "",
    scheduler: Scheduler = None,
    reference_frames: Annotated[
        int,
        typer.Option(min=1, help="Reference frames of all subjects together at most; fewer are faster."),
    ] = 200_000,
) -> None:
    """Score how much every frame, window and subject deviates from the reference."""
    with refusals(), working(run, "score") as (tell, cancel):
        load_libraries(tell)
        from napari_ubam.run import Run
        from napari_ubam.run.summary import summary_lines
        from napari_ubam.study import Study

        scores = Run.open(run).score_to_files(
            Study.from_csv(study),
            reference,
            within=within,
            scheduler=scheduler,
            reference_frames=reference_frames,
            progress=tell,
            cancel=cancel,
        )
        for line in summary_lines(scores):
            typer.echo(line)
        typer.echo(f"Tables and figures are in {run}.")
