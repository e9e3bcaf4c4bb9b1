"""What makes no sense is refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from magnified_part import ONE, REFERENCE
from napari_ubam.analysis import DeviationError
from napari_ubam.models.weights import WeightsError, load_weights, read_header, save_weights
from napari_ubam.run import Run, RunError
from napari_ubam.study import StudyError

pytestmark = pytest.mark.filterwarnings("ignore::napari_ubam.run.MagnificationWarning")


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        (("nobody", REFERENCE, 2.0), RunError, "does not know the recording"),
        ((ONE, "group=nobody", 2.0), StudyError, "nobody"),
        ((ONE, "name=impaired1", 2.0), DeviationError, "itself"),
        ((ONE, REFERENCE, float("nan")), RunError, "makes no sense"),
    ],
)
def test_what_cannot_be_magnified(
    run: Run, arguments: tuple[str, str, float], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        run.magnify(*arguments, device="cpu")


@pytest.mark.parametrize("smoothing", [-1.0, float("inf"), float("nan")])
def test_a_smoothing_that_is_no_time(run: Run, smoothing: float) -> None:
    with pytest.raises(RunError, match="0 or more milliseconds"):
        run.magnify(ONE, REFERENCE, smoothing_ms=smoothing, device="cpu")


@pytest.mark.parametrize("frames", [slice(80, 95), slice(20, 20), slice(0, 10, 2), slice(-3, 5)])
def test_frames_that_are_not_there(run: Run, frames: slice) -> None:
    with pytest.raises(RunError, match=r"frames|range"):
        run.magnify(ONE, REFERENCE, 2.0, frames=frames, device="cpu")


def test_a_run_without_a_magnifier(trained: Run) -> None:
    with pytest.raises(WeightsError, match="--magnifier"):
        trained.magnify(ONE, REFERENCE, 2.0)


def test_a_magnifier_of_another_posture_encoder(own_run: Run) -> None:
    path: Path = own_run.folder / "magnifier.safetensors"
    tensors, header = load_weights(path, "magnifier")
    save_weights(path, tensors, header.model_copy(update={"trained_on": "another"}))
    assert read_header(path).trained_on == "another"
    with pytest.raises(WeightsError, match="another posture encoder"):
        own_run.magnify(ONE, REFERENCE, 2.0)


def test_a_magnifier_that_was_trained_anew_is_noticed(own_run: Run) -> None:
    made = own_run.magnify(ONE, REFERENCE, 2.0, frames=slice(40, 42), device="cpu")
    path = own_run.folder / "magnifier.safetensors"
    tensors, header = load_weights(path, "magnifier")
    name = next(name for name, values in tensors.items() if values.is_floating_point())
    save_weights(path, tensors | {name: tensors[name] + 1}, header)
    with pytest.raises(WeightsError, match="trained again since this was prepared"):
        made.compute()
