"""The behaviour encoder learns on postures that go round, from batches of whole windows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from napari_ubam.learners.native.behaviour import BehaviourBatches, BehaviourLearner
from napari_ubam.models.config import BehaviourConfig, ModelConfig, PostureConfig
from napari_ubam.runfolder.log import history
from napari_ubam.training.loop.fit import fit
from napari_ubam.training.loop.plan import FitPlan
from toy_study import turning_track

CONFIG = ModelConfig(
    preset="tiny",
    posture=PostureConfig(size=(32, 32), widths=(8, 16), grid=8, code=16),
    behaviour=BehaviourConfig(steps=7, hidden=16, code=16, recurrent=8),
)


def test_behaviour_is_learned(tmp_path: Path) -> None:
    tracks = [turning_track(number, CONFIG) for number in range(3)]
    motion = float(np.median(np.concatenate([track.motion for track in tracks])))
    torch.manual_seed(0)
    learner = BehaviourLearner(CONFIG, deviation=1.0, motion=motion)
    batches = BehaviourBatches(tracks, CONFIG, seed=0)
    log = tmp_path / "log.jsonl"
    plan = FitPlan(batch_size=3, steps=60, device="cpu")
    result = fit(learner, batches, plan, folder=tmp_path / "b", stage="behaviour", log=log)
    assert set(result.losses) == {"contrast", "reconstruct", "shuffle"}
    assert result.losses["reconstruct"] < 0.8
    assert history(log)["stage"].eq("behaviour").all()


def test_batches_of_behaviour_are_pure_and_of_the_right_windows() -> None:
    tracks = [turning_track(number, CONFIG) for number in range(4)]
    batches = BehaviourBatches(tracks, CONFIG, seed=1)
    one, same, other = batches(5, 3), batches(5, 3), batches(6, 3)
    assert one["windows"].shape == (3, CONFIG.behaviour_training.windows, 7, 16)
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["windows"], other["windows"])
    assert batches(0, 6)["windows"].shape[0] == 6
