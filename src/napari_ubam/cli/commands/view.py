"""``napari-ubam view``: napari on a run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from napari_ubam.cli.app import app
from napari_ubam.cli.progress_and_refusals import refusals

_TRY_WINDOW = "from qtpy.QtWidgets import QApplication; QApplication(['napari-ubam'])"


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
        reason = _no_window()
        if reason:
            raise RunError(
                f"napari cannot open a window here ({reason}); start it on a computer with a screen, or in a "
                "remote desktop."
            )
        from napari_ubam.plugin.commands.view import view_run  # only now that there is a window

        view_run(opened.folder)


def _no_window() -> str:
    """Why Qt cannot show a window, empty if it can. Qt would end this process, so another one tries."""
    if sys.platform == "win32":
        return ""  # there is always a desktop, or the command could not be typed
    places = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform != "darwin" and not any(os.environ.get(name) for name in places):
        return "there is no display"
    tried = subprocess.run(
        [sys.executable, "-c", _TRY_WINDOW], capture_output=True, text=True, errors="replace", check=False
    )
    if tried.returncode == 0:
        return ""
    lines = [line.strip() for line in tried.stderr.splitlines() if line.strip()] or ["Qt failed"]
    told = next((line for line in lines if "display" in line or "plugin" in line), lines[-1])
    return told.partition(": ")[2].rstrip(".") or told
