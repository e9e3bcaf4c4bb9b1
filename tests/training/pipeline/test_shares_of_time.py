"""Each part of a training gets its share of the minutes, however often the training was stopped."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ubam.progress import Cancelled, Progress
from napari_ubam.runfolder.log import history
from napari_ubam.study import Study
from napari_ubam.training.pipeline.context import TrainingOptions
from napari_ubam.training.pipeline.encoders import train_encoders
from toy_training import ToyLearner, toy_batches, train_toy

STEP = 2.0  # seconds
BEFORE = 1000.0  # seconds of the preparation of each start


class Clock:
    """A clock that goes on by a fixed time with every step, and by a long time before each training."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Give the time."""
        return self.now


class TimedLearner(ToyLearner):
    """Takes the same time for each step."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    def training_step(self, batch: torch.Tensor, batch_idx: int) -> torch.Tensor:
        """Do a step, and let time pass."""
        self.clock.now += STEP
        return super().training_step(batch, batch_idx)


@settings(max_examples=8)
@given(stops=st.lists(st.integers(1, 8), max_size=3), seconds=st.integers(5, 25))
def test_a_resumed_training_has_what_is_left_of_its_time(
    tmp_path_factory: pytest.TempPathFactory, stops: list[int], seconds: int
) -> None:
    folder, clock = tmp_path_factory.mktemp("time") / "a", Clock()
    wanted = -(-seconds // STEP)  # the step that passes the limit is finished
    reached = 0
    for more in stops:
        reached += more
        if reached >= wanted:
            break
        clock.now += BEFORE
        with pytest.raises(Cancelled):
            train_toy(
                folder,
                TimedLearner(clock),
                toy_batches,
                steps=None,
                minutes=seconds / 60,
                resume=True,
                cancel=reached,
                clock=clock,
            )
    clock.now += BEFORE
    _, result = train_toy(
        folder, TimedLearner(clock), steps=None, minutes=seconds / 60, resume=True, clock=clock
    )
    assert (result.steps, result.seconds) == (wanted, wanted * STEP)


class Prepared:
    """Lets time pass: much in each preparation, a little with each step; stops after a step of a stage."""

    def __init__(self, clock: Clock, stage: str = "", step: int = 0) -> None:
        self.clock, self.stage, self.step, self.reached = clock, stage, step, False
        self.seen: set[tuple[str, int]] = set()

    def is_set(self) -> bool:
        """Whether to stop."""
        return self.reached

    def __call__(self, event: Progress) -> None:
        """See an event."""
        if (event.stage, event.step) not in self.seen:  # a step is told of again while the next one waits
            self.clock.now += STEP if event.stage in ("posture", "behaviour") else BEFORE
            self.seen.add((event.stage, event.step))
        self.reached = self.reached or (event.stage == self.stage and event.step >= self.step)


def test_posture_and_behaviour_have_their_own_shares_after_any_stop(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_ubam.training.loop.watch.REPORT_SECONDS", 0.0)
    clock, folder = Clock(), tmp_path / "run"
    seconds = 50.0
    for number, (stage, step) in enumerate(
        (("means", 0), ("posture", 4), ("posture", 9), ("codes", 0), ("behaviour", 2), ("quality", 0))
    ):
        told = Prepared(clock, stage, step)
        options = TrainingOptions(
            device="cpu",
            minutes=seconds / 60,
            resume=number > 0,
            progress=told,
            cancel=told,
            clock=clock,
        )
        with pytest.raises(Cancelled):
            train_encoders(study, folder, options, preset_name="mini")
    told = Prepared(clock)
    options = TrainingOptions(device="cpu", resume=True, progress=told, clock=clock)
    train_encoders(study, folder, options)
    spent = history(folder / "log.jsonl").groupby("stage")["seconds"].max()
    assert spent["posture"] == pytest.approx(0.8 * seconds, abs=2 * STEP)
    assert spent["behaviour"] == pytest.approx(0.2 * seconds, abs=2 * STEP)
