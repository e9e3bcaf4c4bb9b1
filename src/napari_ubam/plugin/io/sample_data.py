"""The sample study of File > Open Sample: rendered animals with known deviations."""

from __future__ import annotations

from pathlib import Path

from napari.utils import progress
from platformdirs import user_cache_path

from napari_ubam.progress import Progress
from napari_ubam.sample import walkers, write_sample

from .convert import Layer, study_layer

VERSION = 1  # of the rendered videos
SEED = 0


def sample_folder() -> Path:
    """Give the folder of the sample study."""
    return user_cache_path("napari-ubam") / f"sample-study-{VERSION}"


def sample_study() -> list[Layer]:
    """Open the sample study; the first call renders it, which takes about a minute.

    In a napari window another process renders, and a still picture is shown meanwhile. A script waits.

    Returns
    -------
    list of tuple
        Layer of the first recording. Its metadata names the CSV file of the study for the panels.
    """
    table = sample_folder() / "study.csv"
    if table.is_file():
        return [study_layer(table)]
    if _in_a_window():
        from .sample_rendering import render_in_background

        return [render_in_background(table, _still())]
    with progress(total=0, desc="Rendering the sample study") as bar:

        def report(event: Progress) -> None:
            bar.total = event.of
            bar.update(event.step - bar.n)

        write_sample(table.parent, seed=SEED, progress=report)
    return [study_layer(table)]


def _in_a_window() -> bool:
    """Whether Qt's event loop runs, which must not wait for long work."""
    try:
        from qtpy.QtCore import QThread
    except ImportError:
        return False
    thread = QThread.currentThread()
    return thread is not None and thread.loopLevel() > 0


def _still() -> Layer:
    """Make a layer of one frame, which is ready at once."""
    picture = next(iter(walkers(seed=SEED)[0].render([0])))
    return picture[None], {"name": "rendering the sample study …", "rgb": picture.ndim == 3}, "image"
