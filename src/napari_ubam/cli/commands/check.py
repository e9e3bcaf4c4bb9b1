"""``napari-ubam check``: open every video of a study and tell whether there is enough data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from napari_ubam.cli.app import app
from napari_ubam.cli.options import StudyFile
from napari_ubam.cli.progress_and_refusals import progress_bar, refusals


@app.command()
def check(
    study: StudyFile,
    full: Annotated[
        bool, typer.Option("--full", help="Decode every frame instead of a sample, and list damaged frames.")
    ] = False,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Also write the report to a JSON file.")
    ] = None,
) -> None:
    """Open every video of a study, list all problems, and tell whether there is enough data."""
    with refusals():
        from napari_ubam.check import check_study
        from napari_ubam.check.render import show
        from napari_ubam.study import Study

        table = Study.from_csv(study)
        with progress_bar("Checking") as advance:
            report = check_study(table, full=full, progress=advance)
        show(report, sys.stdout)  # first, so that it is seen even where the file cannot be written
        if json is not None:
            json.write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
        if report.ok:
            return
        if not sys.stdout.isatty():  # the report goes to a file, but the errors must still be seen
            typer.echo("\n".join(map(str, report.errors)), err=True)
        raise typer.Exit(1)
