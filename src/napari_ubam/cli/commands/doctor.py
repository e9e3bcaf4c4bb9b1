"""``napari-ubam doctor``: what this installation has, and what will not work."""

from __future__ import annotations

import typer

from napari_ubam.cli.app import app
from napari_ubam.cli.progress_and_refusals import refusals


@app.command()
def doctor() -> None:
    """Print versions, device, decoder, disk and caches, and a sentence for each thing that will not work."""
    with refusals():
        from napari_ubam.doctor import examine

        typer.echo(str(examine()))
