"""One row of thumbnails to click on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from psygnal import Signal
from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QIcon, QImage, QPixmap
from qtpy.QtWidgets import QListView, QListWidget, QListWidgetItem

SIZE = 96  # pixels


class Strip(QListWidget):
    """Thumbnails, each with a text below.

    Attributes
    ----------
    chosen : Signal
        Emits the number of the clicked thumbnail, from 0.
    """

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setIconSize(QSize(SIZE, SIZE))
        self.setGridSize(QSize(SIZE + 8, SIZE + 38))
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setWordWrap(True)
        self.setWrapping(False)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._fit(SIZE // 2)
        self.setObjectName("strip")
        self.setToolTip("Click a picture to show its frame in the viewer.")
        self.itemClicked.connect(lambda item: self.chosen.emit(self.row(item)))

    def show_pictures(self, pictures: Sequence[npt.NDArray[np.uint8]], texts: Sequence[str]) -> None:
        """Show pictures in place of those before.

        Parameters
        ----------
        pictures : sequence of (y, x, 3) uint8 array
            RGB.
        texts : sequence of str
            One for each picture.
        """
        self.clear()
        height = max((picture.shape[0] for picture in pictures), default=SIZE)
        self._fit(height)
        for picture, text in zip(pictures, texts, strict=True):
            item = QListWidgetItem(_icon(picture), text)
            item.setToolTip(text.replace("\n", ", ") + ". Click to show this frame.")
            item.setTextAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
            self.addItem(item)

    def _fit(self, height: int) -> None:
        """Be as high as a picture of this height, two lines of text and the scroll bar."""
        lines = 2 * self.fontMetrics().lineSpacing() + 8
        self.setIconSize(QSize(SIZE, height))
        self.setGridSize(QSize(SIZE + 6, height + lines))
        bar = self.horizontalScrollBar()
        self.setFixedHeight(height + lines + (bar.sizeHint().height() if bar is not None else 16) + 6)


def _icon(picture: npt.NDArray[np.uint8]) -> QIcon:
    data = np.ascontiguousarray(picture)
    height, width = data.shape[:2]
    image = QImage(data.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
    return QIcon(QPixmap.fromImage(image))
