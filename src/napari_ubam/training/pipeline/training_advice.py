"""Advice on the length of a training, from how it went and what was planned."""

from __future__ import annotations

from collections.abc import Sequence

from napari_ubam.learners.fitting import FitResult
from napari_ubam.training.checks.advice import TrainingAdvice, advise
from napari_ubam.training.checks.quality import ShuffleCheck

from .context import TrainingContext


def training_advice(
    context: TrainingContext, fit: FitResult, shuffle: Sequence[ShuffleCheck]
) -> TrainingAdvice:
    """Judge the length of a training of the encoders.

    Parameters
    ----------
    context : TrainingContext
        The training.
    fit : FitResult
        Training of the posture encoder.
    shuffle : sequence of ShuffleCheck
        Shuffled windows by hardness, the easiest first.

    Returns
    -------
    TrainingAdvice
    """
    easiest = shuffle[0]
    return advise(
        fit,
        planned_steps=context.config.posture_training.steps,
        time_share=context.family.time_shares.get("posture", 1.0),
        windows=easiest.windows,
        window_interval=(easiest.low, easiest.high),
    )
