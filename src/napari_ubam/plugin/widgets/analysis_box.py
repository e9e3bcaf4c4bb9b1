"""Choose an analysis, set its parameters, compute it as a job, and see its result."""

from __future__ import annotations

from qtpy.QtWidgets import QComboBox

from napari_ubam.plugin.state.analyses import further_analyses

from .analysis_view import AnalysisView
from .sections import narrow


class AnalysisBox(AnalysisView):
    """Section for the analyses that are not in the Compare panel, such as those of other packages.

    It is made like an `AnalysisView`, and has a choice of analyses above it.
    """

    def _build(self) -> None:
        super()._build()
        self._known = further_analyses()
        self.choice = QComboBox()
        for name, analysis in self._known.items():
            self.choice.addItem(analysis.title, name)
        self.choice.setToolTip("The analysis to compute.")
        self.choice.currentIndexChanged.connect(lambda _: self._chosen())
        narrow(self.choice)
        self.column.insertWidget(0, self.choice)
        self._chosen()

    def _chosen(self) -> None:
        self.show_analysis(self._known.get(str(self.choice.currentData() or "")))
