"""The learning rate's one cycle, and the two trainings on studies of moments."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from napari_ubam.learners.learner import one_cycle
from napari_ubam.learners.native.behaviour import BehaviourBatches, BehaviourLearner
from napari_ubam.learners.native.posture import PostureBatches, PostureLearner, mean_maps
from napari_ubam.learners.posture_track import PostureTrack
from napari_ubam.models.config import BehaviourConfig, ModelConfig, PostureConfig
from napari_ubam.models.native.posture import PostureEncoder
from napari_ubam.models.windows import windows
from napari_ubam.progress import Cancelled
from napari_ubam.runfolder.log import history
from napari_ubam.training.loop.fit import fit
from napari_ubam.training.loop.plan import FitPlan
from toy_study import TurningBars, turning_track
from toy_training import StopAt

CONFIG = ModelConfig(
    preset="tiny",
    posture=PostureConfig(size=(32, 32), widths=(8, 16), grid=8, code=16),
    behaviour=BehaviourConfig(steps=7, hidden=16, code=16, recurrent=8),
)


def test_the_rate_rises_over_a_tenth_and_falls_to_zero() -> None:
    rates = [one_cycle(share) for share in np.linspace(0, 1, 101)]
    assert rates[0] == pytest.approx(0.04)
    assert rates[10] == pytest.approx(1.0)
    assert rates[-1] == pytest.approx(0.0, abs=1e-9)
    assert rates[:11] == sorted(rates[:11])
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_posture_is_learned_and_comes_out_the_same_when_resumed(tmp_path: Path) -> None:
    study = [TurningBars(number) for number in range(3)]
    batches = PostureBatches(study, CONFIG, seed=0)
    plan = FitPlan(batch_size=3, steps=40, device="cpu")

    def trained(folder: str, stop: int = 1000, resume: bool = False) -> dict[str, torch.Tensor]:
        learner = fresh()
        fit(
            learner,
            batches,
            plan,
            folder=tmp_path / folder,
            stage="posture",
            resume=resume,
            cancel=StopAt(learner, stop),
        )
        return learner.state_dict()

    def fresh() -> PostureLearner:
        torch.manual_seed(0)
        return PostureLearner(CONFIG, mean_maps(PostureEncoder(CONFIG.posture), study))

    def losses_of(
        learner: PostureLearner, weights: dict[str, torch.Tensor] | None = None
    ) -> dict[str, float]:
        """Losses of a batch that no training saw."""
        found: dict[str, float] = {}
        learner.log = lambda name, value: found.update({name: float(value)})
        learner.load_state_dict(weights or learner.state_dict())
        torch.manual_seed(1)
        learner.training_step(batches(999, 3), 0)
        return found

    whole = trained("a")
    before, after = losses_of(fresh()), losses_of(fresh(), whole)
    for name, share in (("contrast", 0.8), ("reconstruct", 0.9), ("variance", 0.95)):
        assert after[name] < share * before[name]
    with pytest.raises(Cancelled):
        trained("b", stop=15)
    resumed = trained("b", resume=True)
    assert all(torch.equal(tensor, resumed[name]) for name, tensor in whole.items())


def test_mean_maps_are_those_of_all_frames() -> None:
    crops, encoder = TurningBars(1), PostureEncoder(CONFIG.posture)
    (mean,) = mean_maps(encoder, [crops])
    images = np.concatenate([crops.read(*run) for run in crops.runs])
    maps = encoder.maps(torch.from_numpy(images)[:, None].float() / 255)
    torch.testing.assert_close(mean, maps.mean(0), atol=1e-5, rtol=1e-4)


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


def test_motion_is_zero_where_nothing_moves() -> None:
    posture = np.ones((40, 4), np.float32)
    posture[20:, 0] = np.linspace(1, 9, 20)
    track = PostureTrack.of(posture, windows(np.arange(40) / 30, [range(40)], 200.0, 7))
    np.testing.assert_allclose(np.linalg.norm(track.posture, axis=1), 1, atol=1e-6)
    assert track.motion[:10].max() < 1e-6
    assert track.motion[-5:].min() > 0.01
