"""A training that was stopped is resumed with the settings of its start, or discarded."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from napari_ubam.cli import app
from napari_ubam.learners.fitting import PretrainedFiles
from napari_ubam.learners.native.posture import fit_posture_whitening
from napari_ubam.models.native.posture import PostureEncoder
from napari_ubam.models.weights import read_header
from napari_ubam.progress import Cancelled, Progress
from napari_ubam.run import Run, RunError, train, train_magnifier
from napari_ubam.runfolder.log import lines
from napari_ubam.runfolder.paths import MAGNIFIER_CHECKPOINTS
from napari_ubam.study import Study
from napari_ubam.training.pipeline.context import TrainingOptions
from napari_ubam.training.pipeline.training_record import TrainingRecord, unfinished_trainings
from shared_runs import mini

pytestmark = pytest.mark.slow

STEPS = 30


class StopIn:
    """Asks to stop after a step of a stage; also the progress callback that sees it."""

    def __init__(self, stage: str, step: int = 1) -> None:
        self.stage, self.step, self.reached = stage, step, False

    def is_set(self) -> bool:
        """Whether to stop."""
        return self.reached

    def __call__(self, event: Progress) -> None:
        """See an event."""
        self.reached = self.reached or (event.stage == self.stage and event.step >= self.step)


@pytest.fixture
def steps_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every step be reported."""
    monkeypatch.setattr("napari_ubam.training.loop.watch.REPORT_SECONDS", 0.0)


@pytest.fixture(scope="module")
def trained(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Give a run that was trained and embedded in a moment."""
    run = train(study, tmp_path_factory.mktemp("trained") / "run", preset="mini", device="cpu", steps=2)
    run.embed(study, device="cpu")
    return run


@pytest.fixture
def folder(trained: Run, study: Study, tmp_path: Path) -> Path:
    """Give a copy of a trained run."""
    copy = tmp_path / "run"
    shutil.copytree(trained.folder, copy)
    study.to_csv(copy / "study.csv")
    return copy


def stop_encoders(study: Study, folder: Path) -> None:
    """Stop a training of the encoders with settings that are not the defaults."""
    stop = StopIn("posture")
    settings = {"preset": "mini", "seed": 3, "window_ms": 350, "steps": STEPS}
    with pytest.raises(Cancelled):
        train(study, folder, device="cpu", progress=stop, cancel=stop, **settings)


def stop_magnifier(study: Study, folder: Path) -> None:
    """Stop a training of the magnifier with settings that are not the defaults."""
    stop = StopIn("magnifier")
    with pytest.raises(Cancelled):
        train_magnifier(study, folder, device="cpu", seed=3, steps=STEPS, progress=stop, cancel=stop)


pytestmark = pytest.mark.usefixtures("steps_are_told")


def test_encoders_are_resumed_with_the_settings_of_their_start(study: Study, folder: Path) -> None:
    stop_encoders(study, folder)
    (stopped,) = unfinished_trainings(folder)
    assert stopped.part == "encoders"
    assert stopped.settings == "preset mini, random seed 3, window 350 ms"
    run = train(study, folder, device="cpu", resume=True)
    header = read_header(folder / "posture.safetensors")
    assert (header.seed, header.steps) == (3, STEPS)
    assert (run.config.preset, run.config.behaviour.window_ms) == ("mini", 350)
    assert unfinished_trainings(folder) == ()


@pytest.mark.parametrize("stage", ["crops", "means"])
def test_encoders_that_made_no_step_are_resumed_from_the_start(
    study: Study, folder: Path, stage: str
) -> None:
    before = (folder / "posture.safetensors").read_bytes()
    stop = StopIn(stage, step=0)
    with pytest.raises(Cancelled, match="before its first step; resuming starts it with the same settings"):
        train(study, folder, preset="mini", device="cpu", seed=3, steps=2, progress=stop, cancel=stop)
    assert (folder / "posture.safetensors").read_bytes() == before
    (stopped,) = unfinished_trainings(folder)
    assert (stopped.part, stopped.begun) == ("encoders", False)
    train(study, folder, device="cpu", resume=True)
    assert read_header(folder / "posture.safetensors").seed == 3
    assert unfinished_trainings(folder) == ()


def test_a_training_that_is_stopped_before_it_began_changes_nothing(study: Study, folder: Path) -> None:
    record = (folder / "checkpoints" / "training.json").read_bytes()
    stop = StopIn("videos", step=0)
    with pytest.raises(Cancelled, match="before it began; nothing was changed"):
        train(study, folder, preset="mini", device="cpu", progress=stop, cancel=stop)
    assert (folder / "checkpoints" / "training.json").read_bytes() == record
    assert unfinished_trainings(folder) == ()


def test_a_training_that_is_refused_before_its_first_step_leaves_nothing_to_resume(
    study: Study, tmp_path: Path
) -> None:
    with pytest.raises(RunError, match="No recording is as long as a window"):
        train(study, tmp_path / "run", preset="mini", device="cpu", window_ms=60_000, steps=2)
    assert unfinished_trainings(tmp_path / "run") == ()


def test_a_training_that_has_ended_goes_on_for_as_many_steps_as_asked(study: Study, folder: Path) -> None:
    before = Run.open(folder)
    assert before.quality.training.posture.steps == 2
    stop = StopIn("posture", step=5)
    with pytest.raises(Cancelled):
        train(study, folder, device="cpu", resume=True, steps=8, progress=stop, cancel=stop)
    assert Run.open(folder).quality == before.quality
    assert [one.part for one in unfinished_trainings(folder)] == ["encoders"]
    # The same command again means the same length, as on a cluster that starts a job again.
    found = train(study, folder, device="cpu", resume=True, steps=8).quality
    assert found.training.posture.steps == 10
    assert (found.advice.scores[0].step, found.advice.scores[-1].step) == (0, 10)
    assert unfinished_trainings(folder) == ()
    longer = train(study, folder, device="cpu", resume=True, minutes=0.01).quality.training.posture
    assert longer.steps > 10
    assert longer.seconds > found.training.posture.seconds + 0.8 * 0.6


def test_a_training_that_has_ended_is_not_longer_without_a_length(study: Study, folder: Path) -> None:
    weights = (folder / "posture.safetensors").read_bytes()
    told: list[Progress] = []
    train(study, folder, device="cpu", resume=True, progress=told.append)
    assert any("give minutes or steps to train longer" in event.message for event in told)
    assert Run.open(folder).quality.training.posture.steps == 2
    assert len((folder / "posture.safetensors").read_bytes()) == len(weights)


def test_a_training_without_its_checkpoints_does_not_go_on(study: Study, folder: Path) -> None:
    shutil.rmtree(folder / "checkpoints" / "posture")
    with pytest.raises(RunError, match="were removed, so it cannot go on; train again without --resume"):
        train(study, folder, device="cpu", resume=True, steps=8)


def test_a_continuation_that_is_refused_leaves_a_training_that_has_ended(study: Study, folder: Path) -> None:
    record = (folder / "checkpoints" / "training.json").read_bytes()
    shorter = Study([one.model_copy(update={"stop": 3}) if one == study[0] else one for one in study])
    with pytest.raises(RunError, match="started with other recordings"):
        train(shorter, folder, device="cpu", resume=True, steps=8)
    assert (folder / "checkpoints" / "training.json").read_bytes() == record
    hidden = study[0].video.with_suffix(".hidden")
    study[0].video.rename(hidden)
    try:
        with pytest.raises(RunError, match="cannot be read now, unlike at the start"):
            train(study, folder, device="cpu", resume=True, steps=8)
    finally:
        hidden.rename(study[0].video)
    assert (folder / "checkpoints" / "training.json").read_bytes() == record
    assert unfinished_trainings(folder) == ()


def test_a_continuation_that_is_stopped_before_its_first_step_leaves_the_model(
    study: Study, folder: Path
) -> None:
    stop = StopIn("videos", step=0)
    with pytest.raises(Cancelled, match="before it went on; the model stays as it was"):
        train(study, folder, device="cpu", resume=True, steps=8, progress=stop, cancel=stop)
    assert unfinished_trainings(folder) == ()


def test_rounding_in_a_fitted_layer_does_not_discard_the_behaviour_encoder(
    study: Study, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fit_a_little_differently(encoder: PostureEncoder, *arguments: Any) -> None:
        fit_posture_whitening(encoder, *arguments)
        encoder.whiten.matrix.mul_(1 + 1e-6)  # as another number of threads does

    stop = StopIn("behaviour")
    with pytest.raises(Cancelled):
        train(study, folder, preset="mini", device="cpu", steps=STEPS, progress=stop, cancel=stop)
    monkeypatch.setattr("napari_ubam.learners.native.posture.fit_posture_whitening", fit_a_little_differently)
    train(study, folder, device="cpu", resume=True)
    begun = [one for one in lines(folder / "log.jsonl") if one["event"] == "begin"]
    assert [one["step"] > 0 for one in begun if one["stage"] == "behaviour"][-2:] == [False, True]


def test_a_magnifier_is_resumed_with_the_settings_of_its_start(study: Study, folder: Path) -> None:
    stop_magnifier(study, folder)
    assert [one.part for one in unfinished_trainings(folder)] == ["magnifier"]
    train_magnifier(study, folder, device="cpu", resume=True)
    header = read_header(folder / "magnifier.safetensors")
    assert (header.seed, header.steps) == (3, STEPS)
    assert unfinished_trainings(folder) == ()


def test_the_training_that_was_stopped_last_comes_first(study: Study, folder: Path) -> None:
    stop_magnifier(study, folder)
    stop_encoders(study, folder)
    for path in (folder / MAGNIFIER_CHECKPOINTS).rglob("*.safetensors"):
        os.utime(path, (10, 10))
    assert [one.part for one in unfinished_trainings(folder)] == ["encoders", "magnifier"]
    for path in (folder / MAGNIFIER_CHECKPOINTS).rglob("*.safetensors"):
        os.utime(path, (2**32, 2**32))
    assert [one.part for one in unfinished_trainings(folder)] == ["magnifier", "encoders"]


def test_new_encoders_discard_a_magnifier_that_was_trained_for_the_old_ones(
    study: Study, folder: Path
) -> None:
    stop_magnifier(study, folder)
    train(study, folder, preset="mini", device="cpu", steps=1)
    assert unfinished_trainings(folder) == ()
    with pytest.raises(RunError, match="no training that could be resumed"):
        train_magnifier(study, folder, device="cpu", resume=True)


def test_a_training_is_discarded_only_when_asked(study: Study, folder: Path) -> None:
    stop_magnifier(study, folder)
    with pytest.raises(RunError, match="not finished; resume it with --resume, or discard it with --restart"):
        train_magnifier(study, folder, device="cpu", steps=2)
    train_magnifier(study, folder, device="cpu", steps=2, restart=True)
    header = read_header(folder / "magnifier.safetensors")
    assert (header.seed, header.steps) == (0, 2)


def test_other_settings_are_refused(study: Study, folder: Path) -> None:
    stop_encoders(study, folder)
    for changed, said in (
        ({"seed": 4}, "random seed"),
        ({"preset": "tiny"}, "preset, backbone, crops or window"),
        ({"window_ms": 300}, "preset, backbone, crops or window"),
    ):
        with pytest.raises(RunError, match=f"started with other {said}; resume it with the same"):
            train(study, folder, device="cpu", resume=True, **changed)
    with pytest.raises(RunError, match="resumed or started again; choose one"):
        train(study, folder, device="cpu", resume=True, restart=True)


def test_the_same_settings_are_accepted(study: Study, folder: Path) -> None:
    stop_encoders(study, folder)
    train(study, folder, device="cpu", resume=True, preset="mini", seed=3, window_ms=350, steps=2)
    assert json.loads((folder / "checkpoints" / "training.json").read_text())["steps"] == 2


def test_what_the_user_leaves_open_is_taken_from_the_start() -> None:
    vgg = Path("vgg16.pth")
    record = TrainingRecord(config=mini(), seed=5, study="", minutes=3.0, vgg=vgg)
    done = TrainingOptions(resume=True).completed(record)
    assert (done.seed, done.minutes, done.steps, done.pretrained.vgg) == (5, 3.0, None, vgg)
    other = PretrainedFiles(vgg=Path("other.pth"))
    done = TrainingOptions(resume=True, steps=7, seed=6, pretrained=other).completed(record)
    assert (done.seed, done.minutes, done.steps, done.pretrained) == (6, None, 7, other)
    assert TrainingOptions().completed(None).seed == 0


def call(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(word) for word in words])
    return done.exit_code, done.output


def test_both_are_resumed_and_discarded_by_the_command(study: Study, folder: Path) -> None:
    table = study[0].video.parents[1] / "study.csv"
    words = ("train", table, "--run", folder, "--device", "cpu")
    stop_magnifier(study, folder)
    assert call(*words, "--magnifier", "--resume")[0] == 0
    assert read_header(folder / "magnifier.safetensors").seed == 3
    stop_encoders(study, folder)
    assert call(*words, "--resume")[0] == 0
    assert read_header(folder / "posture.safetensors").seed == 3
    stop_encoders(study, folder)
    code, said = call(*words, "--preset", "mini", "--steps", 1)
    assert (code, "--restart" in said) == (1, True)
    assert call(*words, "--preset", "mini", "--steps", 1, "--restart")[0] == 0
    assert read_header(folder / "posture.safetensors").seed == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--magnifier", "--preset", "base"), "--preset is given beside --magnifier"),
        (("--magnifier", "--window", "300"), "--window is given beside --magnifier"),
        (("--vgg", "vgg16.pth"), "--vgg is given without --magnifier"),
    ],
)
def test_options_that_would_be_ignored_are_refused(
    study: Study, folder: Path, words: tuple[str, ...], said: str
) -> None:
    table = study[0].video.parents[1] / "study.csv"
    code, output = call("train", table, "--run", folder, "--device", "cpu", *words)
    assert code == 1
    assert said in output
    assert output.count("\n") == 1
