"""The export as a whole: formats by name, nothing overwritten, the origin beside the files."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import pytest

from exported_study import made_up
from napari_ubam.formats import FORMATS, ExportData, ExportError, export_data
from napari_ubam.formats.data import file_stems
from napari_ubam.progress import Cancelled


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> ExportData:
    return made_up(tmp_path_factory.mktemp("videos"))


def test_an_unknown_format_is_refused_with_the_list(data: ExportData, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no format 'xls'; choose one of csv, parquet, nwb, netcdf, boris"):
        export_data(data, "xls", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_files_that_are_there_stay(data: ExportData, tmp_path: Path) -> None:
    (tmp_path / "subjects.csv").write_text("mine")
    with pytest.raises(ExportError, match=r"subjects\.csv exists already; choose another folder"):
        export_data(data, "csv", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["subjects.csv"]
    assert (tmp_path / "subjects.csv").read_text() == "mine"
    export_data(data, "csv", tmp_path, overwrite=True)
    assert "rat1" in (tmp_path / "subjects.csv").read_text()


def test_the_origin_stands_beside_the_files(data: ExportData, tmp_path: Path) -> None:
    done = export_data(data, "csv", tmp_path)
    assert all(path.is_file() for path in done.files)
    origin = json.loads((tmp_path / "export-csv.json").read_text())
    assert origin["format"] == "csv"
    assert origin["scored"]["origin"]["hash of posture"] == "abc"
    assert origin["versions"]["napari-ubam"]
    assert {path.name for path in tmp_path.iterdir()} == {*origin["files"], "export-csv.json"}


def test_formats_share_a_folder_and_keep_their_origins(data: ExportData, tmp_path: Path) -> None:
    export_data(data, "csv", tmp_path)
    export_data(data, "boris", tmp_path)
    origins = {path.name: json.loads(path.read_text()) for path in tmp_path.glob("export-*.json")}
    assert {name: one["format"] for name, one in origins.items()} == {
        "export-csv.json": "csv",
        "export-boris.json": "boris",
    }
    files = {path.name for path in tmp_path.iterdir()} - set(origins)
    assert files == {name for one in origins.values() for name in one["files"]}


def test_an_origin_of_an_earlier_version_is_recognised(data: ExportData, tmp_path: Path) -> None:
    old = tmp_path / "export.json"
    old.write_text(json.dumps({"format": "csv", "files": ["other.csv"]}))
    export_data(data, "boris", tmp_path)  # another format, which the old file says nothing about
    assert old.is_file()
    with pytest.raises(ExportError, match=r"export\.json exists already; choose another folder"):
        export_data(data, "csv", tmp_path)
    export_data(data, "csv", tmp_path, overwrite=True)
    assert not old.exists()
    assert (tmp_path / "export-csv.json").is_file()


@pytest.mark.parametrize("name", [one.name for one in FORMATS.values() if one.packages])
def test_a_package_that_is_missing_is_named(
    data: ExportData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    chosen = FORMATS[name]
    for package in chosen.packages:  # so that none of them remembers that another was missing
        pytest.importorskip(package)
    monkeypatch.setitem(sys.modules, chosen.packages[-1], None)
    sentence = rf"needs the package {chosen.packages[-1]}; install napari-ubam\[{chosen.extra}\]"
    with pytest.raises(ExportError, match=sentence):
        export_data(data, name, tmp_path / "out")


def test_videos_and_runs_are_never_written_over(data: ExportData, tmp_path: Path) -> None:
    first = data.recordings[0].recording.video
    folder = first.absolute().parent
    before = first.read_bytes()
    with pytest.raises(ExportError, match="is a video of the study; choose another folder"):
        export_data(data, "mp4", folder, overwrite=True)
    assert first.read_bytes() == before
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ExportError, match="is a run, whose tables have the same names"):
        export_data(data, "csv", tmp_path, overwrite=True)


def test_a_cancelled_export_leaves_no_half_file(data: ExportData, tmp_path: Path) -> None:
    cancel = threading.Event()
    with pytest.raises(Cancelled):
        export_data(data, "mp4", tmp_path, progress=lambda one: one.step > 5 and cancel.set(), cancel=cancel)
    assert list(tmp_path.iterdir()) == []


def test_file_names_fit_all_systems_and_differ() -> None:
    stems = file_stems(["a/b", "a:b", "A_B", "rat 1", "..."])
    assert len({stem.casefold() for stem in stems.values()}) == 5
    assert stems["a/b"] == "a_b"
    assert stems["rat 1"] == "rat 1"
    assert not any(set(stem) & set('/\\:*?"<>|') for stem in stems.values())
