"""Every refusal of the package has one base, and its sentence reaches the user as it is."""

from __future__ import annotations

import errno
import importlib
import pkgutil
from collections.abc import Iterator

import pytest
import typer

import napari_ubam
from napari_ubam.cli.progress_and_refusals import frame_range, refusals
from napari_ubam.errors import UbamError, os_error_sentence


def errors_of_the_package() -> Iterator[type[Exception]]:
    """Every public class of an error that the package defines."""
    for module in pkgutil.walk_packages(napari_ubam.__path__, "napari_ubam."):
        if module.name.endswith("__main__"):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            ours = isinstance(value, type) and value.__module__ == module.name
            if ours and issubclass(value, Exception) and name.endswith("Error") and not name.startswith("_"):
                yield value


def test_every_error_of_the_package_is_a_refusal() -> None:
    found = set(errors_of_the_package())
    assert {"StudyError", "VideoError", "JobError", "RunError"} <= {error.__name__ for error in found}
    assert {error.__qualname__ for error in found if not issubclass(error, UbamError)} == set()


def test_a_script_can_catch_all_refusals(tmp_path) -> None:
    assert napari_ubam.UbamError is UbamError
    with pytest.raises(napari_ubam.UbamError, match=r"none\.csv"):
        napari_ubam.Study.from_csv(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (UbamError("It is wrong; mend it."), "It is wrong; mend it."),
        (
            OSError(errno.ENOSPC, "No space left on device", "a.mp4"),
            "The disk is full; free some space and start again ('train' with --resume).",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "a.mp4"),
            "a.mp4 cannot be used (permission denied); choose another path.",
        ),
        (OSError("strange"), "The file cannot be used (strange); choose another path."),
    ],
)
def test_the_command_line_and_the_plugin_say_the_same(
    error: Exception, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from napari_ubam.plugin.viewer.worker import sentence_of

    with pytest.raises(typer.Exit) as refused, refusals():
        raise error
    assert refused.value.exit_code == 1
    assert capsys.readouterr().err == f"{sentence}\n"
    assert sentence_of(error) == sentence


def test_a_defect_keeps_its_traceback() -> None:
    # The module in which an error is defined does not make it a refusal.
    defect = type("StrangeError", (ValueError,), {"__module__": "napari_ubam.strange"})
    with pytest.raises(ValueError, match="not one of ours"), refusals():
        raise defect("not one of ours")


def test_a_file_is_named_as_the_system_names_it(tmp_path) -> None:
    with pytest.raises(OSError, match="none") as caught:
        (tmp_path / "none").read_bytes()
    assert os_error_sentence(caught.value).startswith(f"{tmp_path / 'none'} cannot be used (")


@pytest.mark.parametrize(
    ("text", "frames"),
    [(None, None), ("100:220", slice(100, 220)), ("100:", slice(100, None)), (" : 220", slice(None, 220))],
)
def test_a_range_of_frames(text: str | None, frames: slice | None) -> None:
    assert frame_range(text) == frames


@pytest.mark.parametrize("text", ["forty", "1-5", "a:b", "1:2:3", ""])
def test_what_is_no_range_of_frames_is_refused(text: str) -> None:
    with pytest.raises(UbamError, match="is not a range of frames; write START:STOP"):
        frame_range(text)
