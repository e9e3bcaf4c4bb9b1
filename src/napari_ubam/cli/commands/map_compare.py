"""The command that compares groups on the map."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_ubam.cli.analysis_results import print_files, print_sentences
from napari_ubam.cli.app import app
from napari_ubam.cli.options import Individual, Kind, RunFolder
from napari_ubam.cli.progress_and_refusals import refusals, working
from napari_ubam.kinds import INDIVIDUAL, MAP_KIND


@app.command("map-compare")
def map_compare(
    run: RunFolder,
    by: Annotated[
        str, typer.Option(metavar="COLUMN", help="Column of the study whose values are compared.")
    ] = "group",
    paired: Annotated[
        bool, typer.Option("--paired", help="The values are conditions of the same subjects.")
    ] = False,
    where: Annotated[
        str, typer.Option(metavar="FILTER", help="Use only these recordings, such as session=3.")
    ] = "",
    baseline: Annotated[
        str, typer.Option(metavar="VALUE", help="Value that the others are compared with.")
    ] = "",
    clusters: Annotated[
        int, typer.Option(help="Number of clusters. 0 chooses it by stability over halves of the subjects.")
    ] = 0,
    shortest: Annotated[
        float, typer.Option(help="Shortest bout in seconds. Shorter ones are joined to the one before.")
    ] = 0.2,
    kind: Kind = MAP_KIND,
    individual: Individual = INDIVIDUAL,
    method: Annotated[str, typer.Option(help="Method of the map: umap or pca.")] = "umap",
    adjust: Annotated[
        str, typer.Option(help="Adjustment of p for the number of tests: holm or bh (Benjamini-Hochberg).")
    ] = "holm",
    permutations: Annotated[
        int, typer.Option(help="Number of arrangements. All are counted if there are no more.")
    ] = 2000,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
    clips: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Also write a clip around the most typical frame of each cluster (WebP)."
        ),
    ] = None,
) -> None:
    """Compare groups on the map: density, time in clusters, transitions. The unit is the subject."""
    with refusals(), working(run, "map-compare") as (tell, cancel):
        from napari_ubam.run import Run
        from napari_ubam.run.cluster_clips import refuse_old_clips

        if clips is not None:
            refuse_old_clips(clips)
        result = Run.open(run).map_compare(
            by,
            paired=paired,
            where=where,
            baseline=baseline,
            clusters=clusters,
            shortest=shortest,
            kind=kind,  # type: ignore[arg-type]  # the library refuses what it does not know
            individual=individual,  # type: ignore[arg-type]
            method=method,  # type: ignore[arg-type]
            adjust=adjust,  # type: ignore[arg-type]
            permutations=permutations,
            seed=seed,
            progress=tell,
            cancel=cancel,
        )
        print_sentences(result)
        print_files(result, run)
        if clips is not None:
            made = Run.open(run).cluster_clips(clips, progress=tell, cancel=cancel)
            typer.echo(f"Wrote {len(made)} clips to {clips}.")
