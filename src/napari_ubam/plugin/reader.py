"""What napari calls to open a recording: ``viewer.open(path, plugin="napari-ubam")`` or drag and drop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from napari.utils import progress
from napari.utils.notifications import show_info, show_warning

from napari_ubam.video import VIDEO_SUFFIXES, open_video

from .convert import Layer, recording_layer

Reader = Callable[[str | Sequence[str]], list[Layer]]


def get_reader(path: str | Sequence[str]) -> Reader | None:
    """Tell napari whether paths are recordings.

    Parameters
    ----------
    path : str or list of str
        What the user opened.

    Returns
    -------
    callable or None
        `read_recordings` for video files, else None, so that other readers are asked.
    """
    paths = [path] if isinstance(path, str) else path
    return read_recordings if paths and all(map(_is_recording, map(Path, paths))) else None


def read_recordings(path: str | Sequence[str]) -> list[Layer]:
    """Open recordings as lazy image layers, one each.

    Parameters
    ----------
    path : str or list of str
        Files.

    Returns
    -------
    list of tuple
        Layer data, arguments and type; see `recording_layer`.

    Raises
    ------
    VideoError
        In one sentence, which napari shows, if a file cannot be read.
    """
    return [_read(Path(one)) for one in ([path] if isinstance(path, str) else path)]


def _is_recording(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES


def _read(path: Path) -> Layer:
    with progress(total=0, desc=f"Indexing {path.name}") as bar:

        def report(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        video = open_video(path, progress=report, warn=False)
    for note in video.notes:
        show_info(f"{path.name}: {note}")
    return recording_layer(video, tell=show_warning)
