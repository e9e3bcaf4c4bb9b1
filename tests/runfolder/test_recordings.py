"""The study of a run: added to by embedding, set by scoring, and recordings are removed by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.recordings import (
    add_recordings,
    read_recording,
    read_recordings,
    remove_recordings,
    set_recordings,
)
from napari_ubam.study import Recording, Study, StudyError


def rat(name: str, video: str = "", group: str = "healthy") -> Recording:
    path = Path("videos").absolute() / f"{video or name}.mp4"
    return Recording(name=name, video=path, subject=name, group=group, session="0")


def test_added_recordings_replace_those_of_the_same_name(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="does not know its recordings"):
        read_recordings(tmp_path)
    add_recordings(tmp_path, [rat("a"), rat("b")])
    add_recordings(tmp_path, [rat("b", group="stroke"), rat("c")])
    assert read_recordings(tmp_path).names == ("a", "b", "c")
    assert read_recording(tmp_path, "b").group == "stroke"
    with pytest.raises(RunError, match="does not know the recording 'd'; choose one of a, b, c"):
        read_recording(tmp_path, "d")


def test_a_recording_with_a_new_name_replaces_itself_and_no_other(tmp_path: Path) -> None:
    add_recordings(tmp_path, [rat("a"), rat("b")])
    add_recordings(tmp_path, [rat("renamed", video="b")])
    assert read_recordings(tmp_path).names == ("a", "renamed")


def test_a_study_that_is_set_is_the_whole_study_of_the_run(tmp_path: Path) -> None:
    add_recordings(tmp_path, [rat("a"), rat("b"), rat("c")])
    set_recordings(tmp_path, Study([rat("c"), rat("d")]))
    assert read_recordings(tmp_path).names == ("c", "d")


def test_setting_the_same_study_leaves_the_file_alone(tmp_path: Path) -> None:
    study = Study([rat("a"), rat("b")])
    set_recordings(tmp_path / "run", study)
    before = (tmp_path / "run" / "study.csv").stat().st_mtime_ns
    set_recordings(tmp_path / "run", study)
    assert (tmp_path / "run" / "study.csv").stat().st_mtime_ns == before


def test_recordings_are_removed_but_not_all(tmp_path: Path) -> None:
    set_recordings(tmp_path, Study([rat("a"), rat("b"), rat("c")]))
    assert remove_recordings(tmp_path, ["a", "b"]).names == ("c",)
    assert read_recordings(tmp_path).names == ("c",)
    with pytest.raises(RunError, match="the study has no recording 'a'"):
        remove_recordings(tmp_path, "a")
    with pytest.raises(StudyError, match="keep at least one"):
        remove_recordings(tmp_path, "c")
    assert read_recordings(tmp_path).names == ("c",)


def test_a_study_that_cannot_be_read_is_not_replaced(tmp_path: Path) -> None:
    add_recordings(tmp_path, [rat("a"), rat("b")])
    table = tmp_path / "study.csv"
    table.write_text(table.read_text().replace("subject", "who"))
    before = table.read_bytes()
    with pytest.raises(RunError, match=r"study\.csv, cannot be read, so no recording can be added to it"):
        add_recordings(tmp_path, [rat("c")])
    assert table.read_bytes() == before
