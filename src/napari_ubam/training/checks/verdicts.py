"""What the numbers of the checks mean, in words."""

from __future__ import annotations

CHANCE = 0.5  # accuracy of guessing which of two windows is in order
CLEAR = 0.6  # a confidence interval above this is well above chance
SLACK = 0.05  # accepted difference from chance, for windows without movement


def moving_verdict(low: float | None, high: float | None) -> str:
    """Interpret the accuracy on windows with movement.

    Parameters
    ----------
    low, high : float or None
        Confidence interval of the accuracy; None without windows.

    Returns
    -------
    str
    """
    if low is None or high is None:
        return "unknown: no held-out window has movement; add recordings"
    if low > CLEAR:
        return "well above chance"
    if low > CHANCE:
        return "a little above chance: train longer, or add recordings"
    if high < CHANCE:
        return "below chance: held-out recordings differ from those of the training; add recordings"
    return "near chance: train longer, or add recordings"


def still_verdict(accuracy: float | None, low: float | None, high: float | None) -> str:
    """Interpret the accuracy on windows without movement.

    Parameters
    ----------
    accuracy, low, high : float or None
        Accuracy and its confidence interval; None without windows.

    Returns
    -------
    str
    """
    if accuracy is None or low is None or high is None:
        return "unknown: there is no held-out window"
    if low <= CHANCE <= high or abs(accuracy - CHANCE) <= SLACK:
        return "at chance, as it must be"
    return "not at chance: order is detected from something other than movement, such as the frame rate"


def subject_verdict(codes: float | None, maps: float | None, chance: float) -> str:
    """Interpret the subject identifiability.

    Parameters
    ----------
    codes, maps : float or None
        Accuracy from codes and from gradient maps; None if there is only one subject.
    chance : float
        Accuracy of guessing.

    Returns
    -------
    str
    """
    if codes is None or maps is None:
        return "unknown: at least two subjects with enough frames are needed"
    above_chance = (codes - chance) / (1 - chance)
    if above_chance < 0.25:
        return "the code hardly identifies the subject"
    if codes < maps - 0.1:
        return "the code identifies the subject less well than the image does, but above chance"
    return "the code identifies the subject as well as the image does: train longer, or add subjects"


def mixing_verdict(nearest: float, chance: float) -> str:
    """Interpret how often the nearest frames of other times are of the same subject.

    Parameters
    ----------
    nearest : float
        Accuracy of their vote, with the individual removed.
    chance : float
        Accuracy of guessing.

    Returns
    -------
    str
    """
    above_chance = (nearest - chance) / (1 - chance)
    if above_chance < 0.3:
        return "subjects mix on a map: it shows what they do"
    if above_chance < 0.7:
        return "subjects mix on a map in part; compare places only where several subjects are"
    return "each subject stays an island on a map: it shows who and not what; train longer, or draw regions"
