"""Checkpoints hold anything that Lightning keeps, without pickle, and only whole ones count."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from napari_ubam.learners.errors import TrainingError
from napari_ubam.training.loop.checkpoints import KEPT, SafeCheckpoints, checkpoint_path, latest, prune

NEST = {
    "global_step": 7,
    "lr": 1e-3,
    "name": "tensor",
    "flags": [True, None, (1, 2.5, "x")],
    "state": {0: {"step": torch.tensor(3.0)}, 1: {}},
    "half": torch.ones(2, 3).bfloat16(),
    "empty": torch.empty(0),
}


def same(one: object, other: object) -> bool:
    if isinstance(one, torch.Tensor):
        return isinstance(other, torch.Tensor) and one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return (
            isinstance(other, dict)
            and list(one) == list(other)
            and all(same(one[key], other[key]) for key in one)
        )
    if isinstance(one, list | tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


def test_a_nest_comes_back_as_it_was(tmp_path: Path) -> None:
    path = checkpoint_path(tmp_path, 7)
    SafeCheckpoints().save_checkpoint(NEST, path)
    assert same(SafeCheckpoints().load_checkpoint(path), NEST)
    assert b"pickle" not in path.read_bytes()
    assert [one.name for one in tmp_path.iterdir()] == ["step-00000007.safetensors"]


def test_shared_memory_is_stored_twice(tmp_path: Path) -> None:
    tensor = torch.arange(6.0)
    SafeCheckpoints().save_checkpoint({"a": tensor, "b": tensor.view(2, 3).T}, tmp_path / "a")
    read = SafeCheckpoints().load_checkpoint(tmp_path / "a")
    assert torch.equal(read["b"], tensor.view(2, 3).T)


def test_what_is_neither_tensor_nor_plain_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="A set cannot be stored in a checkpoint"):
        SafeCheckpoints().save_checkpoint({"a": {1, 2}}, tmp_path / "a")
    assert not list(tmp_path.iterdir())


def test_the_last_whole_one_counts_and_the_damaged_are_put_aside(tmp_path: Path) -> None:
    assert latest(tmp_path) is None
    for step in (5, 90, 1000):
        SafeCheckpoints().save_checkpoint({"global_step": step}, checkpoint_path(tmp_path, step))
    checkpoint_path(tmp_path, 1000).write_bytes(b"\0" * 50)
    said: list[Path] = []
    found = latest(tmp_path, said.append)
    assert found == (checkpoint_path(tmp_path, 90), {"global_step": 90})
    assert said == [checkpoint_path(tmp_path, 1000)]
    assert checkpoint_path(tmp_path, 1000).with_suffix(".damaged").is_file()
    assert not checkpoint_path(tmp_path, 1000).exists()


def test_only_the_last_are_kept(tmp_path: Path) -> None:
    for step in (1, 20, 300, 4000):
        SafeCheckpoints().save_checkpoint({}, checkpoint_path(tmp_path, step))
    (tmp_path / "step-00000009.safetensors.77.part").write_bytes(b"half")
    prune(tmp_path)
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        "step-00000300.safetensors",
        "step-00004000.safetensors",
    ]
    assert KEPT == 2
    SafeCheckpoints().remove_checkpoint(checkpoint_path(tmp_path, 300))
    assert [path.name for path in tmp_path.iterdir()] == ["step-00004000.safetensors"]
