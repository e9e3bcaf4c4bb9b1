"""File > Open Sample > uBAM: rendered animals with known deviations, made on this computer the first time."""

from __future__ import annotations

from pathlib import Path

from napari.utils import progress
from platformdirs import user_cache_path

from napari_ubam.progress import Progress
from napari_ubam.sample import walkers, write_sample

from .convert import Layer, study_layer

VERSION = 1  # of what is rendered
SEED = 0


def sample_folder() -> Path:
    """Folder of the sample study."""
    return user_cache_path("napari-ubam") / f"sample-study-{VERSION}"


def sample_study() -> list[Layer]:
    """Open the sample study; the first time it is rendered, which takes about a minute.

    In a window that is the work of another process: a still picture stands in until the study is there. A
    script waits for it.

    Returns
    -------
    list of tuple
        Layer of the first recording. Its metadata names the study's CSV, which the panels take over.
    """
    table = sample_folder() / "study.csv"
    if table.is_file():
        return [study_layer(table)]
    if _in_a_window():
        from .sample_rendering import render_behind

        return [render_behind(table, _still())]
    with progress(total=0, desc="Rendering the sample study") as bar:

        def tell(event: Progress) -> None:
            bar.total = event.of
            bar.update(event.step - bar.n)

        write_sample(table.parent, seed=SEED, progress=tell)
    return [study_layer(table)]


def _in_a_window() -> bool:
    """Whether an event loop runs that must not be held up; without Qt there is none."""
    try:
        from qtpy.QtCore import QThread
    except ImportError:
        return False
    thread = QThread.currentThread()
    return thread is not None and thread.loopLevel() > 0


def _still() -> Layer:
    """Make a layer of one frame, to be seen at once."""
    picture = next(iter(walkers(seed=SEED)[0].render([0])))
    return picture[None], {"name": "the sample study is being rendered …", "rgb": picture.ndim == 3}, "image"
