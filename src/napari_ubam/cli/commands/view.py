"""``napari-ubam view``: napari on a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_ubam.cli.app import app
from napari_ubam.cli.progress_and_refusals import refusals

if TYPE_CHECKING:
    pass


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
