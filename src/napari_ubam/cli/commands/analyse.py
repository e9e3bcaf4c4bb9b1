"""The command that computes an analysis of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_ubam.cli.analysis_results import print_files, print_sentences
from napari_ubam.cli.app import app
from napari_ubam.cli.options import RunFolder
from napari_ubam.cli.progress_and_refusals import OptionError, refusals, working

if TYPE_CHECKING:
    from napari_ubam.runfolder.tables import Result

ROWS = 40  # rows of a table that are printed


@app.command()
def analyse(
    run: RunFolder,
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Name of the analysis. Without a name, all analyses are listed."),
    ] = None,
    values: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Parameter of the analysis. This option can be repeated."
        ),
    ] = None,
) -> None:
    """Compute an analysis of a run, print its tables, and write them to the run."""
    with refusals(), working(run, "analyse") as (tell, cancel):
        from napari_ubam.run import Run

        opened = Run.open(run)
        if name is None:
            _list_analyses()
            return
        parameters: dict[str, Any] = dict(_split(text) for text in values or [])
        result = opened.analyse(name, progress=tell, cancel=cancel, **parameters)
        _print(result, opened.folder)


def _list_analyses() -> None:
    from napari_ubam.analysis import analyses

    for name, analysis in analyses().items():
        typer.echo(f"{name}: {analysis.description}")
        for key, field in analysis.parameters.model_fields.items():
            default = field.get_default(call_default_factory=True)
            typer.echo(f"  --set {key}={default}  {field.description or ''}".rstrip())


def _split(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise OptionError(f"--set {text} is not a parameter; write KEY=VALUE, such as seed=1.")
    return key.strip(), value


def _print(result: Result, folder: Path) -> None:
    print_sentences(result)
    for name, table in result.tables.items():
        typer.echo(f"{name}:")
        typer.echo(table.head(ROWS).to_string(index=False, float_format="{:.4g}".format))
        if len(table) > ROWS:
            typer.echo(f"... and {len(table) - ROWS} more rows")
    print_files(result, folder, figure=False)
