"""The preset paper by the same calls: train, embed, score, magnify."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from napari_ubam.cli import app
from napari_ubam.families import FAMILIES, FamilyError
from napari_ubam.models.weights import WeightsError, read_header
from napari_ubam.progress import Progress
from napari_ubam.run import Run, RunError, train, train_magnifier
from napari_ubam.study import Study
from napari_ubam.video import open_video
from small_paper import checkpoint, checkpoint_of_encoders, checkpoint_of_vae, small_paper

REFERENCE, ONE, PART = "group=healthy", "impaired1", slice(40, 43)

pytestmark = pytest.mark.filterwarnings("ignore::napari_ubam.run.MagnificationWarning")


@pytest.fixture(scope="module", autouse=True)
def narrow() -> Iterator[None]:
    """Let the preset have narrow layers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(FAMILIES["ubam2021"].presets, "paper", small_paper())
        yield


@pytest.fixture(scope="module")
def run(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Give a run with both encoders and the magnifier."""
    folder = tmp_path_factory.mktemp("paper") / "run"
    train(study, folder, preset="paper", device="cpu", steps=2)
    return train_magnifier(study, folder, device="cpu", steps=2)


def test_a_run_of_colour_crops_is_embedded_and_scored(run: Run, study: Study) -> None:
    header = read_header(run.folder / "posture.safetensors")
    assert header.preprocessing["colour"] is True
    codes = run.embeddings(study[0].name)
    assert (codes.posture.shape, codes.behaviour.shape) == ((90, 48), (90, 24))
    assert (codes.posture >= 0).all()
    scores = run.score(study, REFERENCE, figures=False)
    assert np.isfinite(scores["posture_deviation"]).sum() > 300
    assert run.quality.training.behaviour.steps == 2


def test_the_region_is_generated_and_the_rest_is_kept(run: Run, study: Study) -> None:
    made = run.magnify(ONE, REFERENCE, 2.5, frames=PART, device="cpu")
    frames = made.compute()
    video = open_video(study[ONE].video)
    seen = np.stack([video.frame(number) for number in range(PART.start, PART.stop)])
    np.testing.assert_array_equal(made.originals.compute(), seen)
    roi = study[ONE].roi
    outside = np.ones(seen.shape[1:3], bool)
    if roi is None:
        outside[:] = False
    else:
        outside[roi.y : roi.y + roi.height, roi.x : roi.x + roi.width] = False
    np.testing.assert_array_equal(frames[:, outside], seen[:, outside])
    assert (frames[:, ~outside] != seen[:, ~outside]).mean() > 0.5
    # After two steps, postures hardly differ; so far away, they do.
    further = run.magnify(ONE, REFERENCE, 1e4, frames=PART, device="cpu").compute()
    assert not np.array_equal(further, frames)


def test_there_are_no_arrows(run: Run) -> None:
    made = run.magnify(ONE, REFERENCE, 2.5, frames=PART, device="cpu").magnification
    assert not made.moves
    with pytest.raises(FamilyError, match="displaces no pixels, so there are no arrows"):
        made.arrows()


def test_original_weights_are_used_as_they_are(study: Study, tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "lstm.pth.tar", checkpoint_of_encoders())
    said: list[str] = []

    def tell(event: Progress) -> None:
        said.append(event.message)

    made = train(study, tmp_path / "run", preset="paper", device="cpu", steps=0, weights=path, progress=tell)
    assert "All layers were loaded from lstm.pth.tar." in said
    assert read_header(made.folder / "posture.safetensors").steps == 0
    kept = made.encoder("cpu")._posture.state_dict()
    torch.testing.assert_close(kept["fc6.weight"], checkpoint_of_encoders()["fc6.fc6.weight"])

    train(study, made.folder, device="cpu", resume=True, progress=tell)
    assert any("weights were kept without training, so only the checks" in sentence for sentence in said)
    train(study, made.folder, device="cpu", resume=True, steps=1)  # from the pretrained weights
    assert read_header(made.folder / "posture.safetensors").steps == 1

    vae = checkpoint(tmp_path / "checkpoint.pth.tar", checkpoint_of_vae())
    train_magnifier(study, made, device="cpu", steps=0, weights=vae, progress=tell)
    assert "All layers of the magnifier were loaded from checkpoint.pth.tar." in said
    assert any("by pixels and edges, since no weights of VGG-16" in sentence for sentence in said)
    assert made.magnify(ONE, REFERENCE, 2.0, frames=PART, device="cpu").compute().shape[0] == 3


def test_what_does_not_go_together_is_refused(trained: Run, study: Study, tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "lstm.pth.tar", checkpoint_of_encoders())
    said = "'tiny' cannot use pretrained weights; leave out weights, or choose the preset paper"
    with pytest.raises(FamilyError, match=said):
        train(study, tmp_path / "a", preset="tiny", weights=path)
    with pytest.raises(RunError, match="steps of at least 1"):
        train(study, tmp_path / "b", preset="paper", steps=0)
    with pytest.raises(FamilyError, match="'tiny' cannot use pretrained vgg; leave out vgg"):
        train_magnifier(study, trained, vgg=path, steps=1)


def test_vgg_weights_that_are_none_are_refused_before_the_training(
    run: Run, study: Study, tmp_path: Path
) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run.folder, copy)
    path = checkpoint(tmp_path / "vgg.pth", checkpoint_of_encoders())
    with pytest.raises(WeightsError, match="of the right shape for VGG-16"):
        train_magnifier(study, copy, vgg=path, steps=1)


def test_the_commands_name_the_preset_and_refuse_in_a_sentence(study: Study, tmp_path: Path) -> None:
    runner = CliRunner(env={"COLUMNS": "200"})
    assert "paper" in runner.invoke(app, ["train", "--help"]).output
    bad = tmp_path / "bad.pth.tar"
    bad.write_bytes(b"nothing")
    words = [
        "train",
        str(study[0].video.parents[1] / "study.csv"),
        "--run",
        str(tmp_path / "run"),
        "--preset",
        "paper",
        "--weights",
        str(bad),
    ]
    done = runner.invoke(app, [*words, "--steps", "1", "--device", "cpu"])
    assert done.exit_code == 1
    assert "bad.pth.tar" in done.output
    assert "is not read; save its state_dict" in done.output
