"""Checks after a training whether the model means anything."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch.nn import functional as F

from napari_ubam.analysis.unit_vectors import unit_vectors
from napari_ubam.files import write_atomic
from napari_ubam.learners.errors import TrainingError
from napari_ubam.learners.fitting import FitResult, OrderLearner
from napari_ubam.learners.posture_track import STILL, PostureTrack
from napari_ubam.learners.sampling import Crops, evenly_spaced, read_images
from napari_ubam.models.networks import PostureNetwork
from napari_ubam.models.windows import Windows
from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled, silent

from . import probes
from .holdout import boundary
from .quality import (
    HeldOut,
    Quality,
    SheetFrame,
    SheetRow,
    ShuffleCheck,
    StageFacts,
    SubjectProbe,
    TrainingFacts,
    moving_verdict,
    still_verdict,
    subject_verdict,
)

HARDNESS = (0.0, 0.25, 0.5, 0.75, 1.0)
MOST_WINDOWS = 2000
MOST_FRAMES = 2000
MOST_SUBJECTS = 40  # that are to be named
CELLS = 8  # along each axis, of the maps that subjects are named from
MOST_COMPONENTS = 400  # of codes, that subjects are named from
ROWS, NEIGHBOURS = 6, 4


@dataclass(frozen=True)
class CheckedRecording:
    """A recording with its crops and postures.

    Parameters
    ----------
    name, subject : str
        As in the study.
    crops : Crops
        Of the frames that have one.
    frames : (t,) int64 array
        Frame number of each row of the track.
    track : PostureTrack
        Postures of the trained encoder; a row without a crop may hold NaN.
    """

    name: str
    subject: str
    crops: Crops
    frames: NDArray[np.int64]
    track: PostureTrack

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Rows with a crop and a posture."""
        held = np.zeros(len(self.frames), bool)
        for start, stop in self.crops.runs:
            held |= (self.frames >= start) & (self.frames < stop)
        return np.flatnonzero(held & np.isfinite(self.track.posture).all(1))

    def early_track(self) -> PostureTrack:
        """Return the track with only those windows that end before the last fifth, for training."""
        track, laid = self.track, self.track.windows
        last = laid.before[:, -1] + (laid.weight[:, -1] > 0)  # a step between two frames reads both
        early = self.frames[last] < boundary(self.crops.runs)
        part = Windows(laid.centres[early], laid.before[early], laid.weight[early])
        return PostureTrack(track.posture, part, track.motion[early])

    def late_windows(self) -> NDArray[np.int64]:
        """Numbers of the windows in the last fifth."""
        first = self.frames[self.track.windows.before[:, 0]]
        return np.flatnonzero(first >= boundary(self.crops.runs))

    def some_rows(self, most: int) -> NDArray[np.int64]:
        """Rows spread over the recording, at most so many."""
        return self.rows[evenly_spaced(len(self.rows), most)]


def stage_facts(result: FitResult) -> StageFacts:
    """Note how a training ended."""
    return StageFacts(steps=result.steps, seconds=result.seconds, losses=result.losses)


def save_quality(quality: Quality, path: Path) -> None:
    """Write the checks of a run as JSON, whole or not at all."""
    write_atomic(path, quality.model_dump_json(indent=2).encode())


def assess(
    posture: PostureNetwork,
    behaviour: OrderLearner,
    recordings: Sequence[CheckedRecording],
    held: set[str],
    training: TrainingFacts,
    *,
    seed: int = 0,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> Quality:
    """Check whether a trained model means anything.

    Parameters
    ----------
    posture : PostureNetwork
        Only its gradient maps are used; the codes come with the recordings.
    behaviour : OrderLearner
        Trained.
    recordings : sequence of CheckedRecording
        All of the study.
    held : set of str
        Subjects that training did not see, of `held_out`; where it is empty, training did not see the last
        fifth of each recording.
    training : TrainingFacts
        Written down with the checks.
    seed : int
    progress, cancel : optional
        Told before each part, and looked at there.

    Returns
    -------
    Quality

    Raises
    ------
    Cancelled
        When ``cancel`` is set.
    TrainingError
        If there is no recording, or a subject that is held out has none.
    """
    missing = held - {one.subject for one in recordings}
    if missing or not recordings:
        whom = ", ".join(sorted(missing)) or "any subject"
        raise TrainingError(f"There is no recording of {whom} to check; pass all recordings of the study.")
    checks = _Checks(
        posture, behaviour.eval(), recordings, held, seed, _Parts(len(recordings), progress, cancel)
    )
    shuffle, still = checks.order()
    subject = checks.subject()
    sheet = checks.sheet()
    checks.parts.end()
    return Quality(
        held_out=checks.held_out(),
        shuffle=shuffle,
        still=still,
        subject=subject,
        sheet=sheet,
        training=training,
        seed=seed,
    )


class _Parts:
    """Tells how many parts of the checks are done, and stops between them."""

    def __init__(self, recordings: int, progress: ProgressCallback | None, cancel: Cancel | None) -> None:
        self.done, self.of = 0, 2 * recordings + len(HARDNESS) + 1 + 2 * probes.FOLDS + 1
        self.progress, self.cancel = progress or silent, cancel

    def next(self, detail: str) -> None:
        """Begin the next part."""
        check_cancelled(self.cancel)
        self.progress(Progress("quality", self.done, self.of, detail))
        self.done = min(self.done + 1, self.of)

    def end(self) -> None:
        """Tell that all is done."""
        self.progress(Progress("quality", self.of, self.of))


@dataclass(frozen=True)
class _Checks:
    posture: PostureNetwork
    learner: OrderLearner
    recordings: Sequence[CheckedRecording]
    held: set[str]
    seed: int
    parts: _Parts

    @cached_property
    def checked(self) -> list[CheckedRecording]:
        """Recordings that shuffled windows come from."""
        return [one for one in self.recordings if not self.held or one.subject in self.held]

    def held_out(self) -> HeldOut:
        subjects = tuple(sorted({one.subject for one in self.checked}))
        if self.held:
            meaning = f"Training saw nothing of {len(subjects)} of the subjects; shuffled windows are theirs."
        else:
            meaning = (
                "With few subjects, training saw all but the last fifth of each recording; "
                "shuffled windows are from there."
            )
        return HeldOut(
            by="subject" if self.held else "time",
            subjects=subjects,
            recordings=tuple(one.name for one in self.checked),
            meaning=meaning,
        )

    def order(self) -> tuple[tuple[ShuffleCheck, ...], ShuffleCheck]:
        """Check moving windows by hardness, and still ones."""
        most = math.ceil(MOST_WINDOWS / len(self.checked))
        moving, still = [], []
        for number, one in enumerate(self.checked):
            self.parts.next(one.name)
            rng = np.random.default_rng((self.seed, number))
            track = one.track
            chosen = np.arange(len(track.windows)) if self.held else one.late_windows()
            moves = track.motion[chosen] > STILL * self.learner.motion
            calm = _some(probes.apart(track.windows, chosen), most, rng)
            moving.append(
                track.windows.of(track.posture, _some(probes.apart(track.windows, chosen[moves]), most, rng))
            )
            still.append(probes.still_windows(track, calm, self.seed + number))
        found = []
        for hardness in HARDNESS:
            self.parts.next(f"shuffled windows, hardness {hardness}")
            found.append(self._moving(np.concatenate(moving), hardness))
        self.parts.next("still windows")
        return tuple(found), self._still(np.concatenate(still))

    def _moving(self, windows: NDArray[np.float32], hardness: float) -> ShuffleCheck:
        right = probes.right_order(self.learner, windows, hardness, self.seed)
        accuracy, low, high = _share(right)
        meaning = (
            f"Of {len(windows)} windows that move, this part was told from the same window shuffled with "
            f"hardness {hardness:g} by the behaviour encoder; 0.5 is chance, and more means that it knows "
            "the order of movement."
        )
        return ShuffleCheck(
            meaning=meaning,
            verdict=moving_verdict(low, high),
            windows=len(windows),
            hardness=hardness,
            accuracy=accuracy,
            low=low,
            high=high,
        )

    def _still(self, windows: NDArray[np.float32]) -> ShuffleCheck:
        asked = [probes.right_order(self.learner, windows, hardness, self.seed) for hardness in HARDNESS]
        accuracy, low, high = _share(np.mean(asked, axis=0))
        meaning = (
            "Of windows without movement, in which only the noise of single frames differs, this part was "
            "told from the same window shuffled; it must be 0.5, since such windows have no order."
        )
        return ShuffleCheck(
            meaning=meaning,
            verdict=still_verdict(accuracy, low, high),
            windows=len(windows),
            accuracy=accuracy,
            low=low,
            high=high,
        )

    def subject(self) -> SubjectProbe:
        """Name subjects from codes and from gradient maps."""
        names = sorted({one.subject for one in self.recordings})
        if len(names) > MOST_SUBJECTS:
            names = sorted(
                np.random.default_rng(self.seed).choice(names, MOST_SUBJECTS, replace=False).tolist()
            )
        asked = [one for one in self.recordings if one.subject in names and len(one.rows) >= probes.FOLDS]
        names = sorted({one.subject for one in asked})
        codes = maps = None
        frames, chance = 0, 1 / max(len(names), 1)
        if len(names) > 1:
            sample = self._sample(asked, names)
            frames, width = len(sample.codes), min(sample.codes.shape[1], MOST_COMPONENTS)
            codes, maps = (
                probes.name_subject(
                    features, sample.subjects, sample.blocks, width, lambda: self.parts.next("subjects")
                )
                for features in (sample.codes, sample.maps)
            )
        meaning = (
            "This part of single frames was given to the right subject by a logistic regression that learned "
            "from other times of the same recordings; lower is better, and the gradient maps show how much "
            "the picture tells."
        )
        return SubjectProbe(
            meaning=meaning,
            verdict=subject_verdict(codes, maps, chance),
            subjects=len(names),
            frames=frames,
            chance=chance,
            codes=codes,
            maps=maps,
        )

    def _sample(self, asked: Sequence[CheckedRecording], names: list[str]) -> _Sample:
        most = max(4 * probes.FOLDS, MOST_FRAMES // len(asked))
        codes, maps, subjects, blocks = [], [], [], []
        for one in asked:
            self.parts.next(one.name)
            rows = one.some_rows(most)
            codes.append(one.track.posture[rows])
            maps.append(self._maps(one, rows))
            subjects.append(np.full(len(rows), names.index(one.subject)))
            blocks.append(np.arange(len(rows)) * probes.FOLDS // len(rows))
        return _Sample(*(np.concatenate(part) for part in (codes, maps, subjects, blocks)))

    def _maps(self, one: CheckedRecording, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        found = []
        for frame in one.frames[rows, None]:
            check_cancelled(self.parts.cancel)
            crop = read_images(one.crops, frame)
            found.append(F.adaptive_avg_pool2d(self.posture.maps(crop), CELLS).flatten(1).numpy())
        return np.concatenate(found)

    def sheet(self) -> tuple[SheetRow, ...]:
        """Find rows for the contact sheet."""
        self.parts.next("nearest frames")
        names = sorted({one.subject for one in self.recordings if len(one.rows)})
        if len(names) < 2:
            return ()
        most = max(10, 2 * MOST_FRAMES // len(self.recordings))
        rows = [one.some_rows(most) for one in self.recordings]
        codes = unit_vectors(
            np.concatenate([one.track.posture[part] for one, part in zip(self.recordings, rows, strict=True)])
        )
        owner = np.repeat(np.arange(len(rows)), [len(part) for part in rows])
        who = np.array([names.index(one.subject) if len(one.rows) else -1 for one in self.recordings])[owner]
        flat = np.concatenate(rows)

        def frame(row: int, cosine: float = 1.0) -> SheetFrame:
            one = self.recordings[owner[row]]
            number = int(one.frames[flat[row]])
            return SheetFrame(recording=one.name, subject=one.subject, frame=number, cosine=round(cosine, 4))

        return tuple(
            SheetRow(
                frame=frame(row),
                nearest=tuple(frame(*pair) for pair in probes.nearest_elsewhere(codes, who, row, NEIGHBOURS)),
            )
            for row in probes.spread_frames(codes, owner, who, ROWS, self.seed)
        )


@dataclass(frozen=True)
class _Sample:
    codes: NDArray[np.float32]
    maps: NDArray[np.float32]
    subjects: NDArray[np.int64]
    blocks: NDArray[np.int64]


def _some(numbers: NDArray[np.int64], most: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return numbers if len(numbers) <= most else np.sort(rng.choice(numbers, most, replace=False))


def _share(right: NDArray[np.float64]) -> tuple[float | None, float | None, float | None]:
    """Mean with its 95% interval; nothing where there is nothing."""
    if not len(right):
        return None, None, None
    share = float(right.mean())
    return (share, *probes.wilson(share, len(right)))
