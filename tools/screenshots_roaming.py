"""Makes the picture of the tutorial about an animal that roams.

``python tools/screenshots_roaming.py STUDY.csv OUT``, with a study of the world ``arena``, see
``benchmarks/worlds``. Tracks that are missing are made. Without a screen, run it as ``tools/screenshots.py``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from screenshots import SIZE, napari, shoot, wait  # first: it keeps the user's settings as they are

from napari_ubam.plugin.panels.study import StudyPanel
from napari_ubam.plugin.viewer.own_layers import own_layers

RECORDING, ROW, FRAME = "healthy1", 0, 120


def shoot_tracks(study: Path, out: Path) -> None:
    """Find the subjects, show the track of one, correct a box, and take the picture."""
    viewer = napari.Viewer()
    viewer.window.resize(*SIZE)
    panel = StudyPanel(viewer)
    viewer.window.add_dock_widget(panel, name="Study", area="right")
    panel.open_csv(study)
    panel.table.choose_rows([ROW])
    tracks = panel.tracks
    tracks.find_subjects()
    wait(lambda: not panel.session.tracks.is_working)
    tracks.show_track()
    wait(lambda: tracks.drawing.is_shown)
    panel.link.show(RECORDING, FRAME)
    wait(lambda: tracks.drawing.frame == FRAME)
    viewer.layers.selection.active = own_layers(viewer, RECORDING, "region")[0]
    panel._inside.parent().parent().ensureWidgetVisible(tracks.use_button)
    shoot(viewer, out / "roaming.png")
    viewer.close()


if __name__ == "__main__":
    shoot_tracks(Path(sys.argv[1]), Path(sys.argv[2]))
