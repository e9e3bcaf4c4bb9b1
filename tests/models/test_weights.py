"""Files of weights: written whole, read back bit by bit, and refused where they do not fit."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

import napari_ubam
from napari_ubam.models import weights
from napari_ubam.models.weights import (
    WeightsError,
    WeightsHeader,
    load_into,
    load_weights,
    read_header,
    save_weights,
    weights_hash,
)

HEADER = WeightsHeader(kind="posture", config={"size": 96}, seed=3, steps=600, metrics={"contrast": 0.5})


def network(inside: int = 4, outside: int = 3) -> nn.Module:
    torch.manual_seed(inside)
    return nn.Sequential(nn.Linear(inside, outside), nn.GroupNorm(1, outside))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "run" / "posture.safetensors"
    save_weights(path, network().state_dict(), HEADER)
    return path


def test_round_trip(saved: Path) -> None:
    tensors, header = load_weights(saved, "posture")
    assert header == HEADER == read_header(saved)
    assert header.versions["napari-ubam"] == napari_ubam.__version__
    for name, tensor in network().state_dict().items():
        assert torch.equal(tensors[name], tensor)
    other = network().requires_grad_(False)
    other[0].weight.zero_()
    load_into(other, tensors, saved)
    assert weights_hash(other.state_dict()) == weights_hash(network().state_dict())


def test_views_and_half_precision_are_kept(tmp_path: Path) -> None:
    tensors = {"t": torch.arange(12.0).view(3, 4).T, "h": torch.ones(2).bfloat16(), "n": torch.tensor(5)}
    save_weights(tmp_path / "a.safetensors", tensors, HEADER)
    read, _ = load_weights(tmp_path / "a.safetensors", "posture")
    assert all(
        torch.equal(read[name], tensor) and read[name].dtype == tensor.dtype
        for name, tensor in tensors.items()
    )


def test_hash_tells_values_names_shapes_and_types_but_not_order() -> None:
    def of(**tensors: Tensor) -> str:
        return weights_hash(tensors)

    a, b = torch.arange(6.0), torch.ones(2)
    assert of(a=a, b=b) == of(b=b, a=a) == of(a=a.clone(), b=b.clone().requires_grad_())
    assert len(of(a=a)) == 16
    others = [
        of(a=a + 1e-6, b=b),
        of(a=a.view(2, 3), b=b),
        of(a=a.double(), b=b),
        of(a=b, b=a),
        of(a=a),
        of(c=a, b=b),
    ]
    assert len({of(a=a, b=b), *others}) == 7


def drop(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-8])


def pickled(path: Path) -> None:
    path.write_bytes(pickle.dumps({"weight": [1.0]}))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def of_another_program(path: Path) -> None:
    save_file({"a": torch.ones(1)}, path, {"format": "pt"})


def newer(path: Path) -> None:
    save_weights(path, {"a": torch.ones(1)}, HEADER.model_copy(update={"layout": 99}))


def garbled(path: Path) -> None:
    save_file({"a": torch.ones(1)}, path, {weights.KEY: "{"})


def unfinished(path: Path) -> None:
    save_file(
        {"a": torch.ones(1)}, path, {weights.KEY: json.dumps({"layout": weights.SCHEMA, "kind": "posture"})}
    )


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (drop, "There are no weights at {path}; train a model, or choose another folder."),
        (cut, "damaged"),
        (pickled, "damaged"),
        (empty, "damaged"),
        (of_another_program, "{path} was not written by napari-ubam; choose weights that it trained."),
        (newer, "has layout 99, and this version of napari-ubam knows 1; install the version that wrote it."),
        (garbled, "The header of {path} cannot be read; train the model again."),
        (unfinished, "The header of {path} cannot be read; train the model again."),
    ],
)
def test_what_cannot_be_read_is_one_sentence(saved: Path, spoil: Callable[[Path], None], says: str) -> None:
    spoil(saved)
    for read in (read_header, lambda path: load_weights(path, "posture")):
        with pytest.raises(WeightsError) as caught:
            read(saved)
        text = str(caught.value)
        assert says.format(path=saved) in text
        assert str(saved) in text
        assert text.endswith(".")
        assert "\n" not in text


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="There are no weights at"):
        read_header(tmp_path)


def test_the_wrong_kind(saved: Path) -> None:
    with pytest.raises(
        WeightsError, match=r"holds posture weights, not behaviour weights; choose the other file\.$"
    ):
        load_weights(saved, "behaviour")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"0.bias": None}, "lacks '0.bias'"),
        ({"extra": torch.ones(1)}, "has an unknown 'extra'"),
        ({"0.weight": torch.ones(3, 5)}, r"holds '0.weight' in the shape \(3, 5\) instead of \(3, 4\)"),
    ],
)
def test_weights_of_another_network(change: dict[str, Tensor | None], says: str) -> None:
    changed = {**network().state_dict(), **change}
    tensors = {name: tensor for name, tensor in changed.items() if tensor is not None}
    module = network()
    with pytest.raises(WeightsError, match=f"^w.safetensors {says}; the file does not belong .*[.]$"):
        load_into(module, tensors, Path("w.safetensors"))
    assert weights_hash(module.state_dict()) == weights_hash(network().state_dict())


def test_a_failed_write_leaves_the_old_file(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = saved.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("napari_ubam.files.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        save_weights(saved, network(5).state_dict(), HEADER)
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_a_reader_that_holds_the_file_delays_the_write(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace, refusals = Path.replace, iter([True, True, False])

    def busy(self: Path, target: Path) -> Path:
        if next(refusals):
            raise PermissionError(13, "in use")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", busy)
    save_weights(saved, network(5).state_dict(), HEADER)
    assert load_weights(saved, "posture")[0]["0.weight"].shape == (3, 5)
