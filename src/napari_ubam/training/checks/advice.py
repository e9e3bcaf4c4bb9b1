"""Whether a model was trained for long enough, and how much longer to train it."""

from __future__ import annotations

import math

import numpy as np
from pydantic import BaseModel, ConfigDict

from napari_ubam.learners.fitting import FitResult, HeldOutScore
from napari_ubam.study.values import counted

YOUNG = 0.15  # score on held-out frames below which frames are hardly told apart
RISING = 0.03  # gain of the score over the second half of a training that is worth more time
HALF = (0.4, 0.6)  # share of the steps over which the score at half-time is averaged
STILL = ", or check that the subjects move and fill their regions"  # if a whole training did not help
FEWEST_WINDOWS = 10  # with fewer, an accuracy of 0.5 says nothing


class HeldOutPoint(BaseModel):
    """Score on held-out frames during the training; see `HeldOutScore`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: int
    seconds: float
    score: float


class TrainingAdvice(BaseModel):
    """Whether a model was trained for long enough.

    Parameters
    ----------
    too_young : bool
        Whether the model is near chance.
    rising : bool
        Whether the score on held-out frames still rose in the second half of the training.
    more_minutes : int, optional
        How many minutes more to train; None if there is no reason to.
    sentence : str
        The same for the user. Empty if there is nothing to advise.
    scores : tuple of HeldOutPoint
        Score on held-out frames before the training and after each tenth of it: 0 is chance, 1 is perfect.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    too_young: bool
    rising: bool
    more_minutes: int | None
    sentence: str
    scores: tuple[HeldOutPoint, ...] = ()

    @property
    def verdict(self) -> str:
        """What follows from the scores, for the table of checks."""
        if self.rising:
            return f"still rising: train about {_text(self.more_minutes)} more"
        if self.too_young:
            return "near chance: train longer"
        return "no longer rising" if len(self.scores) > 2 else "too few steps to judge"


def advise(
    fit: FitResult,
    *,
    planned_steps: int,
    time_share: float = 1.0,
    windows: int = 0,
    window_interval: tuple[float | None, float | None] = (None, None),
) -> TrainingAdvice:
    """Judge the length of a training.

    The learning rate falls to zero at the end of every training, so each score flattens there. Therefore the
    score at the end is compared with that at half-time: a training that is twice as long gains about as much
    again. See the documentation for how often this was right.

    Parameters
    ----------
    fit : FitResult
        Training of the posture encoder.
    planned_steps : int
        Steps for which its preset is made.
    time_share : float
        Share of the time of both encoders that it gets.
    windows : int
        Number of held-out windows that were shuffled.
    window_interval : (float, float)
        Confidence interval of the accuracy on them, at the lowest hardness.

    Returns
    -------
    TrainingAdvice
    """
    scores = tuple(HeldOutPoint(**vars(one)) for one in fit.held_out)
    if not fit.steps:  # pretrained weights that were not changed
        return TrainingAdvice(too_young=False, rising=False, more_minutes=None, sentence="", scores=scores)
    before, now = _halves(fit.held_out)
    rising, left = now - before > RISING, planned_steps - fit.steps
    reason = ""
    if now < YOUNG:
        reason = (
            "it tells held-out frames apart hardly better than by guessing "
            f"(score {now:.2f} after {counted(fit.steps, 'step')}; 0 is chance, 1 is perfect)"
        )
    elif at_chance(windows, *window_interval):
        reason = "it tells windows in order from shuffled windows no better than by guessing"
    total = fit.seconds / 60 / time_share
    more = total if rising or reason else 0.0
    if left > fit.steps or (reason and left > 0):  # or less than half of what is planned
        more = max(more, total * left / fit.steps)
    minutes = _rounded(more) if more else None
    if reason:
        remedy = f"Train about {_text(minutes)} more" + ("" if left > 0 else STILL)
        sentence = f"This model is too young to score with: {reason}. {remedy}."
    elif rising:
        sentence = (
            f"The score on held-out frames still rose in the second half of the training, from {before:.2f} "
            f"to {now:.2f} (0 is chance, 1 is perfect). Train about {_text(minutes)} more."
        )
    elif minutes:
        sentence = (
            f"The training had {fit.steps} of the {planned_steps} steps for which its preset is made. Train "
            f"about {_text(minutes)} more."
        )
    else:
        sentence = ""
    return TrainingAdvice(
        too_young=bool(reason), rising=rising, more_minutes=minutes, sentence=sentence, scores=scores
    )


def at_chance(windows: int, low: float | None, high: float | None) -> bool:
    """Whether an accuracy on enough windows cannot be told from guessing.

    Parameters
    ----------
    windows : int
        Number of windows.
    low, high : float or None
        Confidence interval of the accuracy; None without windows.

    Returns
    -------
    bool
    """
    return windows >= FEWEST_WINDOWS and low is not None and high is not None and low <= 0.5


def _halves(scores: tuple[HeldOutScore, ...]) -> tuple[float, float]:
    """Score at half of the steps and at the end; NaN if they are not known."""
    if len(scores) < 3:
        return math.nan, scores[-1].score if scores else math.nan
    shares = np.array([one.step for one in scores]) / max(scores[-1].step, 1)
    inside = (shares >= HALF[0]) & (shares <= HALF[1])
    if not inside.any():
        inside = np.abs(shares - 0.5) == np.abs(shares - 0.5).min()
    return float(np.mean([one.score for one in scores], where=inside)), scores[-1].score


def _rounded(minutes: float) -> int:
    """Round minutes up, from ten minutes on to fives."""
    return max(math.ceil(minutes), 1) if minutes <= 10 else 5 * math.ceil(minutes / 5)


def _text(minutes: int | None) -> str:
    return counted(minutes or 1, "minute")
