"""A window on a run, for the command ``napari-ubam view``."""

from __future__ import annotations

from pathlib import Path

import napari

from napari_ubam.plugin.panels.compare import ComparePanel
from napari_ubam.plugin.panels.deviation import DeviationPanel
from napari_ubam.plugin.panels.explore import ExplorePanel
from napari_ubam.plugin.panels.magnify import MagnifyPanel
from napari_ubam.plugin.panels.study import StudyPanel
from napari_ubam.plugin.panels.timeline import open_timeline
from napari_ubam.plugin.panels.train import TrainPanel
from napari_ubam.plugin.viewer.link import link_of

PANELS = {
    "Study": StudyPanel,
    "Train": TrainPanel,
    "Deviation": DeviationPanel,
    "Explore": ExplorePanel,
    "Magnify": MagnifyPanel,
    "Compare": ComparePanel,
}
FIRST = "Deviation"  # that is seen


def view_run(folder: Path, *, block: bool = True) -> napari.Viewer:
    """Open a viewer with the panels, and a run in it.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    block : bool
        Whether to return only when the window was closed.

    Returns
    -------
    napari.Viewer
    """
    viewer = napari.Viewer(title=f"uBAM {folder.name}")
    show_run(viewer, folder)
    if block:
        napari.run()
    return viewer


def show_run(viewer: napari.Viewer, folder: Path) -> None:
    """Open all panels in a viewer, read a run in a thread, and show its strongest episode.

    Parameters
    ----------
    viewer : napari.Viewer
    folder : Path
        Folder of the run.
    """
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
