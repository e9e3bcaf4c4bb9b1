"""``napari-ubam magnify``: a video with the deviation magnified."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_ubam.cli.app import app
from napari_ubam.cli.options import Device, RecordingName, Reference, RunFolder
from napari_ubam.cli.progress_and_refusals import frame_range, load_libraries, refusals, working
from napari_ubam.magnification.defaults import FACTOR, SMOOTHING_MS


@app.command()
def magnify(
    recording: RecordingName,
    run: RunFolder,
    reference: Reference,
    out: Annotated[Path, typer.Option(metavar="FILE", help="File to write: .mp4, .tif or .zarr.")],
    factor: Annotated[
        float, typer.Option(help="0 shows the reference posture, 1 the original, above 1 magnifies.")
    ] = FACTOR,
    frames: Annotated[
        str | None,
        typer.Option(
            metavar="START:STOP", help="Frames to write, such as 100:220 for frames 100 to 219. Default: all."
        ),
    ] = None,
    smoothing: Annotated[
        float,
        typer.Option(min=0, metavar="MS", help="Smooth the change towards the reference over this time."),
    ] = SMOOTHING_MS,
    side_by_side: Annotated[
        bool,
        typer.Option(
            "--side-by-side", help="Show the original, the magnified frame and their difference side by side."
        ),
    ] = False,
    label: Annotated[
        bool, typer.Option("--label", help="Write the factor and the reference into each frame.")
    ] = False,
    sweep: Annotated[
        Path | None,
        typer.Option(metavar="PNG", help="Also write an image of the middle frame at several factors."),
    ] = None,
    arrows: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="Also write a table of the movement between original and magnified frames, in pixels.",
        ),
    ] = None,
    device: Device = "auto",
) -> None:
    """Magnify the deviation of a recording from the reference, and write the frames."""
    with refusals(), working() as (tell, cancel):
        load_libraries(tell)
        from napari_ubam.magnification.export import export
        from napari_ubam.magnification.prepare import magnification
        from napari_ubam.run import Run
        from napari_ubam.study.values import counted

        made = magnification(
            Run.open(run).folder,
            recording,
            reference,
            factor,
            frames=frame_range(frames),
            smoothing_ms=smoothing,
            device=device,
            cancel=cancel,
        )
        for sentence in made.metadata["warnings"]:
            typer.echo(sentence, err=True)
        path = export(made, out, side_by_side=side_by_side, label=label, progress=tell, cancel=cancel)
        if sweep is not None:
            from napari_ubam.report import save, sweep_sheet

            middle = int(made.numbers[len(made.numbers) // 2])
            title = f"{recording}, frame {middle}, reference {reference}"
            save(sweep_sheet(made.sweep(middle), title), sweep)
        if arrows is not None:
            table = made.arrows(progress=tell, cancel=cancel)
            arrows.parent.mkdir(parents=True, exist_ok=True)
            table.to_csv(arrows, index=False)
        typer.echo(f"Wrote {counted(len(made.numbers), 'frame')} at factor {factor:g} to {path}.")
