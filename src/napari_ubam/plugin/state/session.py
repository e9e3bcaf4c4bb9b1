"""What one viewer works on: study, run, results and the job. Panels observe it and do not know each other.

Needs neither Qt nor napari. Slow reading is done by the caller in a thread (`contents.read_run`); the session
keeps what was read and emits a signal.
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

from .agreement import outdated_magnification, outdated_scores
from .contents import Results, RunContents
from .draft import StudyDraft
from .job_progress import JobProgress

if TYPE_CHECKING:
    from napari_ubam.run import Run

PATIENCE = 30.0  # seconds of silence after which a job that was asked to stop is ended
GIVING_WAY = ("train", "embed")  # commands that work for minutes beside the window


class Session:
    """State of one viewer, with a signal for each change.

    Attributes
    ----------
    draft : StudyDraft
        Rows of the study as the user types them. Call `draft_edited` after a change.
    study : Study or None
        The study of the draft; None if the draft has a fault.
    faults : mapping of int to list of str
        Faults of the draft, by row.
    study_path : Path or None
        File that the study was read from or saved to.
    contents : RunContents or None
        The open run.
    reference : str
        Filter of the reference recordings.
    recording : str
        Name of the recording that is shown; empty if none is.
    job_progress : JobProgress or None
        The latest job on the run, also after its end.
    status : str
        The latest sentence for the user.
    """

    study_changed = Signal()
    agreement_changed = Signal()  # `outdated`, `magnification_outdated` or `study_differs` may have changed
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
        self.job_progress: JobProgress | None = None
        self.status = ""
        self._waiting: list[list[str]] = []
        self._compared: tuple[tuple[RunContents, Study | None, str, bool], str] | None = None

    # study ------------------------------------------------------------------------------------------

    def set_study(self, study: Study) -> None:
        """Make a study that was read the session's study.

        Parameters
        ----------
        study : Study
        """
        self.study_path = study.path
        self.draft = StudyDraft.from_study(study)
        self.saved_table = self.draft.table() if study.path else None
        self.draft_edited()

    def draft_edited(self) -> None:
        """Check the draft after a change."""
        self.study, self.faults = self.draft.check()
        self.study_changed.emit()
        self.agreement_changed.emit()

    def saved_to(self, path: Path) -> None:
        """Note where the study was saved.

        Parameters
        ----------
        path : Path
        """
        self.study_path, self.saved_table = path, self.draft.table()
        self.study_changed.emit()

    @property
    def study_is_saved(self) -> bool:
        """Whether the study's file is up to date."""
        return self.saved_table is not None and self.saved_table.equals(self.draft.table())

    def study_file(self, folder: Path) -> Path:
        """Give a file with the study as it is shown, for a job.

        Parameters
        ----------
        folder : Path
            Folder of the run. The study is written there if the user has not saved it.

        Returns
        -------
        Path
            The user's own file if it is up to date, else ``study-as-shown.csv`` in `folder`.

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
        """Find a recording in the study, in the run's study, or in the rows of the draft.

        Parameters
        ----------
        name : str
            Name of the recording.

        Returns
        -------
        Recording or None
            None if no recording has this name.
        """
        for study in (self.study, self.run_study):
            if study is not None and name in study.names:
                return study[name]
        rows = (self.draft.recording(number) for number in range(len(self.draft)))
        return next((one for one in rows if one is not None and one.name == name), None)

    # run --------------------------------------------------------------------------------------------

    def set_contents(self, contents: RunContents) -> None:
        """Make a run that was read the session's run, and follow the job that works on it.

        Parameters
        ----------
        contents : RunContents
        """
        same = self.contents is not None and self.contents.folder == contents.folder
        self.contents = contents
        if not same:
            self.job_progress = None
        if contents.jobs and not self.is_working:
            latest = contents.jobs[-1]
            if self.job_progress is None or self.job_progress.job.record != latest.record:
                self.job_progress = JobProgress(latest)
                self.poll()
        if contents.study is not None and not len(self.draft):
            self.set_study(contents.study)
        if contents.results is not None and contents.results.reference:
            self.set_reference(contents.results.reference)
        self.run_changed.emit()
        self.results_changed.emit()
        self.agreement_changed.emit()
        self.job_changed.emit()

    @property
    def run(self) -> Run | None:
        """The open run; None until its training has ended."""
        return self.contents.run if self.contents else None

    @property
    def run_study(self) -> Study | None:
        """Recordings of the open run."""
        return self.contents.study if self.contents else None

    @property
    def run_folder(self) -> Path | None:
        """Folder of the open run, also during its training."""
        return self.contents.folder if self.contents else None

    @property
    def results(self) -> Results | None:
        """Scores of the open run."""
        return self.contents.results if self.contents else None

    # agreement --------------------------------------------------------------------------------------

    @property
    def outdated(self) -> str:
        """One sentence if the scores no longer agree with study, model or reference; else empty."""
        if self.contents is None:
            return ""
        # Asked at each event of a job and each step; contents and study are replaced, never changed.
        facts = (self.contents, self.study, self.reference, self._is_faulty)
        if self._compared is None or any(a is not b for a, b in zip(self._compared[0], facts, strict=True)):
            self._compared = (facts, outdated_scores(*facts))
        return self._compared[1]

    def magnification_outdated(self, recording: str) -> str:
        """Say why a magnification with the chosen reference no longer agrees with study or model.

        Parameters
        ----------
        recording : str
            Name of the recording that is magnified.

        Returns
        -------
        str
            One sentence; empty if they agree.
        """
        if self.contents is None:
            return ""
        return outdated_magnification(self.contents, self.study, self.reference, self._is_faulty, recording)

    @property
    def study_differs(self) -> bool:
        """Whether the rows of the Study panel are not the study of the open run."""
        return self.run_study is not None and len(self.draft) > 0 and self.study != self.run_study

    def take_run_study(self) -> None:
        """Replace the study of the panels by that of the open run."""
        if self.run_study is not None:
            self.set_study(self.run_study)

    @property
    def _is_faulty(self) -> bool:
        return self.study is None and len(self.draft) > 0

    def set_reference(self, text: str) -> None:
        """Choose the reference.

        Parameters
        ----------
        text : str
            Filter of recordings, such as ``group=healthy``.
        """
        if text != self.reference:
            self.reference = text
            self.reference_changed.emit(text)
            self.agreement_changed.emit()

    def set_recording(self, name: str) -> None:
        """Note which recording is shown.

        Parameters
        ----------
        name : str
            Name of the recording.
        """
        if name != self.recording:
            self.recording = name
            self.recording_changed.emit(name)

    def say(self, sentence: str) -> None:
        """Show a sentence at the foot of every panel.

        Parameters
        ----------
        sentence : str
            Empty to remove the sentence.
        """
        self.status = sentence
        self.status_changed.emit(sentence)

    # jobs -------------------------------------------------------------------------------------------

    def start(self, folder: Path, *commands: list[str]) -> JobProgress:
        """Start a command as a job; the next command starts when this one is done.

        Parameters
        ----------
        folder : Path
            Folder of the run.
        *commands : list of str
            Arguments of ``napari-ubam``, as `napari_ubam.jobs.start_job` takes them.

        Returns
        -------
        JobProgress
            Progress of the first command.

        Raises
        ------
        JobError
            If another job works on the run, or the process cannot be started.
        """
        gives_way = commands[0][0] in GIVING_WAY
        started = JobProgress(start_job(folder, commands[0], gives_way=gives_way))
        self._waiting = list(commands[1:])
        if self.contents is None or self.contents.folder != folder:
            self.contents = RunContents(folder)
            self.run_changed.emit()
        self.job_progress = started
        self.job_changed.emit()
        return started

    @property
    def is_working(self) -> bool:
        """Whether a job works on the run."""
        return self.job_progress is not None and self.job_progress.is_running

    def stop_job(self) -> None:
        """Ask the job to stop. A training ends its step and writes a checkpoint first.

        `poll` ends the process if it says nothing for half a minute.
        """
        progress = self.job_progress
        if progress is not None and progress.is_running and progress.stop_requested is None:
            progress.stop_requested = time.monotonic()
            self._waiting = []
            progress.job.ask_to_stop()
            self.job_changed.emit()

    def end_job(self) -> None:
        """End the process of the job at once. What came after the last checkpoint is lost.

        Files are complete, because each is written in one step.
        """
        if self.job_progress is not None and self.job_progress.is_running:
            self.stop_job()
            self.job_progress.job.kill(wait=0)

    def poll(self) -> None:
        """Read new events of the job. Fast enough for a timer."""
        progress = self.job_progress
        if progress is None or not progress.is_running:
            return
        if progress.stop_requested is not None and progress.silence > PATIENCE:
            progress.job.kill(wait=0)
        events = progress.job.new_events()
        for event in events:
            progress.add(event)
        progress.state = progress.job.state()
        if progress.state.status != "running":
            for event in progress.job.new_events():  # written between the two calls above
                progress.add(event)
            self.job_changed.emit()
            self.job_ended.emit(progress.job.kind, progress.state.status)
            self._start_next(progress)
        elif events:
            self.job_changed.emit()

    def _start_next(self, ended: JobProgress) -> None:
        """Start the command that waited for the end of a job."""
        waiting, self._waiting = self._waiting, []
        if waiting and ended.state.status == "done":
            self.start(ended.job.folder, *waiting)
