"""The posture encoder learns on a small study, and a resumed training gives the same weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from napari_ubam.learners.native.posture import PostureBatches, PostureLearner, mean_maps
from napari_ubam.models.config import BehaviourConfig, ModelConfig, PostureConfig
from napari_ubam.models.native.posture import PostureEncoder
from napari_ubam.progress import Cancelled
from napari_ubam.training.loop.fit import fit
from napari_ubam.training.loop.plan import FitPlan
from toy_study import TurningBars
from toy_training import StopAt

CONFIG = ModelConfig(
    preset="tiny",
    posture=PostureConfig(size=(32, 32), widths=(8, 16), grid=8, code=16),
    behaviour=BehaviourConfig(steps=7, hidden=16, code=16, recurrent=8),
)


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
