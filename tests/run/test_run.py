"""The facade: train, embed, score, and what each leaves in the run's folder."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from napari_ubam.embedding import EmbeddingError
from napari_ubam.families import FamilyError
from napari_ubam.models.weights import WeightsError, read_header
from napari_ubam.progress import Cancelled, Progress
from napari_ubam.run import Run, RunError, train
from napari_ubam.study import Study

FILES = ("config.json", "posture.safetensors", "behaviour.safetensors", "quality.json", "log.jsonl")


def test_a_run_holds_what_other_programs_rely_on(trained: Run) -> None:
    assert all((trained.folder / name).is_file() for name in FILES)
    assert (trained.folder / "checkpoints" / "posture").is_dir()
    assert {"losses.png", "neighbours.png"} <= {one.name for one in (trained.folder / "figures").iterdir()}
    header = read_header(trained.folder / "posture.safetensors")
    assert (header.kind, header.steps, header.seed) == ("posture", 4, 0)
    assert header.config["preset"] == json.loads((trained.folder / "config.json").read_text())["preset"]


def test_checks_say_what_was_held_out(trained: Run, study: Study) -> None:
    held = trained.quality.held_out
    assert held.by == "subject"
    assert set(held.subjects) < set(study.subjects)
    assert len(list(trained.quality.summary())) == 11


def test_codes_have_a_row_a_frame(trained: Run, study: Study) -> None:
    codes = trained.embeddings(study[0].name)
    assert (codes.posture.shape, codes.behaviour.shape) == ((90, 256), (90, 384))
    assert codes.posture.dtype == np.float32
    assert codes.valid.all()
    assert np.isnan(codes.behaviour[0]).all()  # its window begins before the video
    assert np.isfinite(codes.behaviour[45]).all()


def test_embedding_again_skips_what_is_there(trained: Run, study: Study) -> None:
    report = trained.embed(study, device="cpu")
    assert (report.done, set(report.skipped)) == ((), set(study.names))


def test_codes_of_another_model_are_refused(trained: Run, study: Study, tmp_path: Path) -> None:
    few = Study(list(study)[:3])
    other = train(few, tmp_path / "other", preset="tiny", device="cpu", steps=1, seed=1, window_ms=200)
    assert other.config.behaviour.window_ms == 200
    shutil.copytree(trained.folder / "embeddings.zarr", other.folder / "embeddings.zarr")
    with pytest.raises(EmbeddingError, match="model"):
        other.score(study, "group=healthy")


def test_an_empty_folder_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"has no posture\.safetensors; end its training"):
        Run.open(tmp_path)
    with pytest.raises(RunError, match="There is no run at"):
        Run.open(tmp_path / "rnu")


def test_weights_of_two_trainings_are_refused(trained: Run, study: Study, tmp_path: Path) -> None:
    mixed = tmp_path / "mixed"
    shutil.copytree(trained.folder, mixed)
    other = train(Study(list(study)[:3]), tmp_path / "b", preset="tiny", device="cpu", steps=1, seed=2)
    shutil.copy(other.folder / "posture.safetensors", mixed)
    with pytest.raises(WeightsError, match="another posture encoder"):
        Run.open(mixed).encoder("cpu")


def test_with_few_subjects_the_last_fifth_is_not_seen(study: Study, tmp_path: Path) -> None:
    few = train(Study(list(study)[:2]), tmp_path / "few", preset="tiny", device="cpu", steps=1)
    assert few.quality.held_out.by == "time"
    assert few.quality.training.frames == 2 * 72  # of 90


def test_nothing_to_resume_is_said(study: Study, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no training that could be resumed"):
        train(study, tmp_path / "none", preset="tiny", device="cpu", steps=1, resume=True)


def test_what_does_not_go_together(study: Study, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="Minutes and steps"):
        train(study, tmp_path, minutes=1, steps=1)
    with pytest.raises(FamilyError, match="no preset 'huge'"):
        train(study, tmp_path, preset="huge")
    with pytest.raises(RunError, match="window of 0 ms"):
        train(study, tmp_path, window_ms=0)
    with pytest.raises(RunError, match="minutes above 0"):
        train(study, tmp_path, minutes=-1)
    with pytest.raises(RunError, match="one recording"):
        train(Study([study[0].model_copy(update={"stop": 40})]), tmp_path)  # shorter than two stretches


def test_crops_have_the_shape_of_the_regions(trained: Run, study: Study) -> None:
    height, width = trained.config.posture.size
    region = study[0].roi
    assert region is not None
    assert width / height == pytest.approx(region.width / region.height, rel=0.15)
    assert trained.encoder("cpu").spec.size == (height, width)


def test_a_cancelled_training_keeps_the_good_model_and_resumes(
    trained: Run, study: Study, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained.folder, run)
    before = (run / "posture.safetensors").read_bytes()
    cancel, told = threading.Event(), []

    def tell(event: Progress) -> None:
        told.append(event)
        if event.stage == "posture" and event.step >= 1:
            cancel.set()

    with pytest.raises(Cancelled):
        train(study, run, preset="tiny", device="cpu", steps=400, progress=tell, cancel=cancel)
    assert (run / "posture.safetensors").read_bytes() == before
    assert {"posture"} <= {event.stage for event in told}
    with pytest.raises(RunError, match="is not finished; resume it with --resume"):
        train(study, run, preset="tiny", device="cpu", steps=4)
    for asked, said in (({"seed": 3}, "other random seed"), ({"window_ms": 300}, "window")):
        with pytest.raises(RunError, match=said):
            train(study, run, preset="tiny", device="cpu", steps=4, resume=True, **asked)
    with pytest.raises(RunError, match="other recordings"):
        train(Study(list(study)[:4]), run, preset="tiny", device="cpu", steps=4, resume=True)
    done = train(study, run, preset="tiny", device="cpu", steps=4, resume=True)
    behaviour = read_header(run / "behaviour.safetensors")
    assert behaviour.steps > 0  # learned for this posture encoder, and not taken from the training before
    assert behaviour.trained_on == done.encoder("cpu").hashes["posture"]
    assert done.quality.training.posture.steps >= 4
    assert (run / "posture.safetensors").read_bytes() != before


def test_the_same_seed_gives_the_same_model(study: Study, tmp_path: Path) -> None:
    first, again, other = (
        train(study, tmp_path / name, preset="mini", device="cpu", steps=4, seed=seed).encoder("cpu").hashes
        for name, seed in (("first", 5), ("again", 5), ("other", 6))
    )
    assert again == first
    assert other["posture"] != first["posture"]
    assert other["behaviour"] != first["behaviour"]
