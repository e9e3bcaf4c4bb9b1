"""The command ``napari-ubam`` and the options that come before its commands."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Annotated

import typer

from napari_ubam.threads import set_threads

from .progress_and_refusals import log_events

app = typer.Typer(
    name="napari-ubam",
    help="Unsupervised analysis and magnification of behaviour in videos.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line."""
    set_threads()
    # A pipe's encoding may lack a letter of a file's name; that must not end the command.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    app()


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"napari-ubam {installed_version('napari-ubam')}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    events: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the progress to this file as JSON lines. The command stops when FILE.stop appears.",
        ),
    ] = None,
) -> None:
    """Unsupervised analysis and magnification of behaviour in videos."""
    if events is not None:
        log_events(context, events)
