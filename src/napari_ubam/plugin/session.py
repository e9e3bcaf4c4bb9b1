"""What one viewer works on: study, run, results and jobs. Panels observe it and know nothing of each other.

Neither Qt nor napari is needed here. Reading the large parts (`read_run`) is left to a thread of the caller;
the session itself only holds what was read, and tells of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from psygnal import Signal

from napari_ubam.jobs import Job, JobEvent, JobState, find_jobs, start_job
from napari_ubam.progress import Progress
from napari_ubam.study import Recording, Study

from .draft import StudyDraft

if TYPE_CHECKING:
    from napari_ubam.run import Run


@dataclass(frozen=True)
class Results:
    """Tables that a scoring wrote.

    Parameters
    ----------
    scores : DataFrame
        ``recording, frame, time, posture_deviation, behaviour_deviation, posture_percentile,
        behaviour_percentile``, one row a frame.
    subjects : DataFrame
        ``subject, group, session, deviation, p, q``.
    episodes : DataFrame
        Spans over the 95th percentile with their peaks.
    reference : str
        Filter that they were scored against.
    """

    scores: pd.DataFrame
    subjects: pd.DataFrame
    episodes: pd.DataFrame
    reference: str

    def of(self, recording: str) -> pd.DataFrame:
        """Scores of one recording, in the order of its frames."""
        rows = self.scores[self.scores["recording"] == recording]
        return rows.sort_values("frame")


@dataclass(frozen=True)
class RunContents:
    """What stands in a run's folder.

    Parameters
    ----------
    folder : Path
    run : Run or None
        None while its training has not ended.
    study : Study or None
        Recordings that the run knows.
    results : Results or None
        None before it was scored.
    has_magnifier : bool
    jobs : tuple of Job
        Oldest first.
    notes : tuple of str
        Sentences of what could not be read.
    """

    folder: Path
    run: Run | None = None
    study: Study | None = None
    results: Results | None = None
    has_magnifier: bool = False
    jobs: tuple[Job, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass
class JobView:
    """What a panel shows of the job that works on the run.

    Parameters
    ----------
    job : Job
    progress : Progress or None
        The latest event.
    losses : dict of str to list
        Of each stage and loss, ``(step, value)`` in their order; the key is ``"stage, loss"``.
    messages : list of str
        Sentences that the user should read.
    state : JobState
    stopping : float or None
        When it was asked to stop, in seconds since 1970.
    """

    job: Job
    progress: Progress | None = None
    losses: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    state: JobState = field(default_factory=lambda: JobState("running"))
    stopping: float | None = None

    def take(self, event: JobEvent) -> None:
        """Take in one event."""
        progress = event.progress()
        if event.kind in ("message", "result"):
            self.messages.append(str(event.values.get("text", "")))
        if progress is None:
            return
        if progress.message:
            self.messages.append(progress.message)
        if progress.of:
            self.progress = progress
        for name, value in progress.losses.items():
            self.losses.setdefault(f"{progress.stage}, {name}", []).append((progress.step, value))


class Session:
    """Evented state of one viewer.

    Attributes
    ----------
    draft : StudyDraft
        Rows of the study as they are typed; call `draft_edited` after a change.
    study : Study or None
        The study of the draft where it has no fault, else None.
    faults : mapping of int to list of str
        What is wrong with the draft, by row.
    study_path : Path or None
        Where the study was read from or saved to.
    contents : RunContents or None
        The run that is open.
    reference : str
        Filter of the reference recordings.
    recording : str
        Name of the recording that is looked at; empty for none.
    job : JobView or None
        The job that works on the run or was the last to do so.
    status : str
        One sentence about what just happened.
    """

    study_changed = Signal()
    run_changed = Signal()
    results_changed = Signal()
    reference_changed = Signal(str)
    recording_changed = Signal(str)
    job_changed = Signal()
    job_ended = Signal(str, str)  # kind and status
    status_changed = Signal(str)

    def __init__(self) -> None:
        self.draft = StudyDraft()
        self.study: Study | None = None
        self.faults: Mapping[int, list[str]] = {}
        self.study_path: Path | None = None
        self.saved_table: pd.DataFrame | None = None
        self.contents: RunContents | None = None
        self.reference = ""
        self.recording = ""
        self.job: JobView | None = None
        self.status = ""

    # study ------------------------------------------------------------------------------------------

    def set_study(self, study: Study) -> None:
        """Take over a study that was read."""
        self.study_path = study.path
        self.draft = StudyDraft.from_study(study)
        self.saved_table = self.draft.table() if study.path else None
        self.draft_edited()

    def draft_edited(self) -> None:
        """Check the draft anew and tell of it."""
        self.study, self.faults = self.draft.check()
        self.study_changed.emit()

    def saved_to(self, path: Path) -> None:
        """Note where the study was saved."""
        self.study_path, self.saved_table = path, self.draft.table()
        self.study_changed.emit()

    @property
    def study_is_saved(self) -> bool:
        """Whether the study's file holds what is shown."""
        return self.saved_table is not None and self.saved_table.equals(self.draft.table())

    def find_recording(self, name: str) -> Recording | None:
        """Give a recording of the study by name, else one that the run knows."""
        known = self.contents.study if self.contents else None
        for study in (self.study, known):
            if study is not None and name in study.names:
                return study[name]
        return None

    # run --------------------------------------------------------------------------------------------

    def set_contents(self, contents: RunContents) -> None:
        """Take over what was read of a run; a run that works is followed."""
        same = self.contents is not None and self.contents.folder == contents.folder
        self.contents = contents
        if not same:
            self.job = None
        if contents.jobs and (self.job is None or self.job.state.status != "running"):
            latest = contents.jobs[-1]
            if self.job is None or self.job.job.record != latest.record:
                self.job = JobView(latest)
                self.poll()
        if contents.study is not None and not len(self.draft):
            self.set_study(contents.study)
        if contents.results is not None and contents.results.reference:
            self.set_reference(contents.results.reference)
        self.run_changed.emit()
        self.results_changed.emit()
        self.job_changed.emit()

    @property
    def run(self) -> Run | None:
        """The run that is open, where its training has ended."""
        return self.contents.run if self.contents else None

    @property
    def run_folder(self) -> Path | None:
        """Folder of the run that is open, also while it trains."""
        return self.contents.folder if self.contents else None

    @property
    def results(self) -> Results | None:
        """Scores of the run."""
        return self.contents.results if self.contents else None

    def set_reference(self, text: str) -> None:
        """Choose the reference by its filter."""
        if text != self.reference:
            self.reference = text
            self.reference_changed.emit(text)

    def set_recording(self, name: str) -> None:
        """Look at another recording."""
        if name != self.recording:
            self.recording = name
            self.recording_changed.emit(name)

    def say(self, sentence: str) -> None:
        """Tell what just happened, in a sentence."""
        self.status = sentence
        self.status_changed.emit(sentence)

    # jobs -------------------------------------------------------------------------------------------

    def start(self, folder: Path, arguments: list[str]) -> JobView:
        """Start a command on a run's folder; see `napari_ubam.jobs.start_job`."""
        view = JobView(start_job(folder, arguments))
        if self.contents is None or self.contents.folder != folder:
            self.contents = RunContents(folder)
            self.run_changed.emit()
        self.job = view
        self.job_changed.emit()
        return view

    @property
    def is_working(self) -> bool:
        """Whether a job works on the run."""
        return self.job is not None and self.job.state.status == "running"

    def poll(self) -> None:
        """Read what the job told since the last call; cheap, for a timer."""
        view = self.job
        if view is None or view.state.status != "running":
            return
        events = view.job.new_events()
        for event in events:
            view.take(event)
        view.state = view.job.state()
        if view.state.status != "running":
            for event in view.job.new_events():  # what came between the two looks
                view.take(event)
            self.job_changed.emit()
            self.job_ended.emit(view.job.kind, view.state.status)
        elif events:
            self.job_changed.emit()


def read_run(folder: Path) -> RunContents:
    """Read what stands in a run's folder; takes a moment, so call it from a thread.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    RunContents

    Raises
    ------
    RunError
        If the folder holds neither a trained model nor a training.
    """
    from napari_ubam.run import Run, RunError
    from napari_ubam.run.known import known_study
    from napari_ubam.run.record import unfinished

    jobs, notes = tuple(find_jobs(folder)), []
    try:
        run = Run.open(folder)
    except RunError:
        if not jobs and not unfinished(folder / "checkpoints"):
            raise
        run = None
    study, results = None, None
    try:
        study = known_study(folder)
    except (RunError, ValueError, OSError) as error:
        notes.append(str(error))
    try:
        results = read_results(folder)
    except (ValueError, OSError, KeyError) as error:
        notes.append(f"The scores in {folder} cannot be read ({error}); score again.")
    magnifier = (folder / "magnifier.safetensors").is_file()
    return RunContents(folder, run, study, results, magnifier, jobs, tuple(notes))


def read_results(folder: Path) -> Results | None:
    """Read the tables of a scoring; None where there was none."""
    import json

    names = [folder / f"{name}.csv" for name in ("scores", "subjects", "episodes")]
    if not all(path.is_file() for path in names):
        return None
    text = {"recording": str, "subject": str, "group": str, "session": str}
    scores, subjects, episodes = (pd.read_csv(path, dtype=text, keep_default_na=True) for path in names)
    facts = folder / "scores.json"
    reference = json.loads(facts.read_text(encoding="utf-8")).get("reference", "") if facts.is_file() else ""
    return Results(scores, subjects, episodes, str(reference))
