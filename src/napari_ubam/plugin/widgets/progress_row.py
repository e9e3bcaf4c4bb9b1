"""A progress bar with a Cancel button."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from .sections import button, row

STEPS = 1000


class ProgressRow(QWidget):
    """A progress bar with a Cancel button.

    Parameters
    ----------
    tip : str
        What Cancel does, for its tooltip.
    cancel : callable
        Called by Cancel.

    Attributes
    ----------
    bar : QProgressBar
    cancel : QPushButton
    """

    def __init__(self, tip: str, cancel: Callable[[], Any]) -> None:
        super().__init__()
        self.bar = QProgressBar()
        self.bar.setRange(0, STEPS)
        self.cancel = button("Cancel", tip, cancel)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row(self.bar, self.cancel, stretch=0))

    def show_progress(self, share: float | None, stopping: bool = False, can_be_ended: bool = False) -> None:
        """Show how much is done.

        Parameters
        ----------
        share : float or None
            Finished fraction, 0 to 1. None if it is unknown.
        stopping : bool
            Whether the work was asked to stop.
        can_be_ended : bool
            Whether another click ends work that was asked to stop.
        """
        steps, value = (0, 0) if share is None else (STEPS, round(STEPS * share))
        if self.bar.maximum() != steps:
            self.bar.setRange(0, steps)  # without a range, Qt shows "busy"
        if steps and self.bar.value() != value:
            self.bar.setUpdatesEnabled(False)  # else Qt draws the whole window before it returns
            self.bar.setValue(value)
            self.bar.setUpdatesEnabled(True)
        self.cancel.setText("Stop now" if can_be_ended else "Stopping …" if stopping else "Cancel")
        self.cancel.setEnabled(can_be_ended or not stopping)
