"""What napari calls to open files: ``viewer.open(path, plugin="napari-ubam")``, or drag and drop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from napari.utils import progress
from napari.utils.notifications import show_info, show_warning

from napari_ubam.study.recording import REQUIRED
from napari_ubam.study.table import has_columns
from napari_ubam.video import VIDEO_SUFFIXES, open_video
from napari_ubam.video.image_files import IMAGE_SUFFIXES

from .convert import Layer, recording_layer, study_layer, with_metadata

Reader = Callable[[str | Sequence[str]], list[Layer]]


def get_reader(path: str | Sequence[str]) -> Reader | None:
    """Choose a reader for video files.

    Parameters
    ----------
    path : str or list of str
        Files that the user opened.

    Returns
    -------
    callable or None
        `read_videos` if all are video files, else None, and napari asks other readers.
    """
    paths = _paths(path)
    return read_videos if paths and all(map(_is_recording, paths)) else None


def read_videos(path: str | Sequence[str]) -> list[Layer]:
    """Open video files, each as one lazy image layer.

    Parameters
    ----------
    path : str or list of str
        Files.

    Returns
    -------
    list of tuple
        Data, arguments and type of each layer; see `recording_layer`.

    Raises
    ------
    VideoError
        If a file cannot be read; napari shows the sentence.
    """
    return [_read(one) for one in _paths(path)]


def get_study_reader(path: str | Sequence[str]) -> Reader | None:
    """Choose a reader for the table of a study.

    Parameters
    ----------
    path : str or list of str
        Files that the user opened.

    Returns
    -------
    callable or None
        `read_study` for one table with the columns video, subject, group and session, else None.
    """
    one = _only(path)
    if one is None:
        return None
    return read_study if has_columns(one, REQUIRED) else None


def read_study(path: str | Sequence[str]) -> list[Layer]:
    """Open a study: its first recording as a layer, and its table in the panels.

    Parameters
    ----------
    path : str or list of str
        One CSV file.

    Returns
    -------
    list of tuple
        Data, arguments and type of the layer.

    Raises
    ------
    StudyError, VideoError
        If the table or the video cannot be read; napari shows the sentence.
    """
    (one,) = _paths(path)
    return [study_layer(one)]


def get_folder_reader(path: str | Sequence[str]) -> Reader | None:
    """Choose a reader for a folder.

    Parameters
    ----------
    path : str or list of str
        Folders that the user opened.

    Returns
    -------
    callable or None
        `read_folder` for one run, or for one folder of frames, else None.
    """
    one = _only(path)
    if one is None or not one.is_dir():
        return None
    frames = any(file.suffix.lower() in IMAGE_SUFFIXES for file in one.iterdir())
    return read_folder if frames or _is_run(one) else None


def read_folder(path: str | Sequence[str]) -> list[Layer]:
    """Open a run in the panels, with its first recording as a layer; or open a folder of frames.

    Parameters
    ----------
    path : str or list of str
        One folder.

    Returns
    -------
    list of tuple
        Data, arguments and type of the layer.

    Raises
    ------
    StudyError, VideoError
        If the run's study or the frames cannot be read; napari shows the sentence.
    """
    (folder,) = _paths(path)
    if not _is_run(folder):
        return [_read(folder)]
    return [with_metadata(study_layer(folder / "study.csv"), study_csv="", run_folder=str(folder))]


def _paths(path: str | Sequence[str]) -> list[Path]:
    """Give the paths as a list; napari gives a single one as a string."""
    return [Path(one) for one in ([path] if isinstance(path, str) else path)]


def _only(path: str | Sequence[str]) -> Path | None:
    """Give the path if it is only one, else None."""
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
    return recording_layer(video, warn=show_warning)
