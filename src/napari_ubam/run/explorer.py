"""Explore a run: the most similar frames of other subjects, and a map of all frames."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_ubam.analysis.individual import codes_without_individual, individual_shifts, individuals_of
from napari_ubam.analysis.maps import SAMPLE, Method, fit_map
from napari_ubam.analysis.neighbours_apart_in_time import spaced_neighbours
from napari_ubam.analysis.unit_vectors import unit_vectors
from napari_ubam.embedding.codes import store_of
from napari_ubam.embedding.model_encoder import ModelEncoder
from napari_ubam.embedding.stored_codes import StoredCodes
from napari_ubam.kinds import INDIVIDUAL, KINDS, MAP_KIND, NEIGHBOURS_KIND, Individual, Kind
from napari_ubam.progress import Cancel, ProgressCallback
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.paths import MAP_RESULT, SCORES
from napari_ubam.runfolder.recordings import read_recordings
from napari_ubam.runfolder.tables import Result, has_result, write_result

from .frame_sample import code_of, sample_frames, with_column
from .saved_map import codes_digest, read_saved_map
from .score_table import read_scores

Floats = npt.NDArray[np.float32]
SHORTEST = 5  # windows; the mean of a shorter time is what a subject did then, and not who it is


@dataclass(frozen=True)
class Explorer:
    """Codes of the embedded recordings of a run, in memory.

    Long studies are sampled: one of ``every`` consecutive frames is there.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    frames : DataFrame
        ``recording, subject, group, session, frame, time``: one row for each valid frame. ``time`` is in
        seconds.
    posture, behaviour : ndarray of float32, shape (n, d)
        Codes of these frames, of length 1.
    window_ms : float
        Length of a behaviour window in milliseconds. Two neighbours of one recording are at least half of it
        apart.
    every : int
        1 if all valid frames are there.
    stored : StoredCodes, optional
        Codes of all frames, on disk.
    """

    folder: Path
    frames: pd.DataFrame
    posture: Floats
    behaviour: Floats
    window_ms: float
    every: int = 1
    stored: StoredCodes | None = None

    def codes(self, kind: Kind, individual: Individual = INDIVIDUAL) -> Floats:
        """Codes of one kind, as neighbours and map compare them.

        Parameters
        ----------
        kind : str
            ``"posture"`` or ``"behaviour"``.
        individual : str
            ``"remove"``: the mean code of all subjects takes the place of the subject's own mean code in the
            session, except where its recordings are too short (`notes`). ``"keep"``: codes as stored.

        Returns
        -------
        ndarray of float32, shape (n, d)
            Of length 1, one row for each row of ``frames``.

        Raises
        ------
        RunError
            If there is no such kind, or ``individual`` is neither of the two.
        """
        if kind not in KINDS:
            raise RunError(f"There are no codes of {kind!r}; choose posture or behaviour.")
        if individual not in get_args(Individual):
            raise RunError(f"The individual cannot be {individual!r}; choose remove or keep.")
        if individual == "keep":
            return self.posture if kind == "posture" else self.behaviour
        return self._posture_alone if kind == "posture" else self._behaviour_alone

    def notes(self, individual: Individual = INDIVIDUAL) -> tuple[str, ...]:
        """Sentences that must be known to read neighbours and map correctly.

        Parameters
        ----------
        individual : str
            As for `codes`.

        Returns
        -------
        tuple of str
            Says whether frames are a sample, and names subjects whose recordings are too short for their mean
            to be taken out.
        """
        sampled = (
            f"The study is long: {len(self.frames):,} of its frames are used, one of {self.every} in a row, "
            "drawn at random.",
        )
        return (*(sampled if self.every > 1 else ()), *self._short(individual))

    def _short(self, individual: Individual) -> tuple[str, ...]:
        short = self.frames.loc[self._individuals < 0, "subject"].unique()
        if individual == "keep" or not len(short):
            return ()
        return (
            f"{', '.join(short)}: less than {SHORTEST * self.window_ms / 1000:g} s of frames in a session, "
            "too little to tell who this is from what was done, so the individual is kept there.",
        )

    @cached_property
    def _posture_alone(self) -> Floats:
        return codes_without_individual(self.posture, self._individuals)

    @cached_property
    def _behaviour_alone(self) -> Floats:
        return codes_without_individual(self.behaviour, self._individuals)

    @cached_property
    def _individuals(self) -> npt.NDArray[np.int64]:
        return individuals_of(self.frames, SHORTEST * self.window_ms / 1000)

    def row_of(self, recording: str, frame: int) -> int:
        """Find the row of a frame.

        Parameters
        ----------
        recording : str
            Name of the recording.
        frame : int
            Frame number in the video.

        Returns
        -------
        int
            Row in ``frames`` and in the codes.

        Raises
        ------
        RunError
            If the frame has no code.
        """
        own = self.frames["recording"] == recording
        found = np.flatnonzero((own & (self.frames["frame"] == frame)).to_numpy())
        if len(found):
            return int(found[0])
        if not own.any():
            raise RunError(f"{recording} has no codes in {self.folder}; embed it first.")
        numbers = self.frames.loc[own, "frame"]
        raise RunError(
            f"Frame {frame} of {recording} has no code; choose a frame from {numbers.min()} to "
            f"{numbers.max()} with a complete window around it."
        )

    @cached_property
    def _recording_numbers(self) -> npt.NDArray[np.int64]:
        return pd.factorize(self.frames["recording"])[0].astype(np.int64)

    @cached_property
    def _subject_numbers(self) -> npt.NDArray[np.int64]:
        return pd.factorize(self.frames["subject"])[0].astype(np.int64)

    def neighbours(
        self,
        recording: str,
        frame: int,
        *,
        kind: Kind = NEIGHBOURS_KIND,
        individual: Individual = INDIVIDUAL,
        count: int = 8,
        per_subject: int = 2,
        same_subject: bool = False,
    ) -> pd.DataFrame:
        """Find the most similar frames of other subjects.

        The search is exact, by cosine similarity. Frames of one recording are at least half a behaviour
        window apart, so that the result shows different moments.

        Parameters
        ----------
        recording : str
            Name of the recording.
        frame : int
            Frame number in the video.
        kind : str
            Codes that are compared: ``"posture"`` or ``"behaviour"``.
        individual : str
            ``"remove"`` to compare without what each subject has in common in a session, ``"keep"`` to
            compare codes as stored; see `codes`.
        count : int
            Number of neighbours.
        per_subject : int
            Number of neighbours from one subject at most.
        same_subject : bool
            Search the other recordings of the same subject instead, `per_subject` frames of each at most.

        Returns
        -------
        DataFrame
            ``recording, subject, group, session, frame, time, similarity``, the most similar first.
            ``similarity`` is the cosine, -1 to 1.

        Raises
        ------
        RunError
            If the frame has no code, or there is no other subject or recording.
        """
        codes, query, subject = self.codes(kind, individual), *self._query(recording, frame, kind, individual)
        own = (self.frames["subject"] == subject).to_numpy()
        others = np.where(own, -1, self._subject_numbers)
        if same_subject:
            elsewhere = own & (self.frames["recording"] != recording).to_numpy()
            others = np.where(elsewhere, self._recording_numbers, -1)
        if (others < 0).all():
            only = f"{recording} is the only recording of {subject}"
            raise RunError(f"{only if same_subject else f'{subject} is the only subject'}; embed others.")
        found = spaced_neighbours(
            query,
            codes,
            subjects=others,
            recordings=self._recording_numbers,
            times=self.frames["time"].to_numpy(),
            spacing=self.window_ms / 2000,
            k=count,
            per_subject=per_subject,
        )
        rows, distance = found.index[0], found.distance[0]
        table: pd.DataFrame = self.frames.iloc[rows[rows >= 0]]
        return table.assign(similarity=1 - distance[rows >= 0]).reset_index(drop=True)

    def _query(self, recording: str, frame: int, kind: Kind, individual: Individual) -> tuple[Floats, str]:
        """Code of a frame and its subject; the code is read from disk if the frame is not in the sample."""
        own = (self.frames["recording"] == recording).to_numpy()
        sampled = bool((self.frames.loc[own, "frame"] == frame).any())
        if sampled or not own.any() or self.every == 1 or self.stored is None:
            row = self.row_of(recording, frame)
            return self.codes(kind, individual)[row], str(self.frames["subject"].iloc[row])
        code = code_of(self.stored, recording, frame, kind)
        if code is None:
            raise RunError(
                f"Frame {frame} of {recording} has no code; choose one with a complete window around it."
            )
        if individual == "remove":
            shifts = individual_shifts(self.codes(kind, "keep"), self._individuals)
            number = int(self._individuals[own][0])
            code = unit_vectors(code + shifts.get(number, np.float32(0)))
        return code[0], str(self.frames.loc[own, "subject"].iloc[0])

    def map(
        self,
        *,
        kind: Kind = MAP_KIND,
        individual: Individual = INDIVIDUAL,
        method: Method = "umap",
        sample: int = SAMPLE,
        seed: int = 0,
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
    ) -> pd.DataFrame:
        """Place all frames on a plane, those with similar codes near each other.

        The map is saved in the run as ``map.csv``, and its settings as ``map.json``. It is read from there as
        long as codes and settings stay the same.

        Parameters
        ----------
        kind : str
            Codes that are mapped: ``"posture"`` or ``"behaviour"``.
        individual : str
            ``"remove"`` to map without what each subject has in common in a session, ``"keep"`` to map codes
            as stored; see `codes`.
        method : str
            ``"umap"``, or ``"pca"`` for the first two principal components.
        sample : int
            Number of frames that UMAP is fitted on.
        seed : int
            Random seed of the sample and of UMAP.
        progress : callable, optional
            Called with the progress of the stage ``"map"``.
        cancel : object with ``is_set()``, optional
            Stops the work when set.

        Returns
        -------
        DataFrame
            ``recording, subject, group, session, frame, time, x, y``, one row for each row of ``frames``.

        Raises
        ------
        RunError
            If there is no such kind of codes, or ``individual`` is neither of the two.
        DeviationError
            If the method is unknown, there are fewer than three frames, or umap-learn is not installed.
        Cancelled
            When ``cancel`` is set.
        """
        codes = self.codes(kind, individual)
        facts = {
            "kind": kind,
            "individual": individual,
            "method": method,
            "sample": sample,
            "seed": seed,
            "codes": codes_digest(codes),
            **({"one_frame_of": self.every} if self.every > 1 else {}),
        }
        known = read_saved_map(self.folder, facts, len(self.frames))
        if known is not None:
            return self.frames.assign(x=known[:, 0], y=known[:, 1])
        made = fit_map(
            codes,
            self._recording_numbers,
            method=method,
            sample=sample,
            seed=seed,
            progress=progress,
            cancel=cancel,
        )
        table = self.frames.assign(x=made.points[:, 0], y=made.points[:, 1])
        library = {"umap-learn": version("umap-learn")} if method == "umap" else {}
        settings = facts | {"sampled": int(made.sampled.sum()), "versions": library}
        write_result(self.folder, Result(MAP_RESULT, {"map": table}, settings, self.notes(individual)))
        return table

    def with_deviation(self, table: pd.DataFrame, *, kind: Kind = MAP_KIND) -> pd.DataFrame:
        """Add the percentile of the deviation to a table of frames.

        Parameters
        ----------
        table : DataFrame
            With the columns ``recording`` and ``frame``.
        kind : str
            Codes whose deviation is added: ``"posture"`` or ``"behaviour"``.

        Returns
        -------
        DataFrame
            The table with a column ``deviation``: percentile, 0 to 100. NaN where a frame has no score.

        Raises
        ------
        RunError
            If there is no such kind of codes, or the run has no scores.
        """
        self.codes(kind)  # refuses an unknown kind
        if not has_result(self.folder, SCORES):
            raise RunError(f"{self.folder} has no scores; score the study first.")
        column = "posture_percentile" if kind == "posture" else "episodic_percentile"
        return with_column(table, read_scores(self.folder).tables, column)


def explore(folder: Path) -> Explorer:
    """Load the codes of all embedded recordings of a run.

    Parameters
    ----------
    folder : Path
        Folder of the run.

    Returns
    -------
    Explorer

    Raises
    ------
    RunError
        If no recording is embedded.
    WeightsError
        If the run has no trained model.
    EmbeddingError
        If codes belong to another model or another video.
    """
    store, encoder = store_of(folder), ModelEncoder.load(folder)
    embedded = [one for one in read_recordings(folder) if store.state(one, encoder) != "missing"]
    if not embedded:
        raise RunError(f"No recording of {folder} is embedded; embed or score the study first.")
    codes = StoredCodes.of(folder, embedded, encoder)
    found = sample_frames(codes)
    window_ms = encoder.config.behaviour.window_ms
    return Explorer(folder, found.frames, found.posture, found.behaviour, window_ms, found.every, codes)
