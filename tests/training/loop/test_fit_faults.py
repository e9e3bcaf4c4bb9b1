"""Trainings that are broken off, starved, spoilt or moved, and what is left of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn

from napari_ubam.learners.errors import TrainingError
from napari_ubam.models.weights import WeightsHeader, load_weights, save_weights
from napari_ubam.progress import Cancelled, Progress
from napari_ubam.training.loop.checkpoints import SafeCheckpoints
from napari_ubam.training.loop.fit import fit
from napari_ubam.training.loop.plan import FitPlan

PLAN = FitPlan(8, steps=30)
Batch = dict[str, Tensor]


class Net(LightningModule):
    """Small, with running statistics and dropout; ``meddle`` may change a batch or raise."""

    def __init__(self, meddle: Callable[[Net, Batch, int], Batch | None] | None = None) -> None:
        super().__init__()
        torch.manual_seed(1)
        layers = (nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 2))
        self.net, self.meddle, self.share, self.extra = nn.Sequential(*layers), meddle, 0.0, 0.0

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss."""
        if self.meddle:
            batch = self.meddle(self, batch, int(batch["step"])) or batch
        loss: Tensor = self.net(batch["x"]).square().mean() + self.extra
        self.log("loss", loss.detach())
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return AdamW."""
        return torch.optim.AdamW(self.parameters(), 1e-2)


def batches(step: int, size: int) -> Batch:
    generator = torch.Generator().manual_seed(step * 7)
    return {"x": torch.randn(size, 6, generator=generator), "step": torch.tensor(step)}


def train(module: Net, folder: Path, plan: FitPlan = PLAN, **more: Any) -> Net:
    fit(module, more.pop("batches", batches), plan, folder=folder, stage="posture", **more)
    return module


def same(one: nn.Module, other: nn.Module) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Net:
    return train(Net(), tmp_path_factory.mktemp("undisturbed"))


def often(plan: FitPlan = PLAN) -> FitPlan:
    return FitPlan(plan.batch_size, steps=plan.steps, checkpoint_seconds=0)


def test_ctrl_c_in_the_middle_of_a_step_leaves_no_half_step(tmp_path: Path, undisturbed: Net) -> None:
    def broken_off(net: Net, batch: Batch, step: int) -> None:
        if step == 11:
            net.net(batch["x"])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(Net(broken_off), tmp_path, often())
    assert list(tmp_path.glob("step-*"))
    assert same(train(Net(), tmp_path, resume=True), undisturbed)


def test_numbers_that_are_none_do_not_reach_a_checkpoint(tmp_path: Path, undisturbed: Net) -> None:
    def spoil(net: Net, batch: Batch, step: int) -> Batch:
        return {**batch, "x": batch["x"] * float("nan")} if step == 11 else batch

    with pytest.raises(TrainingError, match="step 11"):
        train(Net(spoil), tmp_path, often())
    for path in tmp_path.glob("step-*"):
        state = SafeCheckpoints().load_checkpoint(path)["state_dict"]
        assert all(tensor.isfinite().all() for tensor in state.values()), path
    assert same(train(Net(), tmp_path, resume=True), undisturbed)


def test_an_infinite_loss_with_a_finite_gradient_is_seen(tmp_path: Path) -> None:
    def raise_loss(net: Net, batch: Batch, step: int) -> None:
        net.extra = float("inf") if step == 5 else 0.0

    with pytest.raises(TrainingError, match="step 5"):
        train(Net(raise_loss), tmp_path)


def test_a_halved_batch_stays_halved_when_resumed(tmp_path: Path) -> None:
    sizes: list[int] = []

    def starve(net: Net, batch: Batch, step: int) -> None:
        sizes.append(len(batch["x"]))
        if sizes[-1] > 4:
            raise RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes")

    told: list[Progress] = []
    train(Net(starve), tmp_path, FitPlan(16, steps=10), progress=told.append)
    assert [event.message for event in told if event.message]
    sizes.clear()
    train(Net(starve), tmp_path, FitPlan(16, steps=20), resume=True)
    assert set(sizes) == {4}


def test_a_slow_batch_keeps_neither_cancel_nor_progress_waiting(tmp_path: Path) -> None:
    cancel, told = threading.Event(), []

    def slow(step: int, size: int) -> Batch:
        if step == 3:
            threading.Timer(1.2, cancel.set).start()
            time.sleep(6)
        return batches(step, size)

    begin = time.monotonic()
    with pytest.raises(Cancelled):
        train(Net(), tmp_path, batches=slow, cancel=cancel, progress=lambda _: told.append(time.monotonic()))
    assert time.monotonic() - begin < 4.5
    assert told[0] - begin < 0.5
    assert max(after - before for before, after in pairwise(told)) < 1.0


def test_a_spoilt_checkpoint_is_told_and_the_one_before_is_used(tmp_path: Path, undisturbed: Net) -> None:
    train(Net(), tmp_path, often())
    last = max(tmp_path.glob("step-*"))
    content = bytearray(last.read_bytes())
    content[-50] ^= 0xFF
    last.write_bytes(content)
    told: list[Progress] = []
    assert same(train(Net(), tmp_path, resume=True, progress=told.append), undisturbed)
    assert [event for event in told if last.name in event.message]


def test_random_numbers_of_the_program_are_left_alone(tmp_path: Path) -> None:
    net = Net()
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    train(net, tmp_path, FitPlan(8, steps=3))
    assert torch.equal(torch.rand(1), expected)


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    train(Net(), tmp_path)
    other = Net()
    other.net[4] = nn.Linear(16, 3)
    with pytest.raises(TrainingError, match="another network"):
        train(other, tmp_path, FitPlan(8, steps=40), resume=True)


@pytest.mark.parametrize("values", [{}, {"steps": 0}, {"minutes": -1.0}])
def test_a_plan_without_an_end_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(TrainingError, match="steps or minutes"):
        FitPlan(8, **values)


def test_weights_with_an_odd_metric_or_shared_memory_are_read_again(tmp_path: Path) -> None:
    shared = torch.ones(3)
    header = WeightsHeader(kind="posture", config={}, metrics={"loss": float("nan")})
    save_weights(tmp_path / "w.safetensors", {"a": shared, "b": shared}, header)
    tensors, _ = load_weights(tmp_path / "w.safetensors", "posture")
    assert torch.equal(tensors["a"], tensors["b"])
