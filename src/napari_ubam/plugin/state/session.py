"""What one viewer works on: study, run, results and jobs. Panels observe it and know nothing of each other.

Neither Qt nor napari is needed here. Reading the large parts is left to a thread of the caller (`contents`);
the session itself only holds what was read, and tells of it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from psygnal import Signal

from napari_ubam.jobs import start_job
from napari_ubam.study import Fault, Recording, Study, StudyError

from .contents import Results, RunContents
from .draft import StudyDraft
from .job_view import JobView

if TYPE_CHECKING:
    from napari_ubam.run import Run

PATIENCE = 1.0  # seconds that a job has to stop by itself


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
        self._waiting: list[list[str]] = []

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

    def study_file(self, folder: Path) -> Path:
        """Give a file with the study as it is shown, for a job: the user's own, else one in the run's folder.

        Raises
        ------
        StudyError
            If the study has faults, or there is none.
        """
        if self.study is None:
            problem = "the study has problems" if len(self.draft) else "there is no study"
            raise StudyError([Fault(problem, "fill in the Study panel first")])
        if self.study_path is not None and self.study_is_saved:
            return self.study_path
        folder.mkdir(parents=True, exist_ok=True)
        return self.study.to_csv(folder / "study-as-shown.csv", relative=False)

    def find_recording(self, name: str) -> Recording | None:
        """Give a recording of the study by name, else one that the run knows."""
        for study in (self.study, self.read_recordings):
            if study is not None and name in study.names:
                return study[name]
        rows = (self.draft.recording(number) for number in range(len(self.draft)))
        return next((one for one in rows if one is not None and one.name == name), None)

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
    def read_recordings(self) -> Study | None:
        """Recordings that the open run knows."""
        return self.contents.study if self.contents else None

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

    def start(self, folder: Path, *commands: list[str]) -> JobView:
        """Start a command on a run's folder, and those after it when it is done.

        Parameters
        ----------
        folder : Path
            Of the run.
        *commands : list of str
            As `napari_ubam.jobs.start_job` takes them.

        Raises
        ------
        JobError
            If another job works on the run, or the process cannot be started.
        """
        view = JobView(start_job(folder, commands[0]))
        self._waiting = list(commands[1:])
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

    def stop_job(self) -> None:
        """Ask the job to stop, and end its process where it does not within a second.

        That loses at most what came after its last checkpoint, some seconds of training; files are written in
        whole or not at all.
        """
        view = self.job
        if view is not None and view.state.status == "running" and view.stopping is None:
            view.stopping = time.monotonic()
            self._waiting = []
            view.job.ask_to_stop()
            self.job_changed.emit()

    def poll(self) -> None:
        """Read what the job told since the last call; cheap, for a timer."""
        view = self.job
        if view is None or view.state.status != "running":
            return
        if view.stopping is not None and time.monotonic() - view.stopping > PATIENCE:
            view.job.kill(wait=0)
        events = view.job.new_events()
        for event in events:
            view.take(event)
        view.state = view.job.state()
        if view.state.status != "running":
            for event in view.job.new_events():  # what came between the two looks
                view.take(event)
            self.job_changed.emit()
            self.job_ended.emit(view.job.kind, view.state.status)
            self._go_on(view)
        elif events:
            self.job_changed.emit()

    def _go_on(self, view: JobView) -> None:
        """Start the command that waited for the end of another."""
        waiting, self._waiting = self._waiting, []
        if waiting and view.state.status == "done":
            self.start(view.job.folder, *waiting)
