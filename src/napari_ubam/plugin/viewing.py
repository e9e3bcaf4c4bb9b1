"""A window on a run, for the command ``napari-ubam view``."""

from __future__ import annotations

from pathlib import Path

import napari

from .panels.deviation import DeviationPanel
from .panels.explore import ExplorePanel
from .panels.magnify import MagnifyPanel
from .panels.study import StudyPanel
from .panels.timeline import open_timeline
from .panels.train import TrainPanel
from .viewer_link import link_of

PANELS = {
    "Study": StudyPanel,
    "Train": TrainPanel,
    "Deviation": DeviationPanel,
    "Explore": ExplorePanel,
    "Magnify": MagnifyPanel,
}
FIRST = "Deviation"  # that is seen


def view_run(folder: Path, *, block: bool = True) -> napari.Viewer:
    """Open a viewer with the panels, and a run in it.

    Parameters
    ----------
    folder : Path
        Of the run.
    block : bool
        Whether to return only when the window was closed.

    Returns
    -------
    napari.Viewer
    """
    viewer = napari.Viewer(title=f"uBAM {folder.name}")
    docks = {
        name: viewer.window.add_dock_widget(make(viewer), name=name, area="right", tabify=True)
        for name, make in PANELS.items()
    }
    open_timeline(viewer)
    docks[FIRST].raise_()
    link = link_of(viewer)

    def show_strongest() -> None:
        results, contents = link.session.results, link.session.contents
        if results is not None and len(results.episodes):
            one = results.episodes.sort_values("peak_percentile", ascending=False).iloc[0]
            link.show(str(one["recording"]), int(one["peak"]))
        elif contents is not None and contents.study is not None:
            link.show(contents.study.names[0])

    link.open_run(folder, then=show_strongest)
    if block:
        napari.run()
    return viewer
