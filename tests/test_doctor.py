"""What the installation has, and a sentence for each thing that will not work."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from napari_ubam import __version__
from napari_ubam.cli import app
from napari_ubam.doctor import examine


def about(sentence: str) -> str:
    """Give the one problem that holds a piece of text."""
    [found] = [one for one in examine().problems if sentence in one]
    return found


def test_what_stands_in_a_bug_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":7")
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 0
    facts = dict(line.split("  ", 1) for line in result.stdout.splitlines() if "  " in line)
    assert facts["napari-ubam"].strip() == __version__
    assert facts["decoder"].strip().endswith("H.264 is written and read")
    assert facts["device"].strip().startswith(("cpu: ", "cuda: ", "mps: "))
    assert set(facts) >= {"Python", "system", "memory", "torch", "Qt", "display", "disk", "caches"}


def test_what_is_broken_is_said_and_the_rest_is_still_examined(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # cannot be imported
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "file").touch()
    monkeypatch.setenv("NAPARI_UBAM_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2**30))
    found = examine(tmp_path)
    facts = dict(found.facts)
    assert (facts["torch"], facts["display"]) == ("not known", "none")
    assert facts["decoder"].endswith("H.264 is written and read")
    for part in (
        "torch cannot be examined",
        "There is no display here",
        f"Less than 5 GB are free in {tmp_path.resolve()}",
        f"The cache folder {tmp_path / 'file'} cannot be written",
    ):
        assert [one for one in found.problems if part in one], part
    assert all(one.endswith(".") for one in found.problems)
    assert str(found).count("\n- ") == len(found.problems)


def test_a_driver_that_torch_does_not_use(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(torch.version, "cuda", None)
    assert "torch is built for the CPU" in about("NVIDIA driver")
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    assert "update the driver" in about("no usable NVIDIA GPU")
