"""The published encoders learn from sequences, and report the parts of a long step."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from napari_ubam.learners.ubam2021.order import SequenceBatches, Ubam2021Learner
from napari_ubam.training.loop.fit import fit
from napari_ubam.training.loop.plan import FitPlan
from small_paper import small_paper
from toy_study import TurningBars

CONFIG = small_paper()
BARS = [TurningBars(number) for number in range(3)]


def test_sequences_follow_each_other_and_are_a_function_of_the_step() -> None:
    batches = SequenceBatches(BARS, CONFIG, seed=1)
    batch = batches(5, 2)
    assert batch["crops"].shape == (2, 8, 32, 32)
    torch.testing.assert_close(batches(5, 2)["crops"], batch["crops"])
    assert not torch.equal(batches(6, 2)["crops"], batch["crops"])
    seconds = batch["times"].diff(dim=1)
    torch.testing.assert_close(seconds, torch.full_like(seconds, 1 / 30))


def test_two_steps_change_every_layer_and_tell_parts(tmp_path: Path) -> None:
    torch.manual_seed(0)
    learner = Ubam2021Learner(CONFIG)
    before = {name: one.detach().clone() for name, one in learner.named_parameters()}
    told: list[str] = []
    plan = FitPlan(2, steps=2, device="cpu")

    def tell(event: object) -> None:
        told.append(event.detail)  # type: ignore[attr-defined]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("napari_ubam.training.loop.watch.REPORT_SECONDS", 0.0)
        result = fit(
            learner, SequenceBatches(BARS, CONFIG, 0), plan, folder=tmp_path, stage="posture", progress=tell
        )
    assert result.steps == 2
    assert result.losses["shuffle"] == pytest.approx(0.69, abs=0.5)
    changed = {name for name, one in learner.named_parameters() if not torch.equal(one, before[name])}
    assert changed == before.keys()
    assert {"convolutions", "postures", "sequences"} <= set(told)
    assert learner.within is None


def test_the_frames_of_a_sequence_share_one_augmentation(monkeypatch: pytest.MonkeyPatch) -> None:
    learner = Ubam2021Learner(CONFIG)
    seen: list[torch.Tensor] = []
    before = learner.posture.convolved
    monkeypatch.setattr(learner.posture, "convolved", lambda crops: seen.append(crops) or before(crops))
    monkeypatch.setattr("napari_ubam.learners.augment.NOISE", 0.0)
    monkeypatch.setattr(learner, "log", lambda *_: None)
    batch = {
        "crops": torch.randint(0, 255, (2, 1, 32, 32), dtype=torch.uint8)[:, None, 0].expand(2, 8, 32, 32)
    }
    learner.training_step(batch, 0)
    one, other = seen[0].view(2, 8, 32, 32)
    assert all(torch.equal(frame, one[0]) for frame in one)
    assert not torch.equal(one[0], batch["crops"][0, 0] / 255)
    assert all(torch.equal(frame, other[0]) for frame in other)


def test_a_short_training_tells_order_where_it_is_easy() -> None:
    """Codes whose length grows with time: the recurrent layer and the classifier learn to see it."""
    torch.manual_seed(0)
    learner = Ubam2021Learner(CONFIG).train()
    ramp = torch.linspace(0, 1, 8)[None, :, None] * torch.rand(32, 1, 48) * 4
    optimiser = torch.optim.Adam([*learner.encoder.parameters(), *learner.order.parameters()], 3e-3)
    truth = torch.arange(2).flip(0).repeat_interleave(32)
    for _ in range(120):
        windows = torch.cat([ramp, ramp[:, torch.randperm(8)]])
        loss = torch.nn.functional.cross_entropy(learner.order(learner.encoder(windows)), truth)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    learner.eval()
    with torch.inference_mode():
        right = learner.in_order(learner.encoder(ramp)) > learner.in_order(learner.encoder(ramp.flip(1)))
    assert right.float().mean() > 0.9
