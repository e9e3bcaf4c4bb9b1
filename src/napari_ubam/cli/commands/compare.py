"""The command that compares groups, conditions or sessions of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_ubam.cli.analysis_results import print_files, print_sentences
from napari_ubam.cli.app import app
from napari_ubam.cli.options import RunFolder
from napari_ubam.cli.progress_and_refusals import refusals, working

if TYPE_CHECKING:
    from napari_ubam.runfolder.tables import Result

By = Annotated[
    str,
    typer.Option(
        metavar="COLUMN",
        help="Column of the study whose values are compared: group, session or one of your own.",
    ),
]
Paired = Annotated[
    bool,
    typer.Option("--paired", help="The values are conditions of the same subjects, such as drug on and off."),
]
ByInterval = Annotated[
    list[str] | None,
    typer.Option(
        "--by-interval",
        metavar="LABEL",
        help="Compare intervals inside recordings within subjects, instead of a column; repeat it for more "
        "labels. A single one is compared with all other times.",
    ),
]
Measures = Annotated[
    list[str] | None,
    typer.Option(
        "--measure",
        metavar="NAME",
        help="What is compared: episodic, constant, time_in_episodes, episodes_per_minute, episode_seconds, "
        "or all. This option can be repeated. Default: episodic and constant.",
    ),
]
Where = Annotated[
    str, typer.Option(metavar="FILTER", help="Compare only these recordings, such as session=3.")
]
Baseline = Annotated[
    str,
    typer.Option(
        metavar="VALUE",
        help="Value that the others are compared with. Default: the one with the reference recordings.",
    ),
]
Adjust = Annotated[
    str, typer.Option(help="Adjustment of p for the number of tests: holm or bh (Benjamini-Hochberg).")
]
MixedModel = Annotated[
    bool,
    typer.Option(
        "--mixed-model", help="Also fit a mixed model, with sessions as repeated measurements of a subject."
    ),
]
Covariates = Annotated[
    list[str] | None,
    typer.Option(
        "--covariate",
        metavar="COLUMN",
        help="Column of the study that the model accounts for, such as age. This option can be repeated.",
    ),
]
Permutations = Annotated[
    int, typer.Option(help="Number of arrangements. All are counted if there are no more.")
]
MODEL_COLUMNS = ["measure", "term", "estimate", "low", "high", "dof", "p", "p_adjusted"]


@app.command()
def compare(
    run: RunFolder,
    by: By = "group",
    paired: Paired = False,
    by_interval: ByInterval = None,
    measures: Measures = None,
    where: Where = "",
    baseline: Baseline = "",
    adjust: Adjust = "holm",
    mixed_model: MixedModel = False,
    covariates: Covariates = None,
    permutations: Permutations = 20_000,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
) -> None:
    """Compare groups, conditions or sessions of a scored run. The unit is the subject."""
    with refusals(), working(run, "compare") as (tell, cancel):
        from napari_ubam.analysis.groups import DEFAULT
        from napari_ubam.run import Run

        result = Run.open(run).compare(
            by,
            paired=paired,
            by_interval=by_interval or (),
            measures=measures or DEFAULT,
            where=where,
            baseline=baseline,
            adjust=adjust,  # type: ignore[arg-type]  # the library refuses what it does not know
            mixed_model=mixed_model,
            covariates=covariates or (),
            permutations=permutations,
            seed=seed,
            progress=tell,
            cancel=cancel,
        )
        _print(result, run)


def _print(result: Result, run: Path) -> None:
    print_sentences(result)
    if "compare_model" in result.tables:
        table = result.tables["compare_model"][MODEL_COLUMNS]
        typer.echo(table.to_string(index=False, float_format="{:.4g}".format, na_rep=""))
    print_files(result, run)
