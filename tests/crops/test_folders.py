"""Folder names of recordings: every name can be read back, and all are unique."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st

from napari_ubam.crops.folders import free_folder, recording_folder, remove_folder, stored_names
from napari_ubam.study import Recording, StudyError

ODD = [
    "rat1_day3",
    "Rat1_day3",
    "RAT1_DAY3",
    "zarr.json",
    "Zarr.JSON",
    "c",
    "50%",
    "mouse 1, left (2)",
    "été",
    unicodedata.normalize("NFD", "été"),
    "straße",
    "STRASSE",
    "小鼠" * 50,
    "🐭" * 100,
    "🐭" * 99 + "🐀",
    "caf\udce9",
    "a.b.zarr",
]


def store(root: Path, name: str) -> Path:
    folder = free_folder(root, name)
    zarr.create_group(str(folder)).attrs["recording"] = name
    return folder


def test_unusual_names_are_read_back_and_unique(tmp_path: Path) -> None:
    for name in ODD:
        Recording(video="x.mp4", subject="a", group="g", session=0, name=name)  # a name that a study takes
    folders = {name: store(tmp_path, name) for name in ODD}
    keys = {unicodedata.normalize("NFC", folder.name).casefold() for folder in folders.values()}
    assert len(keys) == len(ODD)
    assert max(len(folder.name.encode()) for folder in folders.values()) <= 200
    for name, folder in folders.items():
        assert recording_folder(tmp_path, name) == folder
        assert free_folder(tmp_path, name) == folder
    assert dict(stored_names(tmp_path)) == folders


def test_usual_names_are_unchanged(tmp_path: Path) -> None:
    for name in ("rat1_day3", "Maus 7", "été", "2024-05-01T12.30", "小鼠"):
        assert store(tmp_path, name) == tmp_path / name


@given(st.text(max_size=40))
def test_any_valid_recording_name_has_a_folder(name: str) -> None:
    try:
        name = Recording(video="x.mp4", subject="a", group="g", session=0, name=name).name
    except StudyError:
        return
    folder = free_folder(Path("nowhere"), name).name
    assert len(folder.encode()) <= 200
    assert not set(folder) & set('<>:"/\\|?*')
    assert folder.strip(" .") == folder


def test_an_incomplete_folder_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "rat").mkdir()
    assert recording_folder(tmp_path, "rat") is None
    assert free_folder(tmp_path, "rat") == tmp_path / "rat"
    (tmp_path / "rat" / "zarr.json").write_text('{"attributes": {"recor')
    assert recording_folder(tmp_path, "rat") is None


def test_a_removed_folder_is_gone(tmp_path: Path) -> None:
    folder = store(tmp_path, "rat")
    remove_folder(folder)
    remove_folder(folder)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["Rat", "rat"])
def test_names_that_differ_in_case_are_different_recordings(name: str, tmp_path: Path) -> None:
    store(tmp_path, name)
    assert recording_folder(tmp_path, name.swapcase()) is None
