"""What commands do where all frames of a study do not fit into memory."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_ubam.analysis.groups import session_values
from napari_ubam.progress import Progress
from napari_ubam.run import Run, RunError, frame_sample
from napari_ubam.runfolder import table_parts
from napari_ubam.runfolder.recordings import set_recordings
from napari_ubam.study import Interval, Study


@pytest.fixture(scope="module")
def scored(trained: Run, study: Study, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("long") / "run"
    shutil.copytree(trained.folder, folder)
    run = Run.open(folder)
    run.score_to_files(study, "group=healthy", figures=False)
    return run


def test_scores_are_written_and_not_returned(scored: Run, study: Study, tmp_path: Path) -> None:
    shutil.copytree(scored.folder, tmp_path / "run")
    again = Run.open(tmp_path / "run")
    table = again.score(study, "group=healthy", figures=False)
    for name in ("scores.csv", "subjects.csv", "episodes.csv"):
        assert (again.folder / name).read_bytes() == (scored.folder / name).read_bytes()
    pd.testing.assert_frame_equal(table.subjects, scored.subjects, check_dtype=False, atol=1e-5)
    limits = scored.results["scores"].facts["reference_limits"]
    assert limits == {"subject": 20_000, "total": 200_000}


def test_a_cluster_gives_the_same_scores(scored: Run, study: Study, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    shutil.copytree(scored.folder, tmp_path / "run")
    again, told = Run.open(tmp_path / "run"), list[Progress]()
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        again.score_to_files(
            study,
            "group=healthy",
            figures=False,
            scheduler=cluster.scheduler_address,
            progress=told.append,
        )
    assert (again.folder / "scores.csv").read_bytes() == (scored.folder / "scores.csv").read_bytes()
    done = [one for one in told if one.stage == "score" and one.detail]
    assert {one.detail for one in done} == set(study.names)
    assert done[-1].share == 1


def test_fewer_reference_frames_are_noted(scored: Run, study: Study, tmp_path: Path) -> None:
    shutil.copytree(scored.folder, tmp_path / "run")
    again = Run.open(tmp_path / "run")
    again.score_to_files(study, "group=healthy", figures=False, reference_frames=80)
    facts = again.results["scores"].facts
    assert facts["reference_limits"]["total"] == 80
    assert set(facts["reference_frames"].values()) == {20}
    assert facts["reference_frames_available"] == scored.results["scores"].facts["reference_frames"]


def test_neighbours_of_a_long_study_are_searched_in_a_sample(
    scored: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = scored.explorer()
    assert whole.every == 1
    assert not any("long" in one for one in whole.notes())
    monkeypatch.setattr(frame_sample, "MOST", 150)
    sample = scored.explorer()
    assert sample.every > 1
    assert any(f"one of {sample.every} in a row" in one for one in sample.notes())
    kept = sample.frames.merge(whole.frames, on=["recording", "frame"])
    assert len(kept) == len(sample.frames) < 0.6 * len(whole.frames)
    # Frames that are not in the sample have neighbours in it, the same as if their code were there.
    name = sample.frames["recording"][0]
    own = set(sample.frames.loc[sample.frames["recording"] == name, "frame"])
    others = whole.frames.loc[whole.frames["recording"] == name, "frame"]
    outside = next(int(one) for one in others if one not in own)
    found = sample.neighbours(name, outside, kind="posture", individual="keep", count=3)
    row = whole.row_of(name, outside)
    among = (sample.frames["subject"] != whole.frames["subject"][row]).to_numpy()
    nearest = (sample.codes("posture", "keep")[among] @ whole.codes("posture", "keep")[row]).max()
    assert found["similarity"][0] == pytest.approx(float(nearest), abs=1e-5)
    shifted = sample.neighbours(name, outside, kind="posture", individual="remove", count=3)
    assert len(shifted) == 3


def test_the_map_of_a_long_study_is_of_the_sample(
    scored: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(scored.folder, tmp_path / "run")
    monkeypatch.setattr(frame_sample, "MOST", 150)
    monkeypatch.setattr(table_parts, "LARGE", 0)
    explorer = Run.open(tmp_path / "run").explorer()
    table = explorer.map(method="pca")
    result = Run.open(tmp_path / "run").results["map"]
    assert len(table) == len(explorer.frames)
    assert result.facts["one_frame_of"] == explorer.every
    assert any("one of" in one for one in result.warnings)
    deviant = explorer.with_deviation(table)
    assert np.isfinite(deviant["deviation"]).all()


def test_groups_are_compared_recording_by_recording(
    scored: Run, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [(one.name, one.subject, one.group, one.session, one.group == "healthy") for one in study]
    labels = pd.DataFrame(rows, columns=["recording", "subject", "level", "session", "reference"])
    found = []
    for large in (2**23, 0):
        monkeypatch.setattr(table_parts, "LARGE", large)
        tables = scored.results["scores"].tables
        found.append(session_values(tables, tables["episodes"], labels))
    pd.testing.assert_frame_equal(*found)
    table = scored.scores.dropna(subset=["episodic"]).groupby("recording")["constant"].mean()
    constant = found[0].set_index("subject")["constant"]
    assert constant["impaired1"] == pytest.approx(table["impaired1"])
    with pytest.raises(RunError, match="has no scores of nobody"):
        scored.scores_of("nobody")
    pd.testing.assert_frame_equal(
        scored.scores_of("healthy2"),
        scored.scores.query("recording == 'healthy2'").reset_index(drop=True),
    )


def test_intervals_and_exports_are_read_recording_by_recording(
    scored: Run, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(scored.folder, tmp_path / "run")
    run = Run.open(tmp_path / "run")
    light = Interval(label="light", start=0.5, stop=1.0)
    set_recordings(run.folder, Study(one.model_copy(update={"intervals": (light,)}) for one in study))
    whole = run.compare(by_interval=["light"], permutations=100, resamples=100)
    run.export("csv", tmp_path / "whole")
    monkeypatch.setattr(table_parts, "LARGE", 0)
    monkeypatch.setattr(table_parts.Tables, "__getitem__", without_frames(table_parts.Tables.__getitem__))
    parts = run.compare(by_interval=["light"], permutations=100, resamples=100)
    for name, table in whole.tables.items():
        pd.testing.assert_frame_equal(table, parts.tables[name])
    run.export("csv", tmp_path / "parts")
    frames = [(tmp_path / name / "frames.csv").read_bytes() for name in ("whole", "parts")]
    assert frames[0] == frames[1]


def without_frames(
    read: Callable[[table_parts.Tables, str], pd.DataFrame],
) -> Callable[[table_parts.Tables, str], pd.DataFrame]:
    """Refuse to read all frames of a study at once."""

    def guarded(tables: table_parts.Tables, name: str) -> pd.DataFrame:
        assert name != "scores", "all frames are read"
        return read(tables, name)

    return guarded
