"""The published networks learn from sequences, and tell how far they are within a step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from napari_ubam.learners.ubam2021.encoders import SequenceBatches, Ubam2021Learner
from napari_ubam.learners.ubam2021.vae import RecordedPostures, VaeBatches, VaeLearner
from napari_ubam.training.loop.fit import fit
from napari_ubam.training.loop.plan import FitPlan
from small_paper import checkpoint, checkpoint_of_vae, small_paper, vgg_weights
from toy_study import TurningBars

CONFIG = small_paper()
BARS = [TurningBars(number) for number in range(3)]


def postures() -> list[RecordedPostures]:
    rng = np.random.default_rng(0)
    frames = np.concatenate([np.arange(40), np.arange(50, 80)])
    return [RecordedPostures(bars, frames, rng.random((70, 48), np.float32)) for bars in BARS]


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


def test_the_middle_of_two_near_frames_lies_between_them() -> None:
    batches = VaeBatches(postures(), CONFIG, seed=0)
    batch = batches(3, 3)
    assert batch["codes"].shape == (3, 48)
    assert {batch[name].shape for name in ("crops", "middles", "appearances", "others")} == {(3, 32, 32)}
    ones = [batches(step, 3) for step in range(20)]
    apart = [
        (one["crops"].float() - one["middles"].float()).abs().mean() for one in ones
    ]  # a bar that turns by 0.2 a frame
    far = [(one["crops"].float() - one["appearances"].float()).abs().mean() for one in ones]
    assert 0 < sum(apart) < sum(far)


def test_two_steps_of_the_painter(tmp_path: Path) -> None:
    torch.manual_seed(0)
    learner = VaeLearner(CONFIG)
    batches = VaeBatches(postures(), CONFIG, 0)
    plan = FitPlan(3, steps=2, device="cpu")
    result = fit(learner, batches, plan, folder=tmp_path, stage="magnifier")
    assert result.losses.keys() == {"similar", "appearance", "divergence", "between"}
    assert not next(iter(learner.magnifier.parameters())).isnan().any()


def test_the_painter_learns_by_the_weights_of_vgg(tmp_path: Path) -> None:
    path = tmp_path / "vgg16.pth"
    torch.save(vgg_weights(), path)
    torch.manual_seed(0)
    by_vgg, by_pixels = VaeLearner(CONFIG, path), VaeLearner(CONFIG)
    one, other = torch.rand(2, 1, 3, 32, 32)
    assert by_vgg.image_loss(one, other) != by_pixels.image_loss(one, other)
    assert by_vgg.state_dict().keys() == by_pixels.state_dict().keys()  # so that checkpoints fit both


def test_the_painter_takes_an_original_checkpoint(tmp_path: Path) -> None:
    learner = VaeLearner(CONFIG)
    path = checkpoint(tmp_path / "checkpoint.pth.tar", checkpoint_of_vae())
    assert learner.load_checkpoint(path) == "All layers of the magnifier were loaded from checkpoint.pth.tar."
    torch.testing.assert_close(
        learner.magnifier.pose_mean.weight.detach(), checkpoint_of_vae()["fc3.weight"].detach()
    )
