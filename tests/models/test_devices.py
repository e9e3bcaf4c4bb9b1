"""A device that is not there is refused in a sentence."""

from __future__ import annotations

import pytest
import torch

from napari_ubam.models.devices import DeviceError, choose_device, describe_device


def test_the_processor_is_always_there() -> None:
    assert choose_device("cpu") == torch.device("cpu")
    assert choose_device().type in {"cpu", "cuda", "mps"}
    assert describe_device("cpu").startswith("CPU ")


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_the_best_is_chosen(monkeypatch: pytest.MonkeyPatch, cuda: bool, mps: bool, expected: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: int(cuda))
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert choose_device("auto").type == expected
    if not cuda:
        with pytest.raises(
            DeviceError, match=r"^The device 'cuda' is not available .* choose auto or cpu\.$"
        ):
            choose_device("cuda")
    with pytest.raises(DeviceError, match="The device 'cuda:1' is not available"):
        choose_device("cuda:1")


@pytest.mark.parametrize("name", ["gpu", "", "cuda:x", "cpu cpu"])
def test_no_such_device(name: str) -> None:
    with pytest.raises(
        DeviceError, match=r"^There is no device .*; choose auto, cpu, cuda, cuda:1 or mps\.$"
    ):
        choose_device(name)


def test_a_device_that_cannot_train() -> None:
    with pytest.raises(DeviceError, match="'meta' is not available"):
        describe_device("meta")
