"""NWB: read back, and without a fault that nwbinspector knows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from exported_study import EPISODES, FPS, FRAMES, made_up
from napari_ubam.formats import ExportData, ExportError, export_data
from napari_ubam.formats.data import ScoredFrames

pynwb = pytest.importorskip("pynwb")


def with_columns(one: ScoredFrames, **columns: str) -> ScoredFrames:
    """Give the same scores of a recording with other columns in the study."""
    return replace(one, recording=one.recording.model_copy(update={"metadata": columns}))


@pytest.fixture
def data(tmp_path: Path) -> ExportData:
    return made_up(tmp_path / "videos")


def test_series_and_episodes_come_back(data: ExportData, tmp_path: Path) -> None:
    done = export_data(data, "nwb", tmp_path / "out")
    assert done.warnings == ()
    with pynwb.NWBHDF5IO(done.files[0], "r") as stream:
        file = stream.read()
        assert file.session_start_time.strftime("%Y-%m-%dT%H:%M") == "2024-05-31T14:30"
        assert (file.subject.subject_id, file.subject.sex, file.subject.age) == ("rat1", "F", "P90D")
        assert "seed 7, 100 steps" in file.notes
        software = np.array(file.was_generated_by).astype(str).tolist()
        assert ["napari-ubam", "0.1"] in software
        series = file.processing["behavior"]["episodic"]
        assert series.rate == FPS
        assert series.starting_time == 0
        values = data.recordings[0].scores["episodic"].to_numpy(np.float32)
        np.testing.assert_array_equal(series.data[:], values)
        table = file.intervals["deviation_episodes"].to_dataframe()
        assert list(zip(table["start_frame"], table["stop_frame"], strict=True)) == EPISODES
        assert (table["start_time"] * FPS).tolist() == pytest.approx([10, 45])
        assert file.acquisition["video"].external_file[0] == "../videos/rat 1.mp4"
    with pynwb.NWBHDF5IO(done.files[1], "r") as stream:
        assert not stream.read().intervals


def test_nwbinspector_finds_nothing(data: ExportData, tmp_path: Path) -> None:
    inspector = pytest.importorskip("nwbinspector")
    done = export_data(data, "nwb", tmp_path / "out")
    found = [one for path in done.files for one in inspector.inspect_nwbfile(nwbfile_path=path)]
    assert [(one.importance.name, one.check_function_name, one.message) for one in found] == []
    assert not pynwb.validate(path=str(done.files[0]))


def test_pynapple_reads_deviations_and_episodes(data: ExportData, tmp_path: Path) -> None:
    pynapple = pytest.importorskip("pynapple")
    done = export_data(data, "nwb", tmp_path / "out")
    read = pynapple.load_file(str(done.files[0]))
    deviation, episodes = read["episodic"], read["deviation_episodes"]
    assert len(deviation) == FRAMES
    np.testing.assert_allclose(episodes.start * FPS, [start for start, _ in EPISODES], atol=1e-3)
    inside = deviation.restrict(episodes)  # pynapple counts the end of an interval to it
    assert inside.values.mean() > 0.19
    assert deviation.dropna().values.mean() < 0.1
    assert "deviation_episodes" not in pynapple.load_file(str(done.files[1]))  # of the reference


def test_bouts_of_ndx_ethogram(data: ExportData, tmp_path: Path) -> None:
    pytest.importorskip("ndx_ethogram")
    done = export_data(data, "nwb", tmp_path / "out")
    with pynwb.NWBHDF5IO(done.files[0], "r") as stream:
        bouts = stream.read().processing["behavior"]["deviation_bouts"]
        assert bouts.labeling_method == "automated"
        assert bouts.to_dataframe()["label"].tolist() == ["deviation episode"] * 2


def test_a_variable_frame_rate_keeps_the_time_of_each_frame(tmp_path: Path) -> None:
    def clock(number: int) -> float:
        return number / FPS + (0.1 if number > 30 else 0.0)

    data = made_up(tmp_path / "videos", clock=clock)
    done = export_data(data, "nwb", tmp_path / "out")
    with pynwb.NWBHDF5IO(done.files[0], "r") as stream:
        module = stream.read().processing["behavior"]
        for name in ("posture_deviation", "episodic"):
            expected = [clock(one) for one in range(FRAMES)]
            assert module[name].timestamps[:].tolist() == pytest.approx(expected, abs=1e-6)
            assert module[name].rate is None


def test_what_the_study_does_not_say_is_told(data: ExportData, tmp_path: Path) -> None:
    bare = replace(data, recordings=tuple(with_columns(one) for one in data.recordings))
    done = export_data(bare, "nwb", tmp_path / "out")
    assert len(done.warnings) == 2  # each once
    assert any("no column session_start_time" in one for one in done.warnings)
    assert any("species" in one for one in done.warnings)
    wrong = replace(data, recordings=(with_columns(data.recordings[0], date="last week"),))
    with pytest.raises(ExportError, match="rat 1: the column date holds 'last week', which is no time"):
        export_data(wrong, "nwb", tmp_path / "wrong")
    assert list((tmp_path / "wrong").iterdir()) == []
