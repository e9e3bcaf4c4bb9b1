"""``napari-ubam neighbours``: the most similar frames of other subjects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_ubam.cli.app import app
from napari_ubam.cli.options import Individual, Kind, RecordingName, RunFolder
from napari_ubam.cli.progress_and_refusals import refusals
from napari_ubam.kinds import INDIVIDUAL, NEIGHBOURS_KIND

if TYPE_CHECKING:
    import pandas as pd

    from napari_ubam.run import Explorer


@app.command()
def neighbours(
    recording: RecordingName,
    frame: Annotated[int, typer.Argument(metavar="FRAME", help="Frame number, from 0.")],
    run: RunFolder,
    kind: Kind = NEIGHBOURS_KIND,
    individual: Individual = INDIVIDUAL,
    count: Annotated[int, typer.Option(min=1, help="Number of neighbours.")] = 8,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write the frames as an image (.png) or the table (.csv)."),
    ] = None,
) -> None:
    """Find the most similar frames of other subjects."""
    with refusals():
        from napari_ubam.run import Run

        explorer = Run.open(run).explorer()
        choices: dict[str, Any] = {"kind": kind, "individual": individual, "count": count}
        table = explorer.neighbours(recording, frame, **choices)
        for note in explorer.notes(individual):  # type: ignore[arg-type]
            typer.echo(note, err=True)
        typer.echo(table.round({"time": 3, "similarity": 3}).to_string(index=False))
        if out is not None and out.suffix.lower() == ".csv":
            table.to_csv(out, index=False)
        elif out is not None:
            _sheet(explorer, recording, frame, table, out)


def _sheet(explorer: Explorer, recording: str, frame: int, table: pd.DataFrame, out: Path) -> None:
    from napari_ubam.report import neighbour_sheet, save
    from napari_ubam.report.pictures import cropped_frames
    from napari_ubam.run import RunError
    from napari_ubam.runfolder.recordings import read_recording

    pictures, labels = [], []
    rows: list[dict[Any, Any]] = [{"recording": recording, "frame": frame}, *table.to_dict("records")]
    for one in rows:
        name, number = str(one["recording"]), int(one["frame"])
        found = cropped_frames(read_recording(explorer.folder, name), [number])
        if found is None:
            raise RunError(
                f"The video of {name} cannot be read now, so no image was written; check its path."
            )
        pictures.append(found[0])
        alike = f", {one['similarity']:.2f}" if "similarity" in one else ""
        labels.append(f"{name}\n{number}{alike}")
    save(neighbour_sheet([(pictures[0], labels[0], pictures[1:], labels[1:])]), out)
