"""Large tables: the same file, written and read one recording after the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_ubam.runfolder import table_parts
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.table_parts import TableInParts, Tables, parts_of, recordings_of
from napari_ubam.runfolder.tables import Result, has_result, read_result, write_result

NAMES = ["007", "a, b", "größer", "1"]


def part(name: str, rows: int = 5) -> pd.DataFrame:
    generator = np.random.default_rng(len(name))
    return pd.DataFrame(
        {
            "recording": name,
            "frame": np.arange(rows),
            "time": np.arange(rows) / 30,
            "episodic": np.where(np.arange(rows) == 1, np.nan, generator.normal(size=rows)),
        }
    )


def parts() -> list[pd.DataFrame]:
    return [part(name, 5 + number) for number, name in enumerate(NAMES)]


def write(folder: Path) -> None:
    rows = pd.DataFrame({"subject": ["1"], "deviation": [0.5]})
    write_result(folder, Result("toy", {"toy_subjects": rows}), {"toy_frames": TableInParts(parts)})


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_parts, "LARGE", 0)


def test_the_file_is_that_of_the_whole_table(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "other").mkdir()
    write_result(tmp_path / "other", Result("toy", {"toy_frames": pd.concat(parts())}))
    assert (tmp_path / "toy_frames.csv").read_bytes() == (tmp_path / "other/toy_frames.csv").read_bytes()
    assert list(read_result(tmp_path, "toy").tables) == ["toy_frames", "toy_subjects"]
    assert has_result(tmp_path, "toy")
    assert not list(tmp_path.glob("*.new"))


@pytest.mark.usefixtures("large")
def test_the_rows_of_one_recording_are_read_without_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path)
    tables = read_result(tmp_path, "toy").tables
    assert isinstance(tables, Tables)
    read: list[int] = []
    original = table_parts.read_csv

    def counting(*arguments: object) -> pd.DataFrame:
        found = original(*arguments)  # type: ignore[arg-type]
        read.append(len(found))
        return found

    monkeypatch.setattr(table_parts, "read_csv", counting)
    assert recordings_of(tables, "toy_frames") == NAMES
    assert tables.columns("toy_frames") == ["recording", "frame", "time", "episodic"]
    assert read == []
    found = dict(parts_of(tables, "toy_frames", ["größer", "not there", "007"]))
    assert list(found) == ["größer", "007"]
    assert read == [7, 5]
    for name, rows in found.items():
        assert rows["recording"].tolist() == [name] * len(rows)
        expected = parts()[NAMES.index(name)]
        np.testing.assert_allclose(rows["episodic"], expected["episodic"], rtol=1e-5)


def test_small_and_plain_tables_are_read_in_the_same_way(tmp_path: Path) -> None:
    write(tmp_path)
    whole = pd.concat(parts(), ignore_index=True)
    for tables in (read_result(tmp_path, "toy").tables, {"toy_frames": whole}):
        found = list(parts_of(tables, "toy_frames"))
        assert [name for name, _ in found] == recordings_of(tables, "toy_frames") == NAMES
        assert [len(rows) for _, rows in found] == [5, 6, 7, 8]
        assert all(rows.index[0] == 0 for _, rows in found)


@pytest.mark.usefixtures("large")
def test_a_file_that_was_edited_is_read_as_a_whole(tmp_path: Path) -> None:
    write(tmp_path)
    path = tmp_path / "toy_frames.csv"
    path.write_text(path.read_text("utf-8") + "new,0,0.0,1\n", "utf-8")
    tables = read_result(tmp_path, "toy").tables
    assert recordings_of(tables, "toy_frames") == [*NAMES, "new"]
    assert len(dict(parts_of(tables, "toy_frames"))["new"]) == 1


@pytest.mark.usefixtures("large")
def test_rows_of_another_computation_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path)
    tables = read_result(tmp_path, "toy").tables
    facts = tmp_path / "toy.json"
    facts.write_text(facts.read_text("utf-8").replace('"created": "2', '"created": "3'), "utf-8")
    with pytest.raises(RunError, match="was written again while it was in use"):
        dict(parts_of(tables, "toy_frames"))


def test_an_earlier_result_stays_if_the_new_one_is_cancelled(tmp_path: Path) -> None:
    write(tmp_path)
    before = (tmp_path / "toy_frames.csv").read_bytes()

    def broken() -> Iterator[pd.DataFrame]:
        yield part("x")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_result(tmp_path, Result("toy", {}), {"toy_frames": TableInParts(broken)})
    assert (tmp_path / "toy_frames.csv").read_bytes() == before
    assert read_result(tmp_path, "toy").tables["toy_frames"]["recording"].nunique() == 4
