"""Results of the checks after a training."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from napari_ubam.files import write_atomic
from napari_ubam.learners.errors import TrainingError
from napari_ubam.learners.fitting import FitResult

from .advice import TrainingAdvice, at_chance
from .verdicts import mixing_verdict

LAYOUT = 1


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ShuffleCheck(_Part):
    """How well the behaviour encoder distinguishes windows in order from shuffled windows.

    Parameters
    ----------
    meaning, verdict : str
        What the accuracy means, and what follows from it.
    windows : int
        Number of windows. They do not overlap.
    hardness : float, optional
        0: all steps shuffled, 1: neighbours swapped; None for the mean over all.
    accuracy : float, optional
        Share of pairs in which the window in order was preferred; 0.5 is chance. None without windows.
    low, high : float, optional
        95% confidence interval of the accuracy (Wilson), with the window as unit. Windows of one recording
        are similar, so with few recordings the result is less certain than this.
    """

    meaning: str
    verdict: str
    windows: int
    hardness: float | None = None
    accuracy: float | None = None
    low: float | None = None
    high: float | None = None


class SubjectProbe(_Part):
    """Subject identifiability: how well the subject can be identified from single frames; lower is better.

    Parameters
    ----------
    meaning, verdict : str
        What the accuracies mean, and what follows from them.
    subjects, frames : int
        Number of subjects and frames.
    chance : float
        Accuracy of guessing.
    codes, maps : float, optional
        Accuracy from posture codes, and from the gradient maps of the crops, balanced over subjects. None if
        there is only one subject.
    without_individual : float, optional
        The same from the codes that neighbours and map compare: each subject's own mean is taken out.
    nearest, nearest_without_individual : float, optional
        Accuracy of a vote of the 15 nearest frames of other times, from both codes. It also sees what a
        linear classifier cannot see once the means are the same.
    """

    meaning: str
    verdict: str
    subjects: int
    frames: int
    chance: float
    codes: float | None = None
    maps: float | None = None
    without_individual: float | None = None
    nearest: float | None = None
    nearest_without_individual: float | None = None


class SheetFrame(_Part):
    """A frame on the contact sheet.

    Parameters
    ----------
    recording, subject : str
        Recording and subject of the frame.
    frame : int
        Frame number.
    cosine : float
        Cosine similarity of its posture code and that of the first frame in the row.
    """

    recording: str
    subject: str
    frame: int
    cosine: float = 1.0


class SheetRow(_Part):
    """A frame, and the most similar frames of other subjects.

    Parameters
    ----------
    frame : SheetFrame
        The frame.
    nearest : tuple of SheetFrame
        The nearest first.
    """

    frame: SheetFrame
    nearest: tuple[SheetFrame, ...]


class StageFacts(_Part):
    """How the training of one encoder ended.

    Parameters
    ----------
    steps : int
        Number of steps.
    seconds : float
        Training time, over all resumptions.
    losses : dict of str to float
        Means over the last steps, by name.
    """

    steps: int
    seconds: float
    losses: dict[str, float]

    @classmethod
    def of(cls, result: FitResult) -> StageFacts:
        """Take the facts from the result of a training.

        Parameters
        ----------
        result : FitResult
            How the training ended.

        Returns
        -------
        StageFacts
        """
        return cls(steps=result.steps, seconds=result.seconds, losses=result.losses)


class TrainingFacts(_Part):
    """Facts about the training of a model.

    Parameters
    ----------
    posture, behaviour : StageFacts
        Training of each encoder.
    device : str
        Name of the compute device.
    recordings, frames : int
        Number of recordings and frames in the training.
    """

    posture: StageFacts
    behaviour: StageFacts
    device: str
    recordings: int
    frames: int


class HeldOut(_Part):
    """What was held out from the training.

    Parameters
    ----------
    by : str
        ``"subject"``: whole subjects; ``"time"``: the last fifth of each recording.
    subjects, recordings : tuple of str
        Subjects and recordings whose windows are shuffled.
    meaning : str
        The same in a sentence.
    """

    by: Literal["subject", "time"]
    subjects: tuple[str, ...]
    recordings: tuple[str, ...]
    meaning: str


class Quality(_Part):
    """Results of all checks.

    Parameters
    ----------
    held_out : HeldOut
        What was held out from the training.
    shuffle : tuple of ShuffleCheck
        Windows with movement, by hardness.
    still : ShuffleCheck
        Windows without movement, which must be at chance.
    subject : SubjectProbe
        Subject identifiability.
    sheet : tuple of SheetRow
        Rows of the contact sheet; empty with one subject.
    training : TrainingFacts
        Facts about the training.
    seed : int
        Random seed of the checks.
    advice : TrainingAdvice, optional
        Whether the training was long enough; None in runs of earlier versions.
    layout : int
        Version of the file.
    """

    held_out: HeldOut
    shuffle: tuple[ShuffleCheck, ...]
    still: ShuffleCheck
    subject: SubjectProbe
    sheet: tuple[SheetRow, ...]
    training: TrainingFacts
    seed: int
    advice: TrainingAdvice | None = None
    layout: int = LAYOUT

    @property
    def too_young(self) -> str:
        """One sentence if the model was trained too little to score with; else empty."""
        if self.advice is not None:
            return self.advice.sentence if self.advice.too_young else ""
        easiest = self.shuffle[0] if self.shuffle else self.still
        if easiest.hardness is None or not at_chance(easiest.windows, easiest.low, easiest.high):
            return ""
        return (
            "This model is too young to score with: it tells windows in order from shuffled windows no "
            "better than by guessing. Train longer."
        )

    @property
    def next_step(self) -> str:
        """One sentence if the training should go on; else empty."""
        return self.advice.sentence if self.advice is not None else self.too_young

    def summary(self) -> Iterator[str]:
        """Summarise the checks in lines for a terminal.

        Yields
        ------
        str
            What was checked, the result, and what follows from it.
        """
        yield f"Quality checks ({self.held_out.meaning})"
        for what, number, verdict in self.rows():
            yield f"  {what:34} {number or '-':>5}  {verdict}"

    def rows(self) -> list[tuple[str, str, str]]:
        """Return the checks as a table: what was checked, the result (or ""), and what follows from it."""
        found = []
        for check in (*self.shuffle, self.still):
            hardness = check.hardness
            what = "still windows" if hardness is None else f"shuffled windows, hardness {hardness:g}"
            found.append((what, _three_digits(check.accuracy), check.verdict))
        advice = self.advice
        if advice is not None and advice.scores:
            found.append(
                ("held-out frames told apart", _three_digits(advice.scores[-1].score), advice.verdict)
            )
        return [*found, *self._subject_rows()]

    def _subject_rows(self) -> Iterator[tuple[str, str, str]]:
        """Yield the rows of the subject identifiability; earlier versions checked only the codes."""
        probe = self.subject
        yield "subject identifiability", _three_digits(probe.codes), probe.verdict
        if probe.without_individual is None or probe.nearest_without_individual is None:
            return
        yield (
            "the same, individual removed",
            _three_digits(probe.without_individual),
            "the code that neighbours, map and magnifier compare, without the mean of each subject",
        )
        yield (
            "subject among the nearest frames",
            _three_digits(probe.nearest_without_individual),
            mixing_verdict(probe.nearest_without_individual, probe.chance),
        )

    def write(self, path: Path) -> None:
        """Write the checks as JSON. An existing file is replaced only when the new one is complete.

        Parameters
        ----------
        path : Path
            ``quality.json`` of the run.
        """
        write_atomic(path, self.model_dump_json(indent=2).encode())

    @classmethod
    def read(cls, path: Path) -> Quality:
        """Read the checks of a run.

        Parameters
        ----------
        path : Path
            ``quality.json`` of the run.

        Returns
        -------
        Quality

        Raises
        ------
        TrainingError
            If the file is missing or cannot be read.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            raise TrainingError(f"There are no checks at {path}; train the run to its end.") from None
        except (OSError, ValidationError):
            raise TrainingError(
                f"The checks in {path} cannot be read; remove the file and train again."
            ) from None


def _three_digits(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
