"""``napari-ubam embed``: embeddings of all recordings."""

from __future__ import annotations

import typer

from napari_ubam.cli.app import app
from napari_ubam.cli.options import Device, RunFolder, Scheduler, StudyFile
from napari_ubam.cli.progress_and_refusals import load_libraries, refusals, working


@app.command()
def embed(
    study: StudyFile,
    run: RunFolder,
    scheduler: Scheduler = None,
    device: Device = "auto",
) -> None:
    """Compute the posture and behaviour embeddings of all recordings that have none yet."""
    with refusals(), working(run, "embed") as (tell, cancel):
        load_libraries(tell)
        from napari_ubam.run import Run
        from napari_ubam.study import Study
        from napari_ubam.study.values import counted

        opened = Run.open(run)
        report = opened.embed(
            Study.from_csv(study), device=device, scheduler=scheduler, progress=tell, cancel=cancel
        )
        typer.echo(
            f"{counted(len(report.done), 'recording')} embedded, {len(report.skipped)} were there already."
        )
        for name, sentence in report.failed:
            typer.echo(f"{name} failed: {sentence}", err=True)
        if report.failed:
            raise typer.Exit(1)
