"""The command that tells the group of subjects from their codes."""

from __future__ import annotations

from typing import Annotated

import typer

from napari_ubam.cli.analysis_results import print_files, print_sentences
from napari_ubam.cli.app import app
from napari_ubam.cli.options import RunFolder
from napari_ubam.cli.progress_and_refusals import refusals, working

SHOWN = 10  # spans that are printed


@app.command()
def classify(
    run: RunFolder,
    by: Annotated[
        str,
        typer.Option(
            metavar="COLUMN",
            help="Column of the study whose values are told apart: group or one of your own.",
        ),
    ] = "group",
    where: Annotated[
        str, typer.Option(metavar="FILTER", help="Use only these recordings, such as session=3.")
    ] = "",
    kind: Annotated[
        str, typer.Option(help="Codes that are used: behaviour (windows) or posture (single frames).")
    ] = "behaviour",
    permutations: Annotated[
        int, typer.Option(help="Number of labelings for p. All are counted if there are no more.")
    ] = 1000,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
) -> None:
    """Tell the group of each subject from codes, without having seen it. The unit is the subject."""
    with refusals(), working(run, "classify") as (tell, cancel):
        from napari_ubam.run import Run

        result = Run.open(run).classify(
            by,
            where=where,
            kind=kind,  # type: ignore[arg-type]  # the library refuses what it does not know
            permutations=permutations,
            seed=seed,
            progress=tell,
            cancel=cancel,
        )
        print_sentences(result)
        spans = result.tables["classify_episodes"]
        typer.echo(f"Windows that carried the decisions, the strongest {min(SHOWN, len(spans))}:")
        shown = ["recording", "decided", "start", "stop", "start_time", "stop_time", "evidence"]
        typer.echo(spans[shown].head(SHOWN).to_string(index=False, float_format="{:.4g}".format))
        print_files(result, run)
