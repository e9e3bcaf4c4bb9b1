"""A training ends where it should, says what it does, and comes out the same every time."""

from __future__ import annotations

import logging
import threading
import warnings
from pathlib import Path

import pytest
import torch

from napari_ubam.learners.errors import TrainingError
from napari_ubam.models.devices import DeviceError
from napari_ubam.progress import Progress
from napari_ubam.runfolder.log import history, lines
from toy_training import ToyLearner, toy_batches, train_toy


def test_the_seed_decides_and_nothing_else(tmp_path: Path) -> None:
    torch.manual_seed(1)
    one, _ = train_toy(tmp_path / "a")
    torch.manual_seed(2)
    again, _ = train_toy(tmp_path / "b")
    other, _ = train_toy(tmp_path / "c", seed=1)
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_it_learns_and_ends_on_the_processor_in_evaluation_mode(tmp_path: Path) -> None:
    learner = ToyLearner()
    _, result = train_toy(tmp_path / "a", learner, steps=300)
    first = history(tmp_path / "log.jsonl")
    assert result.steps == 300
    assert result.batch_size == 8
    assert result.seconds > 0
    assert result.losses["toy"] < 0.3
    assert not learner.training
    assert {one.device.type for one in learner.parameters()} == {"cpu"}
    assert first["step"].iloc[-1] == 300
    assert first["toy"].iloc[-1] == pytest.approx(result.losses["toy"])


def test_batches_are_asked_for_step_by_step(tmp_path: Path) -> None:
    asked: list[tuple[int, int]] = []

    def batches(step: int, size: int) -> torch.Tensor:
        asked.append((step, size))
        return toy_batches(step, size)

    train_toy(tmp_path / "a", batches=batches, steps=5)
    assert asked[:5] == [(step, 8) for step in range(5)]
    assert len(asked) <= 7  # those prepared in vain


def test_it_tells_at_once_every_moment_and_at_the_end(tmp_path: Path) -> None:
    told: list[Progress] = []
    train_toy(tmp_path / "a", ToyLearner(delay=0.04), progress=told.append)
    assert [told[0].step, told[-1].step] == [0, 40]
    assert len(told) >= 4
    assert {(event.stage, event.of) for event in told} == {("toy", 40)}
    later = [event for event in told if event.step]
    assert all(event.losses["toy"] > 0 for event in later)
    assert told[0].eta is None
    assert 0 < later[0].eta < 10
    assert told[-1].eta == 0
    assert told[-1].share == 1


def test_minutes_end_it_and_the_number_of_steps_is_estimated(tmp_path: Path) -> None:
    told: list[Progress] = []
    _, result = train_toy(
        tmp_path / "a", ToyLearner(delay=0.01), steps=None, minutes=1.2 / 60, progress=told.append
    )
    assert 1.2 <= result.seconds < 2
    assert 5 < result.steps < 130
    first = next(event for event in told if event.step)
    assert 0.5 * result.steps < first.of < 2 * result.steps
    assert told[-1].share == 1


def test_the_first_limit_that_is_reached_ends_it(tmp_path: Path) -> None:
    assert train_toy(tmp_path / "a", steps=7, minutes=5)[1].steps == 7


@pytest.mark.filterwarnings("error")
def test_nothing_of_lightning_shows(tmp_path: Path, monkeypatch, capfd, caplog) -> None:
    monkeypatch.chdir(tmp_path)
    levels = {name: logging.getLogger(name).level for name in ("lightning", "lightning.pytorch")}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        train_toy(tmp_path / "run" / "checkpoints", steps=3)
    assert capfd.readouterr() == ("", "")
    assert not caplog.records
    assert not [one for one in caught if "lightning" in str(one.filename)]
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()} == {
        str(Path("run", "log.jsonl")),
        str(Path("run", "checkpoints", "step-00000003.safetensors")),
    }
    assert levels == {name: logging.getLogger(name).level for name in levels}


def test_from_another_thread(tmp_path: Path) -> None:
    found: list[torch.Tensor] = []
    thread = threading.Thread(target=lambda: found.append(train_toy(tmp_path / "a")[0]))
    thread.start()
    thread.join()
    assert torch.equal(found[0], train_toy(tmp_path / "b")[0])


def test_too_little_memory_halves_the_batch_and_says_so(tmp_path: Path) -> None:
    told: list[Progress] = []
    weights, result = train_toy(tmp_path / "a", ToyLearner(room=2), progress=told.append)
    assert result.batch_size == 2
    assert result.steps == 40
    assert [event.message for event in told if event.message] == [
        f"The memory was too small, so the toy training continues with batches of {size} recordings."
        for size in (4, 2)
    ]
    # As if it had begun with the smaller batches.
    assert torch.equal(weights, train_toy(tmp_path / "b", batch_size=2)[0])


def test_memory_that_runs_out_later_goes_on_from_the_checkpoint(tmp_path: Path) -> None:
    failed: list[int] = []

    def batches(step: int, size: int) -> torch.Tensor:
        if step == 25 and size == 8:
            failed.append(step)
            raise RuntimeError(
                "[enforce fail] DefaultCPUAllocator: not enough memory: you tried to allocate 1 bytes"
            )
        return toy_batches(step, size)

    _, result = train_toy(tmp_path / "a", batches=batches, checkpoint_seconds=0)
    assert failed == [25]
    assert (result.batch_size, result.steps) == (4, 40)
    begun = [line["step"] for line in lines(tmp_path / "log.jsonl") if line["event"] == "begin"]
    assert begun[0] == 0
    assert 20 <= begun[1] <= 25


def test_no_batch_is_small_enough(tmp_path: Path) -> None:
    with pytest.raises(
        TrainingError, match=r"^The memory is too small for the toy training; choose a smaller"
    ):
        train_toy(tmp_path / "a", ToyLearner(room=1))


def test_another_error_comes_through(tmp_path: Path) -> None:
    def batches(step: int, size: int) -> torch.Tensor:
        raise OSError("The crops are gone.")

    with pytest.raises(OSError, match=r"^The crops are gone\.$"):
        train_toy(tmp_path / "a", batches=batches)


def test_an_unknown_device_is_refused_before_anything_begins(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="There is no device 'gpu9'"):
        train_toy(tmp_path / "a", device="gpu9")
    assert not (tmp_path / "log.jsonl").exists()
