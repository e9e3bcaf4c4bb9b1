"""The part of a panel that exports the results of the run."""

from __future__ import annotations

from napari_ubam.plugin.widgets.export_box import ExportBox
from napari_ubam.plugin.widgets.folded import Folded

from .panel import Panel


def add_export(panel: Panel) -> Folded:
    """Put the export at the foot of a panel, closed at first.

    Parameters
    ----------
    panel : Panel

    Returns
    -------
    Folded
        Its ``inside`` is an `ExportBox`.
    """
    box = ExportBox(panel.session, panel.say)
    session = panel.session
    for signal in (session.run_changed, session.results_changed, session.job_changed):
        panel.observe(signal, box.refresh)
    part = Folded("Export", box)
    panel.column.addWidget(part)
    return part
