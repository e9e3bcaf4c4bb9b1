"""``napari-ubam map``: all frames on a plane."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from napari_ubam.cli.app import app
from napari_ubam.cli.options import Individual, Kind, RunFolder
from napari_ubam.cli.progress_and_refusals import refusals, working
from napari_ubam.kinds import INDIVIDUAL, MAP_KIND


@app.command("map")
def draw_map(
    run: RunFolder,
    kind: Kind = MAP_KIND,
    individual: Individual = INDIVIDUAL,
    method: Annotated[str, typer.Option(help="Method: umap or pca.")] = "umap",
    colour: Annotated[
        str, typer.Option(help="Colour of the points: group, subject, session or deviation.")
    ] = "group",
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
    out: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Image file. Default: figures/map.png in the run.")
    ] = None,
) -> None:
    """Map all frames to a plane: frames with similar embeddings are close to each other."""
    with refusals(), working() as (tell, cancel):
        from napari_ubam.report import map_figure, save
        from napari_ubam.run import Run
        from napari_ubam.runfolder.paths import figure_file
        from napari_ubam.study.values import counted

        explorer = Run.open(run).explorer()
        choices: dict[str, Any] = {"kind": kind, "individual": individual, "method": method, "seed": seed}
        table = explorer.map(**choices, progress=tell, cancel=cancel)
        if colour == "deviation":
            table = explorer.with_deviation(table, kind=kind)  # type: ignore[arg-type]
        path = out or explorer.folder / figure_file("map")
        save(map_figure(table, colour), path)
        for note in explorer.notes(individual):  # type: ignore[arg-type]
            typer.echo(note, err=True)
        what = (
            f"{counted(len(table), 'frame')} {'without' if individual == 'remove' else 'with'} the individual"
        )
        typer.echo(f"Mapped {what}: {explorer.folder / 'map.csv'}; the image is {path}.")
