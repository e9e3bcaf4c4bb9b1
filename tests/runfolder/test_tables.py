"""Results of a run: what is written is what is read, and runs of earlier versions can be opened."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_ubam.runfolder import tables
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.tables import (
    Result,
    RunResults,
    has_result,
    read_result,
    result_names,
    write_result,
)


def toy(name: str = "toy", table: str = "toy_rows") -> Result:
    rows = pd.DataFrame(
        {
            "recording": ["001", "1e5", "NA"],
            "subject": ["7", "nan", "None"],
            "group": ["1.50", "", "true"],
            "session": ["0", "03", "2024-01-01"],
            "contrast": ["1", "02", "null"],
            "frame": [0, 1, 2],
            "time": [1200.0051239, 1200.01, 0.0],
            "peak_time": [0.5, np.nan, 2.0],
            "value": [0.123456789, np.nan, 1234567.0],
            "reference": [True, False, True],
        }
    )
    facts = {"k": np.int64(10), "model": {"posture": "abc"}, "share": float("nan"), "list": (1, 2)}
    return Result(name, {table: rows}, facts, ("Too few subjects.",))


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = write_result(tmp_path, toy())
    assert path == tmp_path / "toy.json"
    found = read_result(tmp_path, "toy")
    written, read = toy().tables["toy_rows"], found.tables["toy_rows"]
    for column in ("recording", "subject", "group", "session", "contrast"):
        assert read[column].tolist() == written[column].tolist()
    assert read["frame"].tolist() == [0, 1, 2]
    assert read["reference"].tolist() == [True, False, True]
    np.testing.assert_allclose(read["time"], written["time"], rtol=0, atol=5e-7)
    np.testing.assert_allclose(read["peak_time"], [0.5, np.nan, 2.0])
    np.testing.assert_allclose(read["value"], written["value"], rtol=1e-5)
    assert found.warnings == ("Too few subjects.",)
    assert found.facts["k"] == 10
    assert found.facts["share"] is None
    assert found.facts["list"] == [1, 2]
    assert {"napari-ubam", "torch", "python"} <= set(found.facts["versions"])
    assert found.facts["created"].startswith("20")


def test_a_column_of_text_may_be_named_like_a_time(tmp_path: Path) -> None:
    rows = pd.DataFrame({"recording": ["a", "b"], "clock_time": ["09:30", "noon"]})
    write_result(tmp_path, Result("toy", {"toy_rows": rows}))
    assert read_result(tmp_path, "toy").tables["toy_rows"]["clock_time"].tolist() == ["09:30", "noon"]


def test_numbers_have_the_formats_that_other_programs_know(tmp_path: Path) -> None:
    write_result(tmp_path, toy())
    first = (tmp_path / "toy_rows.csv").read_bytes().split(b"\n")[1]
    assert first == b"001,7,1.50,0,1,0,1200.005124,0.500000,0.123457,True"


def test_results_are_listed_and_mapped_by_name(tmp_path: Path) -> None:
    for name in ("config", "quality"):
        (tmp_path / f"{name}.json").write_text('{"tables": ["x"]}', encoding="utf-8")
    (tmp_path / "other.json").write_text("{}", encoding="utf-8")
    write_result(tmp_path, toy("zebra", "zebra_rows"))
    write_result(tmp_path, toy("ant", "ant_rows"))
    assert result_names(tmp_path) == ("ant", "zebra")
    results = RunResults(tmp_path)
    assert list(results) == ["ant", "zebra"]
    assert len(results) == 2
    assert results["ant"].tables["ant_rows"]["recording"].tolist() == ["001", "1e5", "NA"]
    assert "scores" not in results
    with pytest.raises(KeyError):
        results["scores"]


def test_a_result_that_was_not_finished_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_result(tmp_path, toy())

    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(tables, "write_atomic", full)
    with pytest.raises(OSError, match="No space left"):
        write_result(tmp_path, toy())
    assert not has_result(tmp_path, "toy")
    assert result_names(tmp_path) == ()


def test_a_table_that_is_gone_makes_the_result_incomplete(tmp_path: Path) -> None:
    write_result(tmp_path, toy())
    (tmp_path / "toy_rows.csv").unlink()
    assert not has_result(tmp_path, "toy")
    with pytest.raises(RunError, match=r"toy_rows\.csv cannot be read"):
        read_result(tmp_path, "toy")


def test_what_cannot_be_read_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="has no result 'toy'"):
        read_result(tmp_path, "toy")
    (tmp_path / "toy.json").write_text("{", encoding="utf-8")
    with pytest.raises(RunError, match=r"toy\.json cannot be read .* compute the result again"):
        read_result(tmp_path, "toy")
    assert result_names(tmp_path) == ()


@pytest.mark.parametrize(
    ("name", "table"),
    [("config", "a"), ("quality", "a"), ("a", "study"), ("../a", "b"), ("a", "B"), ("", "b"), ("a", "x.y")],
)
def test_names_that_would_overwrite_other_files_are_refused(tmp_path: Path, name: str, table: str) -> None:
    with pytest.raises(RunError, match="choose another name"):
        write_result(tmp_path, toy(name, table))
    assert list(tmp_path.iterdir()) == []


def test_a_table_of_another_result_is_never_overwritten(tmp_path: Path) -> None:
    write_result(tmp_path, toy("one", "rows"))
    before = (tmp_path / "rows.csv").read_bytes()
    with pytest.raises(RunError, match=r"result 'one' .* already has a table 'rows'"):
        write_result(tmp_path, Result("two", {"rows": pd.DataFrame({"x": [1]})}))
    assert (tmp_path / "rows.csv").read_bytes() == before
    write_result(tmp_path, toy("one", "rows"))


def test_a_result_without_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="has no table"):
        write_result(tmp_path, Result("empty", {}))


def earlier_run(folder: Path) -> None:
    """Write the files of a scoring and a map as versions before this format did."""
    files = {
        "scores.csv": "recording,frame,time,posture_deviation,behaviour_deviation,posture_percentile,"
        "behaviour_percentile\n007,0,0.000000,0.1,,50,\n007,1,0.040000,0.2,0.3,60,97.5\n",
        "subjects.csv": "subject,group,session,deviation,p,q,n_reference,smallest_p,reference\n"
        "12,1,0,0.01,0.5,,1,0.5,True\n013,,0,0.2,0.333333,0.333333,2,0.333333,False\n",
        "episodes.csv": "recording,start,stop,start_time,stop_time,peak,peak_time,peak_percentile,excess\n",
        "map.csv": "recording,subject,group,session,frame,time,x,y\n007,12,1,0,1,0.04,1.5,-2.25\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    scores = {
        "reference": "group=1",
        "k": 10,
        "per_subject": 2,
        "model": {"posture": "abc"},
        "reference_recordings": ["007"],
        "warnings": ["Only one reference subject."],
        "versions": {"napari-ubam": "0.1.0"},
        "created": "2025-05-05T10:00:00+00:00",
    }
    settings = {"kind": "behaviour", "method": "pca", "sample": 10, "seed": 0, "codes": "ff", "versions": {}}
    (folder / "scores.json").write_text(json.dumps(scores), encoding="utf-8")
    (folder / "map.json").write_text(json.dumps(settings), encoding="utf-8")


def test_runs_of_earlier_versions_can_be_read(tmp_path: Path) -> None:
    earlier_run(tmp_path)
    assert result_names(tmp_path) == ("map", "scores")
    scores = read_result(tmp_path, "scores")
    assert list(scores.tables) == ["scores", "subjects", "episodes"]
    assert scores.tables["scores"]["recording"].tolist() == ["007", "007"]
    assert np.isnan(scores.tables["scores"]["behaviour_percentile"][0])
    assert scores.tables["subjects"]["subject"].tolist() == ["12", "013"]
    assert scores.tables["subjects"]["group"].tolist() == ["1", ""]
    assert len(scores.tables["episodes"]) == 0
    assert scores.warnings == ("Only one reference subject.",)
    assert scores.facts["reference"] == "group=1"
    assert scores.facts["created"] == "2025-05-05T10:00:00+00:00"
    plane = read_result(tmp_path, "map")
    assert plane.tables["map"][["x", "y"]].to_numpy().tolist() == [[1.5, -2.25]]
    assert plane.facts["kind"] == "behaviour"
