"""Choice of the reference: a group or session of the study, or a filter that the user types."""

from __future__ import annotations

from psygnal import Signal
from qtpy.QtWidgets import QComboBox, QLabel, QVBoxLayout, QWidget

from napari_ubam.study import Study, StudyError
from napari_ubam.study.filters import condition

from .sections import narrow

TIP = (
    "Recordings that define what is normal: column=value, such as group=healthy. Join several conditions "
    "with 'and', such as group=healthy and session=0."
)


class ReferenceBox(QWidget):
    """An editable list of filters, with the number of recordings and subjects of the chosen one.

    Attributes
    ----------
    chosen : Signal
        Emits the filter when the user has chosen a valid one.
    """

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.box = QComboBox()
        self.box.setEditable(True)
        self.box.setToolTip(TIP)
        self.box.setObjectName("reference")
        narrow(self.box)
        self.note = QLabel()
        self.note.setWordWrap(True)
        column.addWidget(self.box)
        column.addWidget(self.note)
        self._study: Study | None = None
        self.box.activated.connect(lambda _: self._choose())
        line = self.box.lineEdit()
        if line is not None:
            line.editingFinished.connect(self._choose)

    @property
    def text(self) -> str:
        """The current filter."""
        return self.box.currentText().strip()

    def set_study(self, study: Study | None) -> None:
        """Offer the groups and sessions of a study.

        Parameters
        ----------
        study : Study or None
            None for an empty list.
        """
        self._study, kept = study, self.text
        self.box.blockSignals(True)
        self.box.clear()
        if study is not None:
            self.box.addItems(filters_of(study))
        self.box.blockSignals(False)
        self.set_text(kept or (self.box.itemText(0) if self.box.count() else ""))

    def set_text(self, text: str) -> None:
        """Show a filter; `chosen` does not emit.

        Parameters
        ----------
        text : str
            Filter, such as ``group=healthy``.
        """
        self.box.blockSignals(True)
        self.box.setCurrentText(text)
        self.box.blockSignals(False)
        self._describe()

    def _describe(self) -> bool:
        if self._study is None or not self.text:
            self.note.setText("")
            return False
        try:
            chosen = self._study.select(self.text)
        except StudyError as error:
            self.note.setText(str(error))
            return False
        many = f"{len(chosen)} of {len(self._study)} recordings, {len(chosen.subjects)} subjects"
        self.note.setText(many)
        return True

    def _choose(self) -> None:
        if self._describe():
            self.chosen.emit(self.text)


def filters_of(study: Study) -> list[str]:
    """List filters for the groups and sessions of a study.

    Parameters
    ----------
    study : Study

    Returns
    -------
    list of str
        Groups if there are several, then sessions if there are several.
    """
    groups = [condition("group", one) for one in study.groups] if len(study.groups) > 1 else []
    sessions = [condition("session", one) for one in study.sessions] if len(study.sessions) > 1 else []
    return groups + sessions
