"""``napari-ubam track``: crops that follow subjects which move through the picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_ubam.cli.app import app
from napari_ubam.cli.options import StudyFile
from napari_ubam.cli.progress_and_refusals import refusals, working


@app.command()
def track(
    study: StudyFile,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Study to write. Default: STUDY_tracked.csv beside the study."
        ),
    ] = None,
    align: Annotated[
        str,
        typer.Option(
            metavar="heading|position|none",
            help="Crops turn with the subject, only follow it, or are boxes of whole pixels.",
        ),
    ] = "heading",
    tail: Annotated[
        str, typer.Option(metavar="POINT", help="Key point towards the tail, to use the column keypoints.")
    ] = "",
    head: Annotated[str, typer.Option(metavar="POINT", help="Key point towards the head.")] = "",
    margin: Annotated[
        float, typer.Option(help="Space around the body, as part of the longer side of its box.")
    ] = 0.2,
) -> None:
    """Find subjects that move through the picture, and write a study whose crops follow them."""
    with refusals():
        from napari_ubam.study import Study
        from napari_ubam.tracking import TrackingError, track_study
        from napari_ubam.tracking.of_study import default_table, tracks_folder
        from napari_ubam.tracking.sheet import write_sheet

        table = Study.from_csv(study)
        path = (out or default_table(study)).absolute()
        if path.suffix.lower() != ".csv" or (path.exists() and path.samefile(study)):
            raise TrackingError(f"{path} cannot be the new study; give another file that ends in .csv.")
        with working() as (tell, cancel):
            result = track_study(
                table,
                align=align,
                tail=tail,
                head=head,
                margin=margin,
                folder=tracks_folder(path),
                progress=tell,
                cancel=cancel,
            )
        if not result.found:
            raise TrackingError("No recording got a track, so nothing is written.")
        result.study.to_csv(path)
        movement = path.with_name(f"{path.stem}_movement.csv")
        result.movement.to_csv(movement, index=False)
        sheet = write_sheet([result.study[name] for name in result.found], path.with_suffix(".png"))
        left = f"; {len(result.refused)} stay as they were" if result.refused else ""
        kept = f"; {len(result.kept)} were up to date and were not made again" if result.kept else ""
        typer.echo(f"{path}\n{movement}\n{sheet}")
        typer.echo(f"Tracks of {len(result.found)} of {len(table)} recordings{left}{kept}.")
