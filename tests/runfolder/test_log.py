"""The log can be read while it grows, and after a crash."""

from __future__ import annotations

from pathlib import Path

from napari_ubam.runfolder.log import append, history, lines


def test_only_complete_lines_are_read_and_an_incomplete_one_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    append(path, "begin", stage="posture", step=0)
    with path.open("a") as file:
        file.write('{"event": "losses", "st')
    assert [line["event"] for line in lines(path)] == ["begin"]
    append(path, "end", stage="posture")
    assert [line["event"] for line in lines(path)] == ["begin", "end"]
    assert all("time" in line for line in lines(path))


def test_without_a_path_nothing_is_logged(tmp_path: Path) -> None:
    append(None, "begin")
    assert list(lines(tmp_path / "none.jsonl")) == []
    assert history(tmp_path / "none.jsonl").columns.tolist() == ["stage", "step", "seconds"]


def test_history_has_each_step_once_and_stages_apart(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"

    def losses(stage: str, *steps: int) -> None:
        for step in steps:
            append(path, "losses", stage=stage, step=step, seconds=step / 10, losses={"a": float(step)})

    append(path, "begin", stage="posture", step=0)
    losses("posture", 5, 10, 15)
    append(path, "begin", stage="posture", step=10)
    losses("posture", 14, 20)
    append(path, "begin", stage="behaviour", step=0)
    losses("behaviour", 4)
    table = history(path)
    assert table["step"].tolist() == [5, 10, 14, 20, 4]
    assert table["stage"].tolist() == ["posture"] * 4 + ["behaviour"]
    assert table["a"].tolist() == [5, 10, 14, 20, 4]
    append(path, "begin", stage="posture", step=0)
    assert history(path)["step"].tolist() == [4]
