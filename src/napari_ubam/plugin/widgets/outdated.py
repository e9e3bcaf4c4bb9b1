"""How results look that no longer agree with the study: faded, with a sentence that says why."""

from __future__ import annotations

from qtpy.QtWidgets import QGraphicsOpacityEffect, QLabel, QWidget

OPACITY = 0.35


class OutdatedNote(QLabel):
    """A sentence with a mark at its side; hidden while there is nothing to say."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("outdated")
        self.setWordWrap(True)
        self.setStyleSheet("#outdated { border-left: 3px solid #ff8c1a; padding: 1px 0 1px 6px; }")
        self.setVisible(False)

    def show_note(self, sentence: str) -> None:
        """Show a sentence.

        Parameters
        ----------
        sentence : str
            Empty to hide the label.
        """
        self.setText(sentence)
        self.setVisible(bool(sentence))


def fade(on: bool, *widgets: QWidget) -> None:
    """Let widgets look faded, or as usual. They still take clicks.

    Parameters
    ----------
    on : bool
        True for faded.
    *widgets : QWidget
        Widgets that Qt paints; not those of OpenGL.
    """
    for widget in widgets:
        if on == (widget.graphicsEffect() is not None):
            continue
        effect = QGraphicsOpacityEffect(widget) if on else None
        if effect is not None:
            effect.setOpacity(OPACITY)
        widget.setGraphicsEffect(effect)
