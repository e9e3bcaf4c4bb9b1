"""The published autoencoder learns on frames with the appearance of other frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

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


def test_two_steps_of_the_autoencoder(tmp_path: Path) -> None:
    torch.manual_seed(0)
    learner = VaeLearner(CONFIG)
    batches = VaeBatches(postures(), CONFIG, 0)
    plan = FitPlan(3, steps=2, device="cpu")
    result = fit(learner, batches, plan, folder=tmp_path, stage="magnifier")
    assert result.losses.keys() == {"similar", "appearance", "divergence", "between"}
    assert not next(iter(learner.magnifier.parameters())).isnan().any()


def test_the_autoencoder_learns_by_the_weights_of_vgg(tmp_path: Path) -> None:
    path = tmp_path / "vgg16.pth"
    torch.save(vgg_weights(), path)
    torch.manual_seed(0)
    by_vgg, by_pixels = VaeLearner(CONFIG, path), VaeLearner(CONFIG)
    one, other = torch.rand(2, 1, 3, 32, 32)
    assert by_vgg.image_loss(one, other) != by_pixels.image_loss(one, other)
    assert by_vgg.state_dict().keys() == by_pixels.state_dict().keys()  # so that checkpoints fit both


def test_the_autoencoder_takes_an_original_checkpoint(tmp_path: Path) -> None:
    learner = VaeLearner(CONFIG)
    path = checkpoint(tmp_path / "checkpoint.pth.tar", checkpoint_of_vae())
    assert learner.load_checkpoint(path) == "All layers of the magnifier were loaded from checkpoint.pth.tar."
    torch.testing.assert_close(
        learner.magnifier.pose_mean.weight.detach(), checkpoint_of_vae()["fc3.weight"].detach()
    )
