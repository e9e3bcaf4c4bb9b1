"""Whether a model was trained for long enough is judged by its scores on held-out frames."""

from __future__ import annotations

import numpy as np
import pytest

from napari_ubam.learners.fitting import FitResult, HeldOutScore
from napari_ubam.training.checks.advice import advise, at_chance

# Scores of trainings of the sample study with a smaller preset, before and after each tenth of the steps, and
# what a training of about twice as many steps scored at its end.
MEASURED = {
    20: (0.0, -0.01, -0.01, 0.01, 0.03, 0.07, 0.08, 0.11, 0.10, 0.11, 0.11),
    60: (0.0, 0.0, 0.07, 0.15, 0.15, 0.11, 0.20, 0.20, 0.18, 0.19, 0.20),
    300: (0.0, 0.08, 0.09, 0.28, 0.33, 0.36, 0.39, 0.35, 0.38, 0.40, 0.40),
    700: (0.0, 0.17, 0.26, 0.27, 0.36, 0.43, 0.41, 0.46, 0.48, 0.48, 0.48),
}


def fit_of(steps: int, scores: tuple[float, ...], seconds: float = 240.0) -> FitResult:
    """Make the result of a training whose time went evenly into its steps."""
    shares = np.linspace(0, 1, len(scores))
    points = (
        HeldOutScore(round(steps * share), seconds * share, score)
        for share, score in zip(shares, scores, strict=True)
    )
    return FitResult(steps, seconds, 6, {"contrast": 1.0}, tuple(points))


@pytest.mark.parametrize("steps", [60, 300, 700])
def test_a_training_that_gained_from_more_steps_says_so(steps: int) -> None:
    found = advise(fit_of(steps, MEASURED[steps]), planned_steps=800, time_share=0.8)
    assert found.rising
    assert not found.too_young
    assert "still rose" in found.sentence
    assert f"Train about {found.more_minutes} minutes more." in found.sentence
    # Four minutes are for the posture encoder; one for the other. As long again, or as long as planned.
    assert found.more_minutes == {60: 65, 300: 9, 700: 5}[steps]
    assert [one.score for one in found.scores] == list(MEASURED[steps])


def test_a_training_that_gained_nothing_in_its_second_half_is_long_enough() -> None:
    flat = (0.0, 0.3, 0.5, 0.55, 0.58, 0.60, 0.61, 0.62, 0.62, 0.62, 0.62)
    found = advise(fit_of(800, flat), planned_steps=800)
    assert (found.rising, found.too_young, found.more_minutes, found.sentence) == (False, False, None, "")
    assert found.verdict == "no longer rising"


def test_less_than_half_of_the_planned_steps_are_too_few_also_if_the_score_is_flat() -> None:
    flat = (0.0, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3)
    found = advise(fit_of(100, flat, seconds=60), planned_steps=800)
    assert not found.rising
    assert found.sentence == (
        "The training had 100 of the 800 steps for which its preset is made. Train about 7 minutes more."
    )


def test_a_model_that_was_hardly_trained_is_too_young() -> None:
    found = advise(fit_of(20, MEASURED[20], seconds=12), planned_steps=800)
    assert found.too_young
    assert found.sentence == (
        "This model is too young to score with: it tells held-out frames apart hardly better than by "
        "guessing (score 0.11 after 20 steps; 0 is chance, 1 is perfect). Train about 8 minutes more."
    )


def test_chance_after_a_whole_training_has_another_remedy() -> None:
    found = advise(fit_of(800, (0.0, 0.02, 0.02, 0.03)), planned_steps=800)
    assert found.too_young
    assert "check that the subjects move and fill their regions" in found.sentence


def test_shuffled_windows_at_chance_make_a_model_too_young() -> None:
    fit = FitResult(800, 60.0, 6, {})
    found = advise(fit, planned_steps=800, windows=30, window_interval=(0.41, 0.72))
    assert found.too_young
    assert "shuffled windows no better than by guessing" in found.sentence
    well = advise(fit, planned_steps=800, windows=30, window_interval=(0.84, 0.99))
    assert (well.too_young, well.sentence) == (False, "")


def test_few_windows_say_nothing() -> None:
    assert not at_chance(4, 0.15, 0.85)
    assert not at_chance(0, None, None)
    assert at_chance(40, 0.35, 0.65)


def test_weights_that_were_not_trained_here_have_no_advice() -> None:
    assert advise(FitResult(0, 0.0, 0, {}), planned_steps=20000).sentence == ""
