"""The study of a run: the recordings that it works on, kept in its folder so that a name is enough later."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from napari_ubam.runfolder.paths import STUDY
from napari_ubam.study import Recording, Study, StudyError, UnknownRecordingError
from napari_ubam.video import VideoError

from .errors import RunError


def read_recordings(folder: Path) -> Study:
    """Read the study of a run.

    Parameters
    ----------
    folder : Path
        Folder of the run.

    Returns
    -------
    Study
        The recordings that were scored last, and those that were embedded since.

    Raises
    ------
    RunError
        If the run has no study yet.
    StudyError
        If its table cannot be read.
    """
    path = folder / STUDY
    if not path.is_file():
        raise RunError(f"{folder} does not know its recordings; embed the study with this run once more.")
    return Study.from_csv(path, check_files=False)


def read_recording(folder: Path, name: str) -> Recording:
    """Read one recording from the study of a run.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    name : str
        Name of the recording.

    Returns
    -------
    Recording

    Raises
    ------
    RunError
        If the study of the run has no such recording.
    """
    study = read_recordings(folder)
    if name not in study.names:
        raise RunError(
            f"The run {folder} does not know the recording {name!r}; choose one of {', '.join(study.names)}."
        )
    return study[name]


def require_video(folder: Path, recording: Recording) -> None:
    """Check that the video of a recording is there, and otherwise name the table of the run to correct.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    recording : Recording
        A recording of its study. Other recordings are not checked: their table is somewhere else.

    Raises
    ------
    VideoError
        If the video is not there.
    """
    try:
        if recording.video.exists() or read_recordings(folder)[recording.name].video != recording.video:
            return
    except (RunError, StudyError, OSError):
        return
    raise VideoError(
        f"The video of {recording.name} is not at {recording.video}; if the run or the videos were moved, "
        f"find them again with 'napari-ubam relocate {folder} FOLDER', or correct the column video in "
        f"{folder / STUDY}."
    )


def add_recordings(folder: Path, recordings: Iterable[Recording]) -> None:
    """Add recordings to the study of a run. Recordings of the same name are replaced.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    recordings : iterable of Recording

    Raises
    ------
    RunError
        If the run has a study that cannot be read. It is not replaced, since recordings would be lost.
    """
    new = {one.name: one for one in recordings}
    before = _recordings_before(folder)
    if not new:
        return
    try:
        study = Study((before | new).values())
    except StudyError:  # a recording got another name, so its frames would be in the study twice
        videos = {one.video for one in new.values()}
        others = {name: one for name, one in before.items() if one.video not in videos}
        study = Study((others | new).values())
    set_recordings(folder, study)


def _recordings_before(folder: Path) -> dict[str, Recording]:
    """Give the recordings of a run by name; none if the run has no study yet."""
    path = folder / STUDY
    if not path.is_file():
        return {}
    try:
        return {one.name: one for one in read_recordings(folder)}
    except (RunError, StudyError, OSError) as error:
        raise RunError(
            f"The study of the run, {path}, cannot be read, so no recording can be added to it; correct the "
            f"file, or remove it and embed all recordings again. {error}"
        ) from error


def set_recordings(folder: Path, study: Study) -> None:
    """Make a study the study of a run. Recordings that are not in it are no longer part of the run's study.

    Their codes stay on disk, so adding them again needs no new embedding.

    Parameters
    ----------
    folder : Path
        Folder of the run. It is created if needed.
    study : Study
    """
    try:
        if read_recordings(folder) == study:
            return  # the file keeps its time, from which others see that nothing changed
    except (RunError, StudyError, OSError):
        pass
    folder.mkdir(parents=True, exist_ok=True)
    study.to_csv(folder / STUDY)


def remove_recordings(folder: Path, names: str | Iterable[str]) -> Study:
    """Remove recordings from the study of a run. Their codes stay on disk.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    names : str or iterable of str
        Names of the recordings.

    Returns
    -------
    Study
        The recordings that are left.

    Raises
    ------
    RunError
        If the run has no study, or its study has no such recording.
    StudyError
        If no recording would be left.
    """
    study = read_recordings(folder)
    try:
        left = study.without(names)
    except UnknownRecordingError as error:
        raise RunError(f"The run {folder}: {error}") from None
    set_recordings(folder, left)
    return left
