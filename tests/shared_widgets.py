"""Helpers for tests of panels."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from qtpy.QtCore import QCoreApplication, QEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QWidget

from napari_ubam.run import Run
from napari_ubam.runfolder.recordings import read_recordings

Wait = Callable[..., None]


def delete(widget: QWidget) -> None:
    widget.close()
    widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    QTest.qWait(10)


def keep_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the panels write no settings."""
    for name in ("train", "deviation", "magnified_results"):
        monkeypatch.setattr(f"napari_ubam.plugin.panels.{name}.remember", lambda **_: None)


def copy_of(run: Run, folder: Path) -> Path:
    """Copy a run, without its jobs."""
    shutil.copytree(run.folder, folder, ignore=shutil.ignore_patterns("jobs"))
    read_recordings(run.folder).to_csv(folder / "study.csv")  # the paths in it are relative
    return folder
