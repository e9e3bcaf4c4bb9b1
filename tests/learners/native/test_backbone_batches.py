"""Trainings on features of a frozen backbone that are kept on disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tiny_backbone
from napari_ubam.learners.errors import TrainingError
from napari_ubam.learners.fitting import EncoderData, FitResult, Training
from napari_ubam.learners.native.backbone_batches import BackboneTraining
from napari_ubam.learners.native.feature_clips import clips_of, feature_clips
from napari_ubam.learners.native.posture import PostureLearner, mean_maps
from napari_ubam.models.backbones.choice import BackboneChoice
from napari_ubam.models.backbones.local import LocalBackbone
from napari_ubam.models.config import ModelConfig, PostureConfig, PostureTraining
from napari_ubam.models.native.backbone_posture import BackboneEncoder
from napari_ubam.models.native.posture import PostureEncoder
from napari_ubam.training.loop.fit import fit
from napari_ubam.training.loop.plan import FitPlan
from toy_study import TurningBars

STUDY = [TurningBars(number) for number in range(3)]
PLAIN = ModelConfig(
    preset="test",
    posture=PostureConfig(size=(32, 32), widths=(8, 16, 16), grid=8, code=24),
    posture_training=PostureTraining(steps=40, recordings=3, runs=2, run_length=4),
)


def not_fitted(*_: Any) -> FitResult:
    raise AssertionError("These tests fit by themselves.")


@pytest.fixture
def training(tmp_path: Path) -> Training:
    """Give a training in a folder that holds the weights of a backbone."""
    path = tiny_backbone.save_timm_file(tmp_path / "net.safetensors")
    local = LocalBackbone.read(BackboneChoice(path, tiny_backbone.NAME))
    local.store(tmp_path)
    config = PLAIN.with_backbone(local.config)
    return Training(config, not_fitted, folder=tmp_path, budget_bytes=10**9)


def started(training: Training) -> tuple[PostureLearner, BackboneTraining]:
    torch.manual_seed(0)
    learner = PostureLearner(training.config, mean_maps(PostureEncoder(training.config.posture), STUDY))
    assert isinstance(learner.encoder, BackboneEncoder)
    data = EncoderData(STUDY, lambda _: [], STUDY[:1])
    return learner, BackboneTraining(learner.encoder, data, training)


def test_clips_lie_inside_of_runs_and_are_spread_over_the_time() -> None:
    (first, gap), (after, end) = STUDY[0].runs
    frames = clips_of(STUDY[0], 6, 4, 66.7)  # every second frame
    assert frames.shape == (6, 4)
    assert (np.diff(frames, axis=1) == 2).all()
    inside = (frames >= first) & (frames < gap), (frames >= after) & (frames < end)
    assert (inside[0].all(1) | inside[1].all(1)).all()
    assert (frames.min(), frames.max()) == (first, end - 1)
    starts = np.sort(frames[:, 0])
    assert np.diff(starts).max() < 0.6 * (end - first)
    np.testing.assert_array_equal(clips_of(STUDY[0], 9, 4, 66.7)[:6], frames)
    every = clips_of(STUDY[0], 10_000, 4, 66.7)[:, 0]
    assert len(set(every.tolist())) == len(every) == (gap - first - 6) + (end - after - 6)


def test_features_stay_when_only_the_length_of_the_training_changes(training: Training) -> None:
    def files_of(steps: int) -> dict[Path, int]:
        _, made = started(replace(training, steps=steps))
        return {path: path.stat().st_mtime_ns for one in made.clips for path in one.files}

    short, long = files_of(2), files_of(16)
    assert len(long) > len(short)
    assert short.items() <= long.items()
    files_of(2)
    assert files_of(16) == long


def test_the_first_view_is_the_frame_and_others_are_changed(training: Training) -> None:
    learner, made = started(training)
    encoder, one = learner.encoder, made.clips[1]
    assert isinstance(encoder, BackboneEncoder)
    crops = np.concatenate([one.crops.read(frame, frame + 1) for frame in one.frames[3].tolist()])
    true = encoder.features(torch.from_numpy(crops)[:, None].float() / 255).numpy()
    np.testing.assert_allclose(one.read(3, 0), true, atol=5e-3)  # kept with half precision
    views = [one.read(3, view).astype(float) for view in range(4)]
    apart = [np.abs(views[a] - views[b]).max() for a in range(4) for b in range(a)]
    assert min(apart) > 0.02


def test_a_batch_is_a_pure_function_of_its_step_and_pairs_two_views(training: Training) -> None:
    _, made = started(training)
    one, again, other = made.batches(5, 3), made.batches(5, 3), made.batches(6, 3)
    assert all(torch.equal(tensor, again[name]) for name, tensor in one.items())
    assert not torch.equal(one["crops"], other["crops"])
    assert one["features"].shape[:3] == (2, 3, 8)
    assert one["crops"].shape == (3, 8, 32, 32)
    assert not torch.equal(one["features"][0], one["features"][1])
    assert made.held_out is not None
    assert made.held_out(0, 1)["recordings"].tolist() == [0]


def test_features_are_computed_once_and_old_ones_are_removed(training: Training) -> None:
    learner, made = started(training)
    files = {path: path.stat().st_mtime_ns for one in made.clips for path in one.files}
    old = training.folder / "features" / "of-another-training.npy"
    old.write_bytes(b"")
    started(training)
    assert {path: path.stat().st_mtime_ns for path in files} == files
    assert not old.exists()
    darker = [TurningBars(number + 4) for number in range(3)]
    assert isinstance(learner.encoder, BackboneEncoder)
    changed = feature_clips(learner.encoder, darker, training)
    assert not files.keys() & {path for one in changed for path in one.files}


def test_the_disk_space_limits_the_clips(training: Training) -> None:
    learner, made = started(training)
    assert isinstance(learner.encoder, BackboneEncoder)
    rows, columns = learner.encoder.cells
    clip = 2 * 4 * 4 * tiny_backbone.WIDTH * rows * columns
    small = Training(training.config, not_fitted, folder=training.folder, budget_bytes=7 * clip)
    assert [len(one.frames) for one in feature_clips(learner.encoder, STUDY, small)] == [2, 2, 2]
    assert len(made.clips[0].frames) > 2
    none = Training(training.config, not_fitted, folder=training.folder, budget_bytes=clip)
    with pytest.raises(TrainingError, match="free disk space, or choose a smaller backbone"):
        feature_clips(learner.encoder, STUDY, none)


def test_posture_is_learned_from_the_features(training: Training, tmp_path: Path) -> None:
    def losses_of(learner: PostureLearner, made: BackboneTraining) -> dict[str, float]:
        found: dict[str, list[float]] = {}
        learner.log = lambda name, value: found.setdefault(name, []).append(float(value))
        torch.manual_seed(1)
        for step in range(999, 1003):  # one batch can be easier than another
            learner.training_step(made.batches(step, 3), 0)
        return {name: float(np.mean(values)) for name, values in found.items()}

    before = losses_of(*started(training))
    learner, made = started(training)
    fit(learner, made.batches, FitPlan(3, 40, device="cpu"), folder=tmp_path / "steps", stage="posture")
    made.fit_whitening()
    after = losses_of(learner, made)
    assert after["contrast"] < 0.8 * before["contrast"]
    assert after["reconstruct"] < 0.97 * before["reconstruct"]
    with torch.no_grad():
        codes = learner.encoder(torch.from_numpy(STUDY[0].read(0, 40))[:, None].float() / 255)
    assert torch.isfinite(codes).all()
    assert not torch.equal(learner.encoder.whiten.matrix, torch.eye(24))
