"""Choice of the reference: a group or session of the study, or a filter that the user types."""

from __future__ import annotations

from psygnal import Signal
from qtpy.QtWidgets import QComboBox, QLabel, QVBoxLayout, QWidget

from napari_ubam.study import Study, StudyError
from napari_ubam.study.filters import condition
from napari_ubam.study.values import counted

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
    edited : Signal
        Emits when the text or what it selects may have changed.
    is_valid : bool
        Whether the filter selects recordings of the study.
    """

    chosen = Signal(str)
    edited = Signal()

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
        self.is_valid = False
        self.box.activated.connect(lambda _: self._choose())
        self.box.editTextChanged.connect(lambda _: self._describe())
        line = self.box.lineEdit()
        if line is not None:
            line.setPlaceholderText("choose the reference")
            line.editingFinished.connect(self._choose)

    @property
    def text(self) -> str:
        """The current filter."""
        return self.box.currentText().strip()

    def set_study(self, study: Study | None) -> None:
        """Offer the groups and sessions of a study. The filter stays as it is; nothing is chosen.

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
        self.set_text(kept)

    def set_text(self, text: str) -> None:
        """Show a filter; `chosen` does not emit.

        Parameters
        ----------
        text : str
            Filter, such as ``group=healthy``.
        """
        self.box.blockSignals(True)
        self.box.setCurrentIndex(self.box.findText(text))
        self.box.setEditText(text)
        self.box.blockSignals(False)
        self._describe()

    def _describe(self) -> None:
        """Say below the filter what it selects."""
        self.is_valid, text = False, ""
        if self._study is not None and self.text:
            try:
                chosen = self._study.select(self.text)
            except StudyError as error:
                text = str(error)
            else:
                self.is_valid = True
                every = counted(len(self._study), "recording")
                text = f"{len(chosen)} of {every}, {counted(len(chosen.subjects), 'subject')}"
        self.note.setText(text)
        self.note.setVisible(bool(text))
        self.edited.emit()

    def _choose(self) -> None:
        self._describe()
        if self.is_valid:
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
