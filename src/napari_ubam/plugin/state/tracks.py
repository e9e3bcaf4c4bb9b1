"""Tracks of subjects that move: found by a job, corrected by hand, and taken into the rows of the study."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from psygnal import Signal

from napari_ubam.study import Fault, Recording, Roi, Study, StudyError
from napari_ubam.study.values import counted, listed
from napari_ubam.tracking.corrections import correct, doubtful_frames, turn_around
from napari_ubam.tracking.of_study import default_table, tracks_folder
from napari_ubam.tracking.stored import AUTOMATIC, StoredTrack, settings_in

from .draft import StudyDraft
from .job_control import JobControl

NOTHING = "all of these recordings have a track of another program"
REMEDY = "empty the column track to find another one"


@dataclass
class Proposal:
    """A track that was found.

    Parameters
    ----------
    video : Path
        The video that it belongs to.
    align : str
        How crops are to follow it.
    stored : StoredTrack
        The track with its file, as it is corrected now.
    path : Path
        File that corrections are written to: another one than the user's own.
    earlier : list of StoredTrack
        Before each correction.
    """

    video: Path
    align: str
    stored: StoredTrack
    path: Path
    earlier: list[StoredTrack] = field(default_factory=list)

    @classmethod
    def of(cls, recording: Recording) -> Proposal | None:
        """Read the track of a recording; None if it has none, or one without a file."""
        path = recording.track.path if recording.track is not None else None
        if path is None:
            return None
        stored = StoredTrack.from_csv(path)
        is_ours = settings_in(path) is not None or bool((stored.source != AUTOMATIC).any())
        target = path if is_ours else path.with_name(f"{path.stem}.corrected.csv")
        return cls(recording.video, recording.align, stored, target)


class Tracks(JobControl):
    """Tracks that were found in this session, by recording, with the job that finds them.

    Attributes
    ----------
    changed : Signal
        Emits the name of a recording whose track was corrected; an empty text if several were read.
    """

    changed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._found: dict[str, Proposal] = {}
        self._table: Path | None = None

    # finding ----------------------------------------------------------------------------------------

    def find(self, recordings: Iterable[Recording], study: Path | None, align: str) -> int:
        """Start a job that finds the subjects of recordings.

        Parameters
        ----------
        recordings : iterable of Recording
            Those with a track that the user brought are left out. A track that was found earlier is only made
            again if it is not up to date.
        study : Path or None
            File of the study; the tracks are written beside it. None: beside the first video.
        align : str
            ``"heading"`` or ``"position"``.

        Returns
        -------
        int
            Number of recordings that are left out.

        Raises
        ------
        StudyError
            If no recording is left.
        JobError
            If the job cannot be started.
        """
        given = [*recordings]
        wanted = [one for one in map(_without_track, given) if one is not None]
        if not wanted:
            raise StudyError([Fault(NOTHING, REMEDY)])
        table = default_table(study or wanted[0].video.with_name("study.csv"))
        folder = tracks_folder(table)
        folder.mkdir(parents=True, exist_ok=True)
        asked = Study(wanted).to_csv(folder / "recordings-to-track.csv", relative=False)
        self._table = table
        self.start(folder, ["track", str(asked), "--out", str(table), "--align", align])
        return len(given) - len(wanted)

    def read(self) -> int:
        """Read the tracks that the job has found.

        Returns
        -------
        int
            Number of recordings with a track.

        Raises
        ------
        StudyError
            If the table that the job has written cannot be read.
        """
        assert self._table is not None
        found = {one.name: known for one in Study.from_csv(self._table) if (known := Proposal.of(one))}
        self._found.update(found)
        self.changed.emit("")
        return len(found)

    # looking and correcting -------------------------------------------------------------------------

    def of(self, recording: Recording) -> Proposal | None:
        """Give the track of a recording: the one that was found, else that of its row.

        Parameters
        ----------
        recording : Recording

        Returns
        -------
        Proposal or None
            None if there is none of its video.
        """
        known = self._found.get(recording.name)
        if known is not None and known.video == recording.video:
            return known
        made = Proposal.of(recording)
        if made is not None:
            self._found[recording.name] = made
        return made

    def correct(
        self, recording: Recording, frame: int, centre: tuple[float, float], heading: float | None
    ) -> None:
        """Place the box of a frame by hand, and write the track.

        Parameters
        ----------
        recording : Recording
        frame : int
            Number of the frame.
        centre : tuple of float
            x and y of the middle of the box in pixels.
        heading : float or None
            Degrees; None if it stays.
        """
        known = self.of(recording)
        if known is not None:
            self._replace(recording.name, known, correct(known.stored, frame, centre, heading))

    def turn_around(self, recording: Recording, frame: int) -> None:
        """Exchange head and tail around a frame, and write the track.

        Parameters
        ----------
        recording : Recording
        frame : int
            Number of the frame.
        """
        known = self.of(recording)
        if known is not None:
            self._replace(recording.name, known, turn_around(known.stored, frame))

    def undo(self, recording: Recording) -> bool:
        """Take back the last correction of a recording.

        Parameters
        ----------
        recording : Recording

        Returns
        -------
        bool
            Whether there was one.
        """
        known = self.of(recording)
        if known is None or not known.earlier:
            return False
        known.stored = known.earlier.pop().to_csv(known.path)
        self.changed.emit(recording.name)
        return True

    def _replace(self, name: str, known: Proposal, stored: StoredTrack) -> None:
        if stored is known.stored:
            return
        written = stored.to_csv(known.path)
        known.earlier.append(known.stored)
        known.stored = written
        self.changed.emit(name)

    def next_doubtful(self, recording: Recording, frame: int) -> tuple[int, int, int] | None:
        """Find the next place of a track that is worth a look.

        Parameters
        ----------
        recording : Recording
        frame : int
            Number of the frame that is shown. After the last place, the first one comes.

        Returns
        -------
        tuple of int or None
            The frame, the number of its place from 1, and the number of places; None if there is none.
        """
        known = self.of(recording)
        places = doubtful_frames(known.stored) if known is not None else []
        if not places:
            return None
        number = next((number for number, place in enumerate(places) if place > frame), 0)
        return places[number], number + 1, len(places)

    # taking -----------------------------------------------------------------------------------------

    def proposed(self, draft: StudyDraft) -> dict[int, Proposal]:
        """List the tracks that the rows do not use yet.

        Parameters
        ----------
        draft : StudyDraft

        Returns
        -------
        dict of int to Proposal
            By number of the row. A row of another video than the track's is left out.
        """
        found = {}
        for row in range(len(draft)) if self._found else ():
            video = draft.folder / draft.cell(row, "video")
            known = self._found.get(draft.cell(row, "name") or video.stem)
            if known is None or known.video != video.absolute():
                continue
            track = draft.cell(row, "track")
            used = (draft.folder / track).absolute() if track else None
            if used != known.stored.track.path or (draft.cell(row, "align") or "none") != known.align:
                found[row] = known
        return found

    def take(self, draft: StudyDraft) -> str:
        """Write the tracks into the rows, in place of their regions.

        Parameters
        ----------
        draft : StudyDraft

        Returns
        -------
        str
            What was done, as a sentence.
        """
        chosen = self.proposed(draft)
        paths = {row: known.stored.track.path for row, known in chosen.items()}
        draft.set_tracks({row: (path, chosen[row].align) for row, path in paths.items() if path is not None})
        names = [draft.cell(row, "name") or Path(draft.cell(row, "video")).stem for row in chosen]
        return f"The crops of {counted(len(chosen), 'recording')} follow the subject now: {listed(names, 6)}."


def _without_track(one: Recording) -> Recording | None:
    """Give a recording as it was before its track was found; None if the user brought the track."""
    if one.track is None:
        return one
    settings = settings_in(one.track.path)
    if settings is None:
        return None
    region = Roi(**settings["region"]) if settings["region"] else None
    return one.model_copy(update={"track": None, "align": "none", "roi": region})
