"""What the checks after a training found: whether the model means anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from napari_ubam.learners.errors import TrainingError

LAYOUT = 1
CHANCE = 0.5  # of telling a window in order from a shuffled one
CLEAR = 0.6  # the interval above this is well above chance
SLACK = 0.05  # of still windows around chance


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ShuffleCheck(_Part):
    """How well windows in their true order are told from shuffled ones.

    Parameters
    ----------
    meaning, verdict : str
        What the accuracy means, and what it says here.
    windows : int
        Windows; they do not overlap, and each is shown in order and shuffled.
    hardness : float, optional
        0: shuffled at random, 1: neighbours swapped; None where all difficulties were asked.
    accuracy : float, optional
        Part of the answers that is right, those on true and on shuffled order weighing the same; None without
        windows. 0.5 is chance.
    low, high : float, optional
        95% interval of the accuracy (Wilson), a window being the unit. Windows of one recording are alike, so
        with few recordings the truth is less certain than this.
    """

    meaning: str
    verdict: str
    windows: int
    hardness: float | None = None
    accuracy: float | None = None
    low: float | None = None
    high: float | None = None


class SubjectProbe(_Part):
    """How well the subject can be named from single frames; lower is better.

    Parameters
    ----------
    meaning, verdict : str
        What the accuracies mean, and what they say here.
    subjects, frames : int
        How many were used.
    chance : float
        Accuracy of guessing.
    codes, maps : float, optional
        Accuracy from posture codes, and from the gradient maps that the encoder begins with (balanced over
        subjects); None where there is one subject only.
    """

    meaning: str
    verdict: str
    subjects: int
    frames: int
    chance: float
    codes: float | None = None
    maps: float | None = None


class SheetFrame(_Part):
    """A frame on the contact sheet.

    Parameters
    ----------
    recording, subject : str
        Where it is from.
    frame : int
        Its number.
    cosine : float
        Likeness of its posture code to that of the row's first frame.
    """

    recording: str
    subject: str
    frame: int
    cosine: float = 1.0


class SheetRow(_Part):
    """A frame, and the frames of other subjects that are nearest to it.

    Parameters
    ----------
    frame : SheetFrame
    nearest : tuple of SheetFrame
        The nearest first.
    """

    frame: SheetFrame
    nearest: tuple[SheetFrame, ...]


class StageFacts(_Part):
    """How a training ended.

    Parameters
    ----------
    steps : int
        Batches.
    seconds : float
        Over all resumptions.
    losses : dict of str to float
        Means over the last moments.
    """

    steps: int
    seconds: float
    losses: dict[str, float]


class TrainingFacts(_Part):
    """What was trained, on what.

    Parameters
    ----------
    posture, behaviour : StageFacts
        The two trainings.
    device : str
        Name of the device.
    recordings, frames : int
        That training saw.
    """

    posture: StageFacts
    behaviour: StageFacts
    device: str
    recordings: int
    frames: int


class HeldOut(_Part):
    """What training did not see.

    Parameters
    ----------
    by : str
        ``"subject"``: whole subjects; ``"time"``: the last fifth of each recording.
    subjects, recordings : tuple of str
        Subjects and recordings that the shuffled windows come from.
    meaning : str
        The same in a sentence.
    """

    by: Literal["subject", "time"]
    subjects: tuple[str, ...]
    recordings: tuple[str, ...]
    meaning: str


class Quality(_Part):
    """What the checks found.

    Parameters
    ----------
    held_out : HeldOut
        What training did not see.
    shuffle : tuple of ShuffleCheck
        Windows that move, by hardness.
    still : ShuffleCheck
        Windows without movement, which must be at chance.
    subject : SubjectProbe
    sheet : tuple of SheetRow
        For the contact sheet; empty with one subject.
    training : TrainingFacts
    seed : int
        Of the checks.
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
    layout: int = LAYOUT

    def summary(self) -> Iterator[str]:
        """Tell the checks in lines for a terminal.

        Yields
        ------
        str
            A line: what was checked, the number, and what to think of it.
        """
        yield f"Checks of the model ({self.held_out.meaning})"
        for what, number, verdict in self.rows():
            yield f"  {what:34} {number or '-':>5}  {verdict}"

    def rows(self) -> list[tuple[str, str, str]]:
        """Tell the checks as a table: what was checked, the number (empty for none), what to think of it."""
        found = []
        for check in (*self.shuffle, self.still):
            hardness = check.hardness
            what = "still windows" if hardness is None else f"shuffled windows, hardness {hardness:g}"
            found.append((what, _three_digits(check.accuracy), check.verdict))
        named = ("subject named from the code", _three_digits(self.subject.codes), self.subject.verdict)
        return [*found, named]

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


def moving_verdict(low: float | None, high: float | None) -> str:
    """Say what the accuracy on moving windows means."""
    if low is None or high is None:
        return "unknown: no held-out window moves; more data"
    if low > CLEAR:
        return "well above chance"
    if low > CHANCE:
        return "a little above chance: more training or more data would help"
    if high < CHANCE:
        return "below chance: held-out recordings move otherwise than those that were trained on; more data"
    return "near chance: more training or more data"


def still_verdict(accuracy: float | None, low: float | None, high: float | None) -> str:
    """Say what the accuracy on windows without movement means."""
    if accuracy is None or low is None or high is None:
        return "unknown: there is no held-out window"
    if low <= CHANCE <= high or abs(accuracy - CHANCE) <= SLACK:
        return "at chance, as it must be"
    return "not at chance: order is told from something else than movement, such as the frame rate"


def subject_verdict(codes: float | None, maps: float | None, chance: float) -> str:
    """Say what naming the subject means."""
    if codes is None or maps is None:
        return "unknown: it takes at least two subjects with enough frames"
    known = (codes - chance) / (1 - chance)
    if known < 0.25:
        return "the code hardly tells who it is"
    if codes < maps - 0.1:
        return "the code tells less than the picture who it is, but still something"
    return "the code tells who it is as well as the picture does: more training or more subjects"
