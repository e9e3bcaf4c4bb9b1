"""The magnifier of a run as it was trained: what its file says, and how a training is stopped and resumed."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from napari_ubam.models.weights import read_header
from napari_ubam.progress import Cancelled, Progress
from napari_ubam.run import Run, RunError, train_magnifier
from napari_ubam.study import Study


def test_weights_say_what_they_were_trained_on(run: Run) -> None:
    header = read_header(run.folder / "magnifier.safetensors")
    assert (header.kind, header.steps) == ("magnifier", 12)
    assert header.trained_on == run.encoder("cpu").hashes["posture"]
    assert set(header.metrics) == {"gain", "match", "smooth"}


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
    with pytest.raises(RunError, match="is not finished"):
        train_magnifier(study, folder, device="cpu", steps=4)
    train_magnifier(study, folder, device="cpu", steps=4, resume=True)
    assert read_header(folder / "magnifier.safetensors").steps >= 4
