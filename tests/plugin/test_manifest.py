"""The manifest: every name in it exists."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from npe2 import PluginManifest

import napari_ubam
from napari_ubam.plugin.io.settings import DEFAULTS


@pytest.fixture(scope="module")
def manifest() -> PluginManifest:
    return PluginManifest.from_distribution("napari-ubam")


def test_every_name_leads_to_something(manifest: PluginManifest) -> None:
    commands = manifest.contributions.commands or []
    assert len(commands) > 10
    for command in commands:
        assert command.python_name is not None
        module, name = command.python_name.split(":")
        assert callable(getattr(__import__(module, fromlist=[name]), name))


def test_every_contribution_has_its_command(manifest: PluginManifest) -> None:
    known = {command.id for command in manifest.contributions.commands or []}
    used = manifest.contributions
    parts = [*(used.readers or []), *(used.writers or []), *(used.widgets or []), *(used.sample_data or [])]
    assert {part.command for part in parts} <= known
    names = ["1 Study", "2 Train", "3 Deviation", "4 Explore", "5 Magnify", "6 Compare", "Timeline"]
    assert [one.display_name for one in used.widgets or []] == names


def test_no_reader_claims_everything(manifest: PluginManifest) -> None:
    patterns = [reader.filename_patterns for reader in manifest.contributions.readers or []]
    assert len(patterns) == 3
    assert not any("*" in each for each in patterns)


def test_the_settings_are_those_that_the_panels_ask_for(manifest: PluginManifest) -> None:
    properties = (manifest.contributions.configurations or {})["work"].properties
    assert {name: one.default for name, one in properties.items()} == DEFAULTS


def test_the_file_at_the_top_is_the_same() -> None:
    top = Path(__file__).parents[2] / "napari.yaml"
    inside = Path(napari_ubam.__file__).parent / "napari.yaml"
    assert top.read_text("utf-8") in (inside.read_text("utf-8"), "src/napari_ubam/napari.yaml")


def test_a_study_and_a_run_are_opened_as_layers(
    study_csv: Path, run: napari_ubam.Run, tmp_path: Path
) -> None:
    from napari_ubam.plugin.io.reader import get_folder_reader, get_study_reader

    read = get_study_reader(str(study_csv))
    assert read is not None
    ((data, arguments, kind),) = read(str(study_csv))
    assert (kind, arguments["metadata"]["study_csv"]) == ("image", str(study_csv))
    assert np.asarray(data[0]).shape[-1] == 3
    other = tmp_path / "study of prices.csv"
    other.write_text("name,price\na,1\n", "utf-8")
    assert get_study_reader(str(other)) is None
    read = get_folder_reader(str(run.folder))
    assert read is not None
    ((_, arguments, _),) = read(str(run.folder))
    assert arguments["metadata"]["run_folder"] == str(run.folder)
    assert get_folder_reader(str(tmp_path)) is None


def test_the_sample_is_rendered_once(study_csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from napari_ubam.plugin.io import sample_data

    monkeypatch.setattr(sample_data, "sample_folder", lambda: study_csv.parent)
    before = study_csv.stat().st_mtime_ns
    ((_, arguments, _),) = sample_data.sample_study()
    assert arguments["metadata"]["study_csv"] == str(study_csv)
    assert study_csv.stat().st_mtime_ns == before
