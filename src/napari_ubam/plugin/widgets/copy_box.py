"""A button that copies the work of a panel as a Python script or as command lines."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QMenu, QPushButton

from napari_ubam.plugin.state.steps import Step, script


class CopyBox(QPushButton):
    """A button with a menu of two entries: Python script and command lines.

    Parameters
    ----------
    steps : callable
        Gives the steps with the current settings, or a sentence that says what is missing.
    say : callable
        Shows a sentence to the user.
    """

    def __init__(self, steps: Callable[[], list[Step] | str], say: Callable[[str], None]) -> None:
        super().__init__()
        self._steps, self._say = steps, say
        self.setText("Copy as script")
        self.setToolTip("Copy the work of this panel as a Python script or as command lines.")
        menu = QMenu(self)
        menu.addAction("Python script", self.copy_python)
        menu.addAction("Command lines", self.copy_command)
        self.setMenu(menu)

    def copy_python(self) -> None:
        """Copy a Python script to the clipboard."""
        self._copy(lambda steps: script(*steps), "The script")

    def copy_command(self) -> None:
        """Copy command lines to the clipboard."""
        self._copy(lambda steps: "\n".join(step.command for step in steps) + "\n", "The command line")

    def _copy(self, text: Callable[[list[Step]], str], what: str) -> None:
        steps, clipboard = self._steps(), QGuiApplication.clipboard()
        if isinstance(steps, str):
            self._say(steps)
        elif clipboard is not None:
            clipboard.setText(text(steps))
            self._say(f"{what} is in the clipboard.")
