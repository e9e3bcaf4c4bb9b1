"""Two trainings on one run: the second is refused, and a training that was killed does not block others."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from filelock import Timeout

from napari_ubam.run import Run, RunError, train
from napari_ubam.runfolder.paths import CHECKPOINTS, TRAINING_LOCK
from napari_ubam.study import Study
from napari_ubam.training.pipeline.one_training import one_training

HOLDER = """
import sys
from pathlib import Path
from napari_ubam.training.pipeline.one_training import one_training
with one_training(Path(sys.argv[1]), print):
    print("locked", flush=True)
    sys.stdin.read()
"""


@contextmanager
def training_elsewhere(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Hold the lock in another process."""
    words = [sys.executable, "-c", HOLDER, str(folder)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        try:
            yield process
        finally:
            process.kill()


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_second_training_is_refused_and_changes_nothing(trained: Run, study: Study, tmp_path: Path) -> None:
    checkpoint = tmp_path / CHECKPOINTS / "posture" / "step-00000001.safetensors"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_bytes(b"the work of hours")
    with training_elsewhere(tmp_path) as process:
        before = content(tmp_path)
        for options in ({}, {"restart": True}, {"resume": True}):
            with pytest.raises(RunError) as caught:
                train(study, tmp_path, preset="mini", device="cpu", steps=2, **options)
            assert f"Another training already runs in {tmp_path} (process {process.pid} on " in str(
                caught.value
            )
        assert content(tmp_path) == before
    run = Run(shutil.copytree(trained.folder, tmp_path / "run"))
    with training_elsewhere(run.folder), pytest.raises(RunError, match="Another training already runs"):
        run.train_magnifier(study, device="cpu", steps=1)


def test_a_training_that_was_killed_does_not_block_the_next_one(tmp_path: Path) -> None:
    with training_elsewhere(tmp_path) as process:
        process.kill()
        process.wait()
        with one_training(tmp_path, pytest.fail):
            assert (tmp_path / TRAINING_LOCK).exists()
    with one_training(tmp_path, pytest.fail):
        pass


def test_a_training_that_is_refused_leaves_no_folder(study: Study, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="window of 0 ms"):
        train(study, tmp_path / "run", preset="mini", device="cpu", window_ms=0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [NotImplementedError, lambda: Timeout("file")])
def test_a_drive_without_locks_is_told(error: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoLock:
        def __init__(self, *_: Any, **__: Any) -> None:
            pass

        def acquire(self) -> None:
            raise error()

        __enter__ = acquire

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr("napari_ubam.training.pipeline.one_training.FileLock", NoLock)
    said: list[str] = []
    with one_training(tmp_path, said.append):
        pass
    assert said == [
        f"The drive of {tmp_path} has no locks, so a second training in this folder would not be noticed; "
        "start only one."
    ]
