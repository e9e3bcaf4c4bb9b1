"""Checks the quality of a model after its training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from torch.nn import functional as F

from napari_ubam.analysis.individual import codes_without_individual
from napari_ubam.analysis.unit_vectors import unit_vectors
from napari_ubam.learners.errors import TrainingError
from napari_ubam.learners.fitting import OrderLearner
from napari_ubam.learners.posture_track import STILL
from napari_ubam.learners.sampling import read_images
from napari_ubam.models.networks import PostureNetwork
from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled, silent
from napari_ubam.study.values import counted

from . import probes
from .checked_recording import CheckedRecording
from .quality import (
    HeldOut,
    Quality,
    SheetFrame,
    SheetRow,
    ShuffleCheck,
    SubjectProbe,
    TrainingFacts,
)
from .verdicts import moving_verdict, still_verdict, subject_verdict

HARDNESS = (0.0, 0.25, 0.5, 0.75, 1.0)
MOST_WINDOWS = 2000
MOST_FRAMES = 2000
MOST_SUBJECTS = 40  # of the subject identifiability
CELLS = 8  # of the gradient maps along each axis, for the subject identifiability
MOST_COMPONENTS = 400  # principal components of the codes, for the subject identifiability
ROWS, NEIGHBOURS = 6, 4
FEW_SUBJECTS = (
    "There are few subjects, so the last fifth of each recording was held out; the shuffled windows are from "
    "there."
)
ONE_RECORDING = (
    "There is one recording, so its last fifth was held out; the shuffled windows are from there. Nothing "
    "can be said about other individuals."
)


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
    """Check the quality of a trained model.

    Parameters
    ----------
    posture : PostureNetwork
        Posture encoder; only its gradient maps are used.
    behaviour : OrderLearner
        Trained behaviour encoder.
    recordings : sequence of CheckedRecording
        All recordings of the study, with their codes.
    held : set of str
        Subjects that were held out, from `held_out`. If it is empty, the last fifth of each recording was
        held out.
    training : TrainingFacts
        Facts about the training, which are stored with the checks.
    seed : int
        Random seed.
    progress, cancel : optional
        Called before each part; checked before each part.

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
    """Reports the progress of the checks, and stops between their parts."""

    def __init__(self, recordings: int, progress: ProgressCallback | None, cancel: Cancel | None) -> None:
        self.done, self.of = 0, 2 * recordings + len(HARDNESS) + 1 + 3 * probes.FOLDS + 3
        self.progress, self.cancel = progress or silent, cancel

    def next(self, detail: str) -> None:
        """Report that the next part begins."""
        check_cancelled(self.cancel)
        self.progress(Progress("quality", self.done, self.of, detail))
        self.done = min(self.done + 1, self.of)

    def end(self) -> None:
        """Report the end."""
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
        """Recordings whose windows are shuffled: those that are held out."""
        return [one for one in self.recordings if not self.held or one.subject in self.held]

    def held_out(self) -> HeldOut:
        subjects = tuple(sorted({one.subject for one in self.checked}))
        if self.held:
            many = counted(len(subjects), "subject")
            meaning = f"The shuffled windows are from {many} held out of the training."
        else:
            meaning = ONE_RECORDING if len(self.recordings) == 1 else FEW_SUBJECTS
        return HeldOut(
            by="subject" if self.held else "time",
            subjects=subjects,
            recordings=tuple(one.name for one in self.checked),
            meaning=meaning,
        )

    def order(self) -> tuple[tuple[ShuffleCheck, ...], ShuffleCheck]:
        """Check windows with movement by hardness, and windows without movement."""
        most = math.ceil(MOST_WINDOWS / len(self.checked))
        moving, still = [], []
        for number, one in enumerate(self.checked):
            self.parts.next(one.name)
            rng = np.random.default_rng((self.seed, number))
            track = one.track
            chosen = np.arange(len(track.windows)) if self.held else one.late_windows()
            moves = track.motion[chosen] > STILL * self.learner.motion
            calm = _some(probes.non_overlapping(track.windows, chosen), most, rng)
            separate = _some(probes.non_overlapping(track.windows, chosen[moves]), most, rng)
            moving.append(track.windows.of(track.posture, separate))
            still.append(probes.still_windows(track, calm, self.seed + number))
        found = []
        for hardness in HARDNESS:
            self.parts.next(f"shuffled windows, hardness {hardness}")
            found.append(self._moving(np.concatenate(moving), hardness))
        self.parts.next("still windows")
        return tuple(found), self._still(np.concatenate(still))

    def _moving(self, windows: NDArray[np.float32], hardness: float) -> ShuffleCheck:
        right = probes.order_accuracy(self.learner, windows, hardness, self.seed)
        accuracy, low, high = _share(right)
        meaning = (
            f"Share of {len(windows)} windows with movement that the behaviour encoder preferred to the same "
            f"window, shuffled with hardness {hardness:g}; 0.5 is chance, and more means that the encoder "
            "has learned the order of movement."
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
        asked = [probes.order_accuracy(self.learner, windows, hardness, self.seed) for hardness in HARDNESS]
        accuracy, low, high = _share(np.mean(asked, axis=0))
        meaning = (
            "Share of windows without movement that the behaviour encoder preferred to the same window, "
            "shuffled; only noise differs between their frames, so they have no order and it must be 0.5."
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
        """Measure the subject identifiability from codes and from gradient maps."""
        names = sorted({one.subject for one in self.recordings})
        if len(names) > MOST_SUBJECTS:
            names = sorted(
                np.random.default_rng(self.seed).choice(names, MOST_SUBJECTS, replace=False).tolist()
            )
        asked = [one for one in self.recordings if one.subject in names and len(one.rows) >= probes.FOLDS]
        names = sorted({one.subject for one in asked})
        found: dict[str, float] = {}
        frames, chance = 0, 1 / max(len(names), 1)
        if len(names) > 1:
            sample = self._sample(asked, names)
            frames, width = len(sample.codes), min(sample.codes.shape[1], MOST_COMPONENTS)
            alone = codes_without_individual(unit_vectors(sample.codes), sample.subjects)
            for name, features in (
                ("codes", sample.codes),
                ("maps", sample.maps),
                ("without_individual", alone),
            ):
                found[name] = probes.subject_identifiability(
                    features, sample.subjects, sample.blocks, width, lambda: self.parts.next("subjects")
                )
            for name, features in (("nearest", sample.codes), ("nearest_without_individual", alone)):
                self.parts.next("subjects")
                found[name] = probes.subject_of_nearest(features, sample.subjects, sample.blocks)
        meaning = (
            "Share of single frames whose subject a logistic regression identified, after training on other "
            "times of the same recordings; lower is better, and the gradient maps of the image are for "
            "comparison. Without the individual: each subject's own mean code is taken out, as in neighbours "
            "and map. Nearest: a vote of the 15 nearest frames of other times."
        )
        return SubjectProbe(
            meaning=meaning,
            verdict=subject_verdict(found.get("codes"), found.get("maps"), chance),
            subjects=len(names),
            frames=frames,
            chance=chance,
            **found,
        )

    def _sample(self, asked: Sequence[CheckedRecording], names: list[str]) -> _Sample:
        most = max(4 * probes.FOLDS, MOST_FRAMES // len(asked))
        codes, maps, subjects, blocks = [], [], [], []
        for one in asked:
            self.parts.next(one.name)
            rows = one.spaced_rows(most)
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
        rows = [one.spaced_rows(most) for one in self.recordings]
        codes = unit_vectors(
            np.concatenate([one.track.posture[part] for one, part in zip(self.recordings, rows, strict=True)])
        )
        owner = np.repeat(np.arange(len(rows)), [len(part) for part in rows])
        who = np.array([names.index(one.subject) if len(one.rows) else -1 for one in self.recordings])[owner]
        individuals = sorted({(one.subject, one.session) for one in self.recordings})
        of = np.array([individuals.index((one.subject, one.session)) for one in self.recordings])
        codes = codes_without_individual(codes, of[owner])
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
            for row in probes.different_frames(codes, owner, who, ROWS, self.seed)
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
    """Mean with its 95% interval, None without values."""
    if not len(right):
        return None, None, None
    share = float(right.mean())
    return (share, *probes.wilson(share, len(right)))
