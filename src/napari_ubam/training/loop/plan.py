"""How long a network is trained, with which batch size, compute device and random seed."""

from __future__ import annotations

from dataclasses import dataclass

from napari_ubam.learners.errors import TrainingError


@dataclass(frozen=True)
class FitPlan:
    """Length and settings of one training.

    Parameters
    ----------
    batch_size : int
        Recordings in a batch. It is halved if the memory is too small.
    steps : int, optional
        Training ends after this many steps.
    minutes : float, optional
        Training ends after this many minutes, counted over all resumptions. If steps and minutes are both
        given, the first limit that is reached ends the training.
    device : str
        Compute device, as `napari_ubam.models.devices.choose_device` takes it.
    seed : int
        Random seed.
    checkpoint_seconds : float
        Seconds between two checkpoints. A killed process loses at most this much work.

    Raises
    ------
    TrainingError
        If neither steps nor minutes are given, or a value is not positive.
    """

    batch_size: int
    steps: int | None = None
    minutes: float | None = None
    device: str = "auto"
    seed: int = 0
    checkpoint_seconds: float = 20.0

    def __post_init__(self) -> None:
        limits = [limit for limit in (self.steps, self.minutes) if limit is not None]
        if not limits or min(limits) <= 0 or self.batch_size < 1:
            raise TrainingError("A training needs steps or minutes above 0, and a batch of at least 1.")

    def share(self, step: int, seconds: float) -> float:
        """Share of the training that is done.

        Parameters
        ----------
        step : int
            Steps so far.
        seconds : float
            Training time so far.

        Returns
        -------
        float
            From 0 to 1.
        """
        shares = [step / self.steps] if self.steps else []
        shares += [seconds / (60 * self.minutes)] if self.minutes else []
        return min(max(shares), 1.0)
