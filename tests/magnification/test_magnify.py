"""Magnified frames: lazily, exactly the original at factor 1, and refused where they would mean nothing."""

from __future__ import annotations

import json
import pickle
import shutil
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
import zarr
from napari_ubam.magnification.warp import to_region
from typer.testing import CliRunner

from napari_ubam.analysis import DeviationError
from napari_ubam.cli import app
from napari_ubam.magnification.export import export, labelled
from napari_ubam.models.weights import WeightsError, read_header
from napari_ubam.progress import Cancelled, Progress
from napari_ubam.run import MagnificationWarning, Run, RunError, train_magnifier
from napari_ubam.study import Study
from napari_ubam.video import open_video

REFERENCE = "group=healthy"
ONE = "impaired1"
PART = slice(40, 46)

pytestmark = pytest.mark.filterwarnings("ignore::napari_ubam.run.MagnificationWarning")


@pytest.fixture(scope="module")
def run(trained: Run, study: Study, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Give a copy of the run with a magnifier."""
    folder = tmp_path_factory.mktemp("magnified") / "run"
    shutil.copytree(trained.folder, folder)
    return train_magnifier(study, folder, device="cpu", steps=12)


def original(study: Study, frames: slice = PART) -> np.ndarray:
    video = open_video(study[ONE].video)
    return np.stack([video.frame(number) for number in range(frames.start, frames.stop)])


def test_weights_say_what_they_were_trained_on(run: Run) -> None:
    header = read_header(run.folder / "magnifier.safetensors")
    assert (header.kind, header.steps) == ("magnifier", 12)
    assert header.trained_on == run.encoder("cpu").hashes["posture"]
    assert set(header.metrics) == {"gain", "match", "smooth"}


def test_factor_one_is_the_original(run: Run, study: Study) -> None:
    frames = run.magnify(ONE, REFERENCE, 1.0, frames=PART, device="cpu")
    np.testing.assert_array_equal(frames.compute(), original(study))


def test_frames_are_lazy_and_the_same_in_any_order(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    made = run.magnification(ONE, REFERENCE, 2.5, frames=PART, device="cpu")
    assert made.frames.dtype == np.uint8
    assert made.frames.chunks[0] == (1,) * 6
    whole = np.stack(list(made.stream()))
    np.testing.assert_array_equal(made.frames[4].compute(), whole[4])
    np.testing.assert_array_equal(made.frames.compute(scheduler="threads"), whole)
    asked: list[int] = []
    before = type(made.renderer).render

    def noted(self: object, numbers: list[int], factor: float) -> object:
        asked.extend(numbers)
        return before(self, numbers, factor)

    monkeypatch.setattr(type(made.renderer), "render", noted)
    made.frames[2].compute()
    assert asked == [42]


def test_another_range_gives_the_same_frame(run: Run) -> None:
    one = run.magnify(ONE, REFERENCE, 2.0, frames=slice(40, 50), device="cpu")[5].compute()
    other = run.magnify(ONE, REFERENCE, 2.0, frames=slice(45, 46), device="cpu")[0].compute()
    np.testing.assert_array_equal(one, other)


def test_another_factor_searches_nothing_and_gives_the_same(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = run.magnification(ONE, REFERENCE, 60.0, frames=PART, device="cpu")
    first = run.magnification(ONE, REFERENCE, 2.0, frames=PART, device="cpu")
    monkeypatch.setattr("napari_ubam.magnification.prepare.phase_alignment", None)
    again = first.at(60.0)
    assert again.metadata == wanted.metadata
    np.testing.assert_array_equal(again.frames[2].compute(), wanted.frames[2].compute())
    assert first.metadata["factor"] == 2
    with pytest.raises(RunError, match="makes no sense"):
        first.at(float("inf"))


def test_outside_of_the_region_nothing_changes(run: Run, study: Study) -> None:
    made = run.magnify(ONE, REFERENCE, 3.0, frames=PART, device="cpu").compute()
    same = original(study)
    assert (made != same).any()
    roi = study[ONE].roi
    made[:, roi.slices[0], roi.slices[1]] = same[:, roi.slices[0], roi.slices[1]]
    np.testing.assert_array_equal(made, same)


def test_it_can_be_sent_to_another_process(run: Run) -> None:
    made = run.magnification(ONE, REFERENCE, 2.0, frames=slice(40, 42), device="cpu")
    again = pickle.loads(pickle.dumps(made.renderer))
    np.testing.assert_array_equal(again.render([40], 2.0)[0], made.renderer.render([40], 2.0)[0])


def test_what_was_never_filmed_is_said(run: Run) -> None:
    with pytest.warns(MagnificationWarning, match="beyond any that was filmed"):
        made = run.magnification(ONE, REFERENCE, 60.0, frames=PART, device="cpu")
    assert made.metadata["outside_of_the_data"] == list(range(40, 46))
    assert made.metadata["factor"] == 60
    assert set(made.metadata["weights"]) == {"posture", "behaviour", "magnifier"}
    with pytest.warns(MagnificationWarning, match="shown unchanged"):
        whole = run.magnification(ONE, REFERENCE, 1.0, device="cpu")
    assert len(whole.numbers) == 90


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        (("nobody", REFERENCE, 2.0), RunError, "does not know the recording"),
        ((ONE, "group=nobody", 2.0), ValueError, "nobody"),
        ((ONE, "name=impaired1", 2.0), DeviationError, "itself"),
        ((ONE, REFERENCE, float("nan")), RunError, "makes no sense"),
    ],
)
def test_what_makes_no_sense_is_refused(
    run: Run, arguments: tuple[str, str, float], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        run.magnify(*arguments, device="cpu")


@pytest.mark.parametrize("frames", [slice(80, 95), slice(20, 20), slice(0, 10, 2), slice(-3, 5)])
def test_frames_that_are_not_there_are_refused(run: Run, frames: slice) -> None:
    with pytest.raises(RunError, match=r"frames|range"):
        run.magnify(ONE, REFERENCE, 2.0, frames=frames, device="cpu")


def test_a_magnifier_is_needed_and_must_be_this_model_s(trained: Run, run: Run, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="--magnifier"):
        trained.magnify(ONE, REFERENCE, 2.0)
    other = tmp_path / "other"
    shutil.copytree(run.folder, other)
    header = read_header(other / "magnifier.safetensors")
    from napari_ubam.models.weights import load_weights, save_weights

    tensors, _ = load_weights(other / "magnifier.safetensors", "magnifier")
    save_weights(
        other / "magnifier.safetensors", tensors, header.model_copy(update={"trained_on": "another"})
    )
    with pytest.raises(WeightsError, match="another posture encoder"):
        Run.open(other).magnify(ONE, REFERENCE, 2.0)


def test_training_is_cancelled_and_resumed(trained: Run, study: Study, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(trained.folder, folder)
    cancel = threading.Event()

    def stop(event: Progress) -> None:
        if event.stage == "magnifier" and event.step >= 2:
            cancel.set()

    with pytest.raises(Cancelled, match="resumed"):
        train_magnifier(study, folder, device="cpu", steps=40, progress=stop, cancel=cancel)
    assert not (folder / "magnifier.safetensors").exists()
    with pytest.raises(RunError, match="did not end"):
        train_magnifier(study, folder, device="cpu", steps=4)
    train_magnifier(study, folder, device="cpu", steps=4, resume=True)
    assert read_header(folder / "magnifier.safetensors").steps >= 4


def test_arrows_and_flow_are_in_pixels_of_the_frame(run: Run, study: Study) -> None:
    made = run.magnification(ONE, REFERENCE, 2.0, frames=PART, device="cpu")
    flow = made.flow(42)
    assert flow.shape == (2, 200, 320)
    roi = study[ONE].roi
    outside = np.ones(flow.shape[1:], bool)
    outside[roi.slices] = False
    assert flow.any()
    assert not flow[:, outside].any()
    table = made.arrows()
    assert set(table["frame"]) <= set(range(40, 46))
    assert list(table.columns) == ["y", "x", "dy", "dx", "length", "area", "frame", "recording"]


def test_a_sweep_shows_one_frame_at_each_factor(run: Run, study: Study) -> None:
    made = run.magnification(ONE, REFERENCE, 2.0, frames=PART, device="cpu")
    shown = made.sweep(43, (0.0, 1.0, 3.0))
    assert list(shown) == ["mean posture of the reference", "× 0, the reference", "× 1, the original", "× 3"]
    np.testing.assert_array_equal(shown["× 1, the original"], original(study)[3])
    assert (shown["× 3"] != shown["× 1, the original"]).any()
    assert (shown["mean posture of the reference"] != shown["× 0, the reference"]).any()


def test_files_hold_the_frames(run: Run, study: Study, tmp_path: Path) -> None:
    made = run.magnification(ONE, REFERENCE, 2.0, frames=PART, device="cpu")
    frames = np.stack(list(made.stream()))
    stack = tifffile.imread(export(made, tmp_path / "out.tif"))
    np.testing.assert_array_equal(stack, frames)
    array = zarr.open_array(str(export(made, tmp_path / "out.zarr")), mode="r")
    np.testing.assert_array_equal(array[:], frames)
    assert array.attrs["factor"] == 2
    video = open_video(export(made, tmp_path / "out.mp4"))
    assert len(video) == 6
    assert np.abs(video.frame(3).astype(float) - frames[3]).mean() < 4
    assert json.loads((tmp_path / "out.mp4.json").read_text())["reference"] == REFERENCE
    wide = open_video(export(made, tmp_path / "wide.mp4", side_by_side=True, label=True))
    assert wide.shape[1:3] == (200, 960)
    np.testing.assert_allclose(
        wide.frame(2)[30:, :320].astype(float), original(study)[2][30:].astype(float), atol=60
    )


def test_a_broken_export_leaves_nothing_behind(run: Run, study: Study, tmp_path: Path) -> None:
    made = run.magnification(ONE, REFERENCE, 2.0, frames=PART, device="cpu")
    cancel = threading.Event()
    cancel.set()
    for name in ("out.mp4", "out.tif", "out.zarr"):
        with pytest.raises(Cancelled):
            export(made, tmp_path / name, cancel=cancel)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(RunError, match="choose"):
        export(made, tmp_path / "out.gif")
    with pytest.raises(RunError, match="recording itself"):
        export(made, study[ONE].video)


def test_a_label_is_written_and_the_picture_left_as_it_is() -> None:
    picture = np.full((60, 200, 1), 128, np.uint8)
    done = labelled(picture, "× 2.5, reference group=healthy")
    assert done.shape == picture.shape
    assert (done == 255).any()
    assert (done[30:] == 128).all()
    assert (picture == 128).all()


def test_displacements_keep_their_size_on_the_way_to_the_region() -> None:
    crop = np.zeros((2, 80, 160), np.float32)
    crop[0] = 3.0
    there = to_region(crop, (100, 100))  # letterboxed to 80 by 80
    assert there.shape == (2, 100, 100)
    torch.testing.assert_close(there[0, 20:80, 20:80], torch.full((60, 60), 3.75))
    assert not there[:, 0].any()  # rests at the border


def test_the_command(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    words = ["magnify", ONE, "--run", str(run.folder), "--reference", REFERENCE, "--out", str(out)]
    more = ["--device", "cpu", "--sweep", str(tmp_path / "s.png"), "--arrows", str(tmp_path / "a.csv")]
    with warnings.catch_warnings():
        warnings.simplefilter("error", MagnificationWarning)
        done = CliRunner().invoke(app, [*words, "--factor", "2", "--frames", "40:46", *more])
    assert done.exit_code == 0, done.output
    assert len(open_video(out)) == 6
    assert (tmp_path / "s.png").stat().st_size > 10_000
    assert (tmp_path / "a.csv").read_text().startswith("y,x,dy,dx")
    refused = CliRunner().invoke(app, [*words, "--frames", "forty"])
    assert refused.exit_code == 1
    assert "no range of frames" in refused.output
