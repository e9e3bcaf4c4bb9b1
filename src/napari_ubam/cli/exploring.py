"""Commands that show a run: its report, neighbours of a frame, the map of all frames, and the viewer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_ubam.kinds import KINDS, MAP_KIND, NEIGHBOURS_KIND

from .app import app
from .options import RecordingName, RunFolder
from .working import refusals, working

if TYPE_CHECKING:
    import pandas as pd

    from napari_ubam.run import Explorer

Kind = Annotated[str, typer.Option(help=f"Embedding: {' or '.join(KINDS)}.")]


@app.command()
def report(run: RunFolder) -> None:
    """Write the results of a run as one HTML page with all figures."""
    with refusals():
        from napari_ubam.run import Run

        typer.echo(f"The report is {Run.open(run).report()}.")


@app.command()
def neighbours(
    recording: RecordingName,
    frame: Annotated[int, typer.Argument(metavar="FRAME", help="Frame number, from 0.")],
    run: RunFolder,
    kind: Kind = NEIGHBOURS_KIND,
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
        table = explorer.neighbours(recording, frame, kind=kind, count=count)  # type: ignore[arg-type]
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


@app.command("map")
def draw_map(
    run: RunFolder,
    kind: Kind = MAP_KIND,
    method: Annotated[str, typer.Option(help="Method: umap or pca.")] = "umap",
    colour: Annotated[
        str, typer.Option(help="Colour of the points: group, subject, session or deviation.")
    ] = "group",
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
    out: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Image file. Default: map.png in the run.")
    ] = None,
) -> None:
    """Map all frames to a plane: frames with similar embeddings are close to each other."""
    with refusals(), working() as (tell, cancel):
        from napari_ubam.report import map_figure, save
        from napari_ubam.run import Run

        explorer = Run.open(run).explorer()
        table = explorer.map(kind=kind, method=method, seed=seed, progress=tell, cancel=cancel)  # type: ignore[arg-type]
        if colour == "deviation":
            table = explorer.with_deviation(table, kind=kind)  # type: ignore[arg-type]
        path = out or explorer.folder / "map.png"
        save(map_figure(table, colour), path)
        typer.echo(f"{len(table)} frames are in {explorer.folder / 'map.csv'}, the image is {path}.")


@app.command()
def view(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of the run.")],
) -> None:
    """Open a run in napari, with all panels."""
    with refusals():
        from importlib.util import find_spec

        from napari_ubam.run import Run, RunError

        opened = Run.open(run)
        if not any(find_spec(name) for name in ("PyQt6", "PyQt5", "PySide6")):
            raise RunError(
                "napari cannot open a window because no Qt binding is installed; install napari-ubam[all]."
            )
        from napari_ubam.plugin.commands.view import view_run  # only now that there is a window

        view_run(opened.folder)
