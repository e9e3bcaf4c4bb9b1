"""A training that was broken off goes on as if nothing had happened."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch

import toy_training
from napari_ubam.learners.errors import TrainingError
from napari_ubam.progress import Cancelled, Progress
from napari_ubam.runfolder.log import history, lines
from napari_ubam.training.loop.checkpoints import latest
from toy_training import ToyLearner, toy_batches, train_toy


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> torch.Tensor:
    """Weights of the training that nobody interrupts."""
    return train_toy(tmp_path_factory.mktemp("whole") / "a")[0]


def checkpoint_step(folder: Path) -> int:
    """Step of the last checkpoint that can be read."""
    found = latest(folder)
    assert found is not None
    return found[1]["global_step"]


def test_twice_resumed_is_bit_identical_to_uninterrupted(tmp_path: Path, whole: torch.Tensor) -> None:
    for step in (17, 30):
        with pytest.raises(Cancelled, match=f"toy training was cancelled at step {step}; it can be resumed"):
            train_toy(tmp_path / "a", cancel=step, resume=True)
        assert checkpoint_step(tmp_path / "a") == step
    weights, result = train_toy(tmp_path / "a", resume=True)
    assert result.steps == 40
    assert torch.equal(weights, whole)


def test_without_resume_it_begins_anew(tmp_path: Path, whole: torch.Tensor) -> None:
    train_toy(tmp_path / "a", steps=10, seed=5)
    weights, _ = train_toy(tmp_path / "a")
    assert torch.equal(weights, whole)
    assert checkpoint_step(tmp_path / "a") == 40


def test_a_finished_training_is_only_read(tmp_path: Path, whole: torch.Tensor) -> None:
    _, first = train_toy(tmp_path / "a")
    weights, result = train_toy(tmp_path / "a", resume=True)
    assert torch.equal(weights, whole)
    assert result == first


def test_cancelling_takes_effect_soon_and_leaves_a_checkpoint(tmp_path: Path) -> None:
    cancel, asked = threading.Event(), []

    def ask() -> None:
        asked.append(time.monotonic())
        cancel.set()

    timer = threading.Timer(0.4, ask)
    timer.start()
    with pytest.raises(Cancelled):
        train_toy(tmp_path / "a", ToyLearner(delay=0.05), cancel=cancel, steps=1000)
    assert time.monotonic() - asked[0] < 2
    assert 0 < checkpoint_step(tmp_path / "a") < 100


def test_cancelled_before_it_began(tmp_path: Path, whole: torch.Tensor) -> None:
    cancel = threading.Event()
    cancel.set()
    begun = time.monotonic()
    with pytest.raises(Cancelled):
        train_toy(tmp_path / "a", cancel=cancel)
    assert time.monotonic() - begun < 2
    assert torch.equal(train_toy(tmp_path / "a", resume=True)[0], whole)


def test_control_c_keeps_a_checkpoint_and_comes_through(tmp_path: Path, whole: torch.Tensor) -> None:
    class Pressed(ToyLearner):
        def training_step(self, batch: torch.Tensor, batch_idx: int) -> torch.Tensor:
            if self.trainer.global_step == 12:
                signal.raise_signal(signal.SIGINT)
            return super().training_step(batch, batch_idx)

    outside = signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs ignore it
    try:
        with pytest.raises(KeyboardInterrupt):
            train_toy(tmp_path / "a", Pressed())
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, outside)
    assert checkpoint_step(tmp_path / "a") == 13  # the step that was under way is finished
    assert torch.equal(train_toy(tmp_path / "a", resume=True)[0], whole)


def test_no_number_stops_before_it_spoils_the_weights(tmp_path: Path, whole: torch.Tensor) -> None:
    def spoiled(step: int, size: int) -> torch.Tensor:
        return toy_batches(step, size) * (float("inf") if step == 12 else 1)

    with pytest.raises(
        TrainingError, match=r"toy training is no longer a finite number at step 12; .*another random seed"
    ):
        train_toy(tmp_path / "a", batches=spoiled)
    step, state = checkpoint_step(tmp_path / "a"), latest(tmp_path / "a")[1]["state_dict"]
    assert step == 12
    assert all(torch.isfinite(tensor).all() for tensor in state.values())
    assert torch.equal(train_toy(tmp_path / "a", resume=True)[0], whole)


def test_minutes_count_over_resumptions(tmp_path: Path) -> None:
    kwargs = {"steps": None, "minutes": 1.5 / 60}
    with pytest.raises(Cancelled):
        train_toy(tmp_path / "a", ToyLearner(delay=0.02), cancel=10, **kwargs)
    before = latest(tmp_path / "a")[1]["callbacks"]["Watch"]["seconds"]
    assert before > 10 * 0.02
    _, result = train_toy(tmp_path / "a", ToyLearner(delay=0.02), resume=True, **kwargs)
    assert 1.5 <= result.seconds < 3.5  # a step on a busy machine is long
    seconds = history(tmp_path / "log.jsonl")["seconds"]
    assert seconds.is_monotonic_increasing
    assert seconds.iloc[-1] == pytest.approx(result.seconds, abs=0.01)


def test_steps_that_are_done_again_are_in_the_history_once(tmp_path: Path) -> None:
    for step in (12, 30):
        with pytest.raises(Cancelled):
            train_toy(tmp_path / "a", ToyLearner(delay=0.05), cancel=step, resume=True)
    for path in sorted((tmp_path / "a").glob("step-*"))[1:]:
        path.unlink()  # as if it had been killed before they were written
    assert checkpoint_step(tmp_path / "a") == 12
    train_toy(tmp_path / "a", ToyLearner(delay=0.05), resume=True)
    table = history(tmp_path / "log.jsonl")
    assert table["step"].is_monotonic_increasing
    assert table["step"].is_unique
    assert table["step"].iloc[-1] == 40
    logged = [line["step"] for line in lines(tmp_path / "log.jsonl") if line["event"] == "losses"]
    assert len(logged) > len(table)


def test_a_damaged_checkpoint_is_passed_over(tmp_path: Path, whole: torch.Tensor) -> None:
    with pytest.raises(Cancelled):
        train_toy(tmp_path / "a", cancel=20, checkpoint_seconds=0)
    first, last = sorted((tmp_path / "a").glob("step-*.safetensors"))
    last.write_bytes(last.read_bytes()[:-100])
    told: list[Progress] = []
    weights, _ = train_toy(tmp_path / "a", resume=True, progress=told.append)
    begun = [line["step"] for line in lines(tmp_path / "log.jsonl") if line["event"] == "begin"]
    assert begun == [0, int(first.stem.split("-")[1])]
    assert torch.equal(weights, whole)
    (said,) = [event.message for event in told if event.message]
    assert last.name in said


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    console = tmp_path / "console.txt"
    with console.open("wb") as output:
        child = subprocess.Popen(
            [sys.executable, toy_training.__file__, str(folder)], stdout=output, stderr=output, cwd=tmp_path
        )
        try:
            until = time.monotonic() + 60
            while len(list(folder.glob("step-*.safetensors"))) < 2 and time.monotonic() < until:
                assert child.poll() is None, console.read_text()
                time.sleep(0.01)
            time.sleep(0.17)
        finally:
            child.kill()
            child.wait()
    assert console.read_bytes() == b""
    step = checkpoint_step(folder)
    steps = step + 15
    begun = [line["step"] for line in lines(tmp_path / "log.jsonl") if line["event"] == "begin"]
    assert begun == [0]
    # The same limit as in the child, since the learning rate depends on it.
    with pytest.raises(Cancelled):
        train_toy(folder, steps=100_000, resume=True, cancel=steps)
    with pytest.raises(Cancelled):
        train_toy(tmp_path / "b", steps=100_000, cancel=steps)
    resumed, uninterrupted = (latest(one)[1] for one in (folder, tmp_path / "b"))
    assert resumed["global_step"] == uninterrupted["global_step"] == steps
    for name, tensor in uninterrupted["state_dict"].items():
        assert torch.equal(resumed["state_dict"][name], tensor)
