"""A window on a run, for the command ``napari-ubam view``."""

from __future__ import annotations

from pathlib import Path

import napari

from .panels.timeline import open_timeline
from .viewer_link import link_of

PANELS = ("1 Study", "2 Train", "3 Deviation", "4 Explore", "5 Magnify")


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
    for name in PANELS:
        viewer.window.add_plugin_dock_widget("napari-ubam", name, tabify=name != PANELS[0])
    open_timeline(viewer)
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
