"""Boxes to choose among the labels of intervals inside recordings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qtpy.QtWidgets import QCheckBox, QLabel, QVBoxLayout, QWidget

TIP = "Compare the times of these intervals within each subject."
ONE = "Compared with all other times of the same recordings."
NONE = "Tick at least one label."


class LabelChoice(QWidget):
    """A box for each label, all ticked at first.

    Parameters
    ----------
    changed : callable
        Called without arguments at each change of the user.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        super().__init__()
        self._changed = changed
        self._boxes: list[QCheckBox] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self.note = QLabel()
        self.note.setWordWrap(True)
        self._column.addWidget(self.note)

    def offer(self, labels: Sequence[str]) -> None:
        """Show a box for each label, unless they are there already.

        Parameters
        ----------
        labels : sequence of str
        """
        if [box.text() for box in self._boxes] == list(labels):
            return
        for box in self._boxes:
            self._column.removeWidget(box)
            box.deleteLater()
        self._boxes = [self._box(label) for label in labels]
        for number, box in enumerate(self._boxes):
            self._column.insertWidget(number, box)
        self._tell()

    @property
    def chosen(self) -> tuple[str, ...]:
        """Labels that are ticked."""
        return tuple(box.text() for box in self._boxes if box.isChecked())

    def choose(self, labels: Sequence[str]) -> None:
        """Tick these labels, and no others.

        Parameters
        ----------
        labels : sequence of str
        """
        for box in self._boxes:
            box.blockSignals(True)
            box.setChecked(box.text() in labels)
            box.blockSignals(False)
        self._tell()

    def _box(self, label: str) -> QCheckBox:
        box = QCheckBox(label)
        box.setToolTip(TIP)
        box.setChecked(True)
        box.toggled.connect(lambda _: self._toggled())
        return box

    def _toggled(self) -> None:
        self._tell()
        self._changed()

    def _tell(self) -> None:
        text = {0: NONE, 1: ONE}.get(len(self.chosen), "")
        self.note.setText(text)
        self.note.setVisible(bool(text))
