"""Makes the pictures of the tutorial from a demo: ``python tools/screenshots.py DEMO OUT``.

DEMO is the folder that ``napari-ubam demo DEMO --magnify`` wrote. On a machine without a screen, run it under
``xvfb-run -a -s "-screen 0 1500x950x24"``.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp()) / "napari.yaml")  # the user's own stays as it is

import napari
import numpy as np
from PIL import Image
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QDockWidget

from napari_ubam.plugin.commands.view import view_run
from napari_ubam.plugin.panels.explore import ExplorePanel
from napari_ubam.plugin.panels.train import TrainPanel
from napari_ubam.plugin.viewer.link import link_of
from napari_ubam.study import Study
from napari_ubam.video import open_video

SIZE = (1280, 820)
TRAINING_SECONDS = 90
ANIMATION = {"save_all": True, "duration": 66, "loop": 0, "quality": 55, "method": 6}


def wait(condition: Callable[[], object], seconds: float = 300) -> None:
    """Let Qt work until something is so."""
    for _ in range(round(seconds / 0.05)):
        if condition():
            return
        QTest.qWait(50)
    raise TimeoutError("it did not come to pass in time")


def shoot(viewer: napari.Viewer, path: Path) -> None:
    """Write a picture of the window."""
    QTest.qWait(700)
    picture = viewer.screenshot(canvas_only=False, flash=False)
    image = Image.fromarray(np.asarray(picture)[..., :3])
    image.save(path, optimize=True)
    print(path, path.stat().st_size // 1000, "kB")


def panels_of(viewer: napari.Viewer) -> dict[str, QDockWidget]:
    """Docks by the name of their panel."""
    found = {}
    for name, widget in viewer.window.dock_widgets.items():
        dock = widget
        while not isinstance(dock, QDockWidget):
            dock = dock.parent()
        found[name] = (widget, dock)
    return found


def show_exploration(panel: ExplorePanel) -> None:
    """Find neighbours, and make the map."""
    wait(lambda: panel.strip.count() > 0)
    panel.make_map()
    wait(lambda: panel._table is not None)


def shoot_run(demo: Path, out: Path) -> None:
    """Pictures of the run: study, deviation, exploration, magnification."""
    viewer = view_run(demo / "run", block=False)
    viewer.window.resize(*SIZE)
    link, panels = link_of(viewer), panels_of(viewer)
    wait(lambda: link.session.results is not None and len(viewer.layers) > 1)
    for name in ("Study", "Deviation", "Explore", "Magnify"):
        panel, dock = panels[name]
        dock.raise_()
        if name == "Explore":
            show_exploration(panel)
        if name == "Magnify":
            panel.factor.setValue(2.0)
            panel.take_episode()
            panel.previewing.setChecked(True)
            wait(lambda: any("preview" in layer.name for layer in viewer.layers))
            shoot(viewer, out / "preview.png")
            panel.results.grid.setChecked(True)
            panel.results.add.click()
            wait(lambda: any("difference" in layer.name for layer in viewer.layers))
            for layer in list(viewer.layers):
                if "deviation" in layer.name:
                    panels["Deviation"][0].on_picture.setChecked(False)
        shoot(viewer, out / f"{name.lower()}.png")
    viewer.close()


def shoot_training(demo: Path, out: Path) -> None:
    """Picture of a training under way."""
    viewer = napari.Viewer()
    viewer.window.resize(*SIZE)
    panel = TrainPanel(viewer)
    viewer.window.add_dock_widget(panel, name="Train", area="right")
    panel.session.set_study(Study.from_csv(demo / "study.csv"))
    panel.link.show(panel.session.study.names[0])
    panel.folder.setText(str(Path(tempfile.mkdtemp()) / "run"))
    panel.preset.setCurrentIndex(panel.preset.findData("tiny"))
    panel.train()
    wait(lambda: panel.plot.isVisible(), 600)
    QTest.qWait(TRAINING_SECONDS * 1000)
    shoot(viewer, out / "train.png")
    panel.session.stop_job()
    wait(lambda: not panel.session.is_working)
    viewer.close()


def animate(demo: Path, out: Path) -> None:
    """Short animation of the magnified episode: original, magnified and difference."""
    with open_video(demo / "run" / "figures" / "magnified.mp4", warn=False) as video:
        frames = [np.asarray(video[number]) for number in range(0, min(len(video), 60), 2)]
    images = [Image.fromarray(frame) for frame in frames]
    size = (720, round(720 * images[0].height / images[0].width))
    small = [image.resize(size, Image.Resampling.LANCZOS) for image in images]
    path = out / "magnified.webp"
    small[0].save(path, append_images=small[1:], **ANIMATION)
    print(path, path.stat().st_size // 1000, "kB")


if __name__ == "__main__":
    demo, out = Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute()
    out.mkdir(parents=True, exist_ok=True)
    animate(demo, out)
    shoot_run(demo, out)
    shoot_training(demo, out)
