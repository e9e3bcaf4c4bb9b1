"""What one viewer works on: study, run, results and the job. Panels observe it and do not know each other.

Needs neither Qt nor napari. Slow reading is done by the caller in a thread (`contents.read_run`); the session
keeps what was read and emits a signal.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from psygnal import Signal

from napari_ubam.study import Fault, Recording, Study, StudyError
from napari_ubam.study.values import counted

from .agreement import made_otherwise, outdated_magnification, outdated_scores
from .contents import Results, RunContents
from .draft import StudyDraft
from .following import results_in
from .found_regions import newly_found
from .job_control import JobControl
from .tracks import Tracks

if TYPE_CHECKING:
    from napari_ubam.run import Run

FOLLOWED = "The study of this run was changed elsewhere; the panels show it as it is now."
KEPT = "The study of this run was changed elsewhere; the rows that you edited stay as they are."


class Session(JobControl):
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
    within : str
        ``"subject"`` if each subject is to be compared with its own reference recordings; else empty.
    recording : str
        Name of the recording that is shown; empty if none is.
    status : str
        The latest sentence for the user.
    tracks : Tracks
        Tracks that were found, and the job that finds them.
    """

    study_changed = Signal()
    agreement_changed = Signal()  # `outdated`, `magnification_outdated` or `study_differs` may have changed
    run_changed = Signal()
    results_changed = Signal()
    reference_changed = Signal(str)
    recording_changed = Signal(str)
    status_changed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.draft, self.tracks = StudyDraft(), Tracks()
        self.study: Study | None = None
        self.faults: Mapping[int, list[str]] = {}
        self.study_path: Path | None = None
        self.saved_table: pd.DataFrame | None = None
        self.contents: RunContents | None = None
        self.reference = self.within = ""
        self.recording = ""
        self.status = ""
        self._compared: tuple[tuple[RunContents, Study | None, str, bool, str], str] | None = None

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
        """Find a recording in the study, in the rows of the draft, or in the run's study.

        Parameters
        ----------
        name : str
            Name of the recording.

        Returns
        -------
        Recording or None
            None if no recording has this name.
        """
        if self.study is not None and name in self.study.names:
            return self.study[name]
        rows = (self.draft.recording(number) for number in range(len(self.draft)))
        found = next((one for one in rows if one is not None and one.name == name), None)
        if found is None and self.run_study is not None and name in self.run_study.names:
            return self.run_study[name]
        return found

    # run --------------------------------------------------------------------------------------------

    def set_contents(self, contents: RunContents) -> None:
        """Make a run that was read the session's run, and follow the job that works on it.

        Parameters
        ----------
        contents : RunContents
        """
        before = self.contents
        is_same = before is not None and before.folder == contents.folder
        self.contents = contents
        if not is_same:
            self.job_progress = None
        if contents.jobs:
            self.follow(contents.jobs[-1])
        self._follow_study(before, is_same)
        self._follow_reference(before, is_same)
        self.run_changed.emit()
        if before is None or not is_same or not _have_same_results(before, contents):
            self.results_changed.emit()
        self.agreement_changed.emit()
        self.job_changed.emit()

    def _follow_study(self, before: RunContents | None, is_same_run: bool) -> None:
        """Show the study of the run, unless the user has edited the rows of the Study panel."""
        now, earlier = self.run_study, before.study if before is not None else None
        if now is None or self.study == now:
            return
        if found := newly_found(self.draft, now, earlier):
            for row, region in found.items():
                self.draft.set_roi([row], region)
            self.draft_edited()
            self.say(f"The rows took the region of {counted(len(found), 'recording')} from the run.")
            if self.study == now:
                return
        is_edited = len(self.draft) > 0 and (self.study is None or self.study != earlier)
        if len(self.draft) and is_same_run and earlier is not None and earlier != now:
            self.say(KEPT if is_edited else FOLLOWED)
        if not is_edited:
            self.set_study(now)

    def _follow_reference(self, before: RunContents | None, is_same_run: bool) -> None:
        """Choose reference and comparison of the scores, unless the user has chosen others for this run."""
        if not is_same_run:  # the choice was made for another run
            self.within = ""
        earlier = before.results.reference if before is not None and before.results is not None else ""
        is_kept = is_same_run and self.reference and earlier and self.reference != earlier
        if self.results is not None and self.results.reference and not is_kept:
            self.set_reference(self.results.reference)
        known = before.results.within if is_same_run and before and before.results else None
        if self.results is not None and self.results.within != known:  # else the user may have chosen anew
            self.within = self.results.within

    @property
    def run(self) -> Run | None:
        """The open run; None until its training has ended."""
        return self.contents.run if self.contents else None

    @property
    def run_study(self) -> Study | None:
        """Recordings of the open run."""
        return self.contents.study if self.contents else None

    @property
    def current_study(self) -> Study | None:
        """The study of the panels; that of the run if the panels have none."""
        return self.study or self.run_study

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
        facts = (self.contents, self.study, self.reference, self._is_faulty, self.within)
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

    def is_of_another_model(self, facts: Mapping[str, Any]) -> bool:
        """Tell whether magnified frames were made with another model or other codes than those of the run.

        Parameters
        ----------
        facts : mapping of str to object
            Metadata of the magnification.

        Returns
        -------
        bool
        """
        return self.contents is not None and made_otherwise(self.contents, facts)

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

    def set_within(self, within: str) -> None:
        """Choose whether each subject is compared with itself.

        Parameters
        ----------
        within : str
            ``"subject"``, or empty to compare it with other subjects.
        """
        if within != self.within:
            self.within = within
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

    def _started_in(self, folder: Path) -> None:
        if self.contents is None or self.contents.folder != folder:
            self.contents = RunContents(folder)
            self.run_changed.emit()


def _have_same_results(one: RunContents, other: RunContents) -> bool:
    """Whether model, study, codes and results did not change between two readings of a run."""
    return bool(one.files) and results_in(one.files) == results_in(other.files)
