"""Choose an analysis, set its parameters, compute it as a job, and see its result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtWidgets import QComboBox, QVBoxLayout

from napari_ubam.plugin.state.analyses import Place, further_analyses
from napari_ubam.plugin.state.session import Session
from napari_ubam.plugin.viewer.theme import Colours
from napari_ubam.plugin.viewer.worker import Worker

from .analysis_view import AnalysisView
from .sections import narrow


class AnalysisBox(AnalysisView):
    """Section for the analyses that are not in the Compare panel, such as those of other packages.

    Parameters
    ----------
    session : Session
    worker : Worker
        Reads results in a thread.
    say : callable
        Shows a sentence to the user.
    play : callable
        Takes a recording and frames from a row that was double-clicked.
    colours : Colours
        Colours of the viewer's theme.
    """

    def __init__(
        self,
        session: Session,
        worker: Worker,
        say: Callable[[str], None],
        play: Callable[[Place], None],
        colours: Colours,
    ) -> None:
        super().__init__(session, worker, say, play, colours)
        self._known = further_analyses()
        self.choice = QComboBox()
        for name, analysis in self._known.items():
            self.choice.addItem(analysis.title, name)
        self.choice.setToolTip("The analysis to compute.")
        self.choice.currentIndexChanged.connect(lambda _: self._chosen())
        narrow(self.choice)
        column: Any = self.layout()
        if isinstance(column, QVBoxLayout):
            column.insertWidget(0, self.choice)
        self._chosen()

    def _chosen(self) -> None:
        self.show_analysis(self._known.get(str(self.choice.currentData() or "")))
