"""What napari calls to open a recording: ``viewer.open(path, plugin="napari-ubam")`` or drag and drop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from napari.utils import progress
from napari.utils.notifications import show_info, show_warning

from napari_ubam.study.recording import REQUIRED
from napari_ubam.video import VIDEO_SUFFIXES, open_video
from napari_ubam.video.image_files import IMAGE_SUFFIXES

from .convert import Layer, noted, recording_layer, study_layer

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
    paths = _paths(path)
    return read_recordings if paths and all(map(_is_recording, paths)) else None


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
    return [_read(one) for one in _paths(path)]


def get_study_reader(path: str | Sequence[str]) -> Reader | None:
    """Tell napari whether a table is a study.

    Parameters
    ----------
    path : str or list of str

    Returns
    -------
    callable or None
        `read_study` for one table whose header names video, subject, group and session, else None.
    """
    one = _only(path)
    if one is None:
        return None
    try:
        with one.open(encoding="utf-8-sig", errors="replace") as file:
            header = file.readline().lower()
    except OSError:
        return None
    return read_study if all(name in header for name in REQUIRED) else None


def read_study(path: str | Sequence[str]) -> list[Layer]:
    """Open a study: the layer of its first recording; the panels take the table over.

    Raises
    ------
    StudyError, VideoError
        In one sentence, which napari shows.
    """
    (one,) = _paths(path)
    return [study_layer(one)]


def get_folder_reader(path: str | Sequence[str]) -> Reader | None:
    """Tell napari whether a folder is a run, or frames of a recording.

    Parameters
    ----------
    path : str or list of str

    Returns
    -------
    callable or None
        `read_folder` for one such folder, else None.
    """
    one = _only(path)
    if one is None or not one.is_dir():
        return None
    frames = any(file.suffix.lower() in IMAGE_SUFFIXES for file in one.iterdir())
    return read_folder if frames or _is_run(one) else None


def read_folder(path: str | Sequence[str]) -> list[Layer]:
    """Open a run's first recording, which makes the panels open the run; or a folder of frames.

    Raises
    ------
    RunError, StudyError, VideoError
        In one sentence, which napari shows.
    """
    (folder,) = _paths(path)
    if not _is_run(folder):
        return [_read(folder)]
    return [noted(study_layer(folder / "study.csv"), study_csv="", run_folder=str(folder))]


def _paths(path: str | Sequence[str]) -> list[Path]:
    """Paths that napari hands over, of which one may come alone."""
    return [Path(one) for one in ([path] if isinstance(path, str) else path)]


def _only(path: str | Sequence[str]) -> Path | None:
    """Give the path where it is one, else None."""
    paths = _paths(path)
    return paths[0] if len(paths) == 1 else None


def _is_run(folder: Path) -> bool:
    return all((folder / name).is_file() for name in ("posture.safetensors", "study.csv"))


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
