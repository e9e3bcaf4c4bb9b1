"""Export of a run: Python, the command, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from napari_ubam.cli import app
from napari_ubam.formats import ExportError
from napari_ubam.run import Run
from napari_ubam.study import Study, StudyError
from scored_groups import recordings, score


@pytest.fixture(scope="module")
def run(trained: Run, study: Study, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Give a run with scores and a comparison of groups; no test changes it."""
    made = recordings(study[0].video, {"healthy": 4, "impaired": 2})
    scored = score(trained, tmp_path_factory.mktemp("exporting") / "run", made, {"impaired": 0.02})
    scored.compare("group")
    return scored


def call(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["export", *(str(word) for word in words)])
    return result.exit_code, result.output


def test_the_command_writes_tables_of_frames_subjects_and_analyses(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, said = call("--run", run.folder, "--format", "csv", "--out", out)
    assert code == 0, said
    origin = json.loads((out / "export-csv.json").read_text())
    assert f"Wrote {len(origin['files'])} files in the format csv to {out}." in said
    assert {"frames.csv", "episodes.csv", "subjects.csv", "compare.csv"} <= set(origin["files"])
    scores = pd.read_csv(out / "frames.csv")
    assert scores["recording"].nunique() == 6
    assert origin["scored"]["reference"] == "group=healthy"
    code, said = call("--run", run.folder, "--format", "csv", "--out", out)
    assert (code, said.count("\n")) == (1, 1)
    assert "exists already; choose another folder, or replace it with --overwrite" in said
    assert call("--run", run.folder, "--format", "csv", "--out", out, "--overwrite")[0] == 0
    assert call("--run", run.folder, "--format", "boris", "--out", out)[0] == 0  # beside the other


def test_some_recordings_are_exported_without_analyses_of_all(run: Run, tmp_path: Path) -> None:
    done = run.export("csv", tmp_path / "out", where="group=impaired")
    assert "compare.csv" not in {path.name for path in done.files}
    subjects = pd.read_csv(tmp_path / "out" / "subjects.csv")
    assert sorted(subjects["subject"]) == ["impaired0", "impaired1"]


def test_what_cannot_be_exported_is_one_sentence(run: Run, trained: Run, tmp_path: Path) -> None:
    for words, sentence in (
        (("--format", "xls", "--out", tmp_path / "a"), "There is no format 'xls'; choose one of csv,"),
        (("--format", "csv", "--out", tmp_path / "a", "--where", "group=none"), "group=none"),
        (("--format", "csv", "--out", run.folder), "is a run, whose tables have the same names"),
    ):
        code, said = call("--run", run.folder, *words)
        assert (code, said.count("\n")) == (1, 1), said
        assert sentence in said
    with pytest.raises(StudyError, match="group=none"):
        run.export("csv", tmp_path / "a", where="group=none")
    with pytest.raises(ExportError, match="is a run"):
        run.export("csv", run.folder)
    code, said = call("--run", trained.folder, "--format", "csv", "--out", tmp_path / "a")
    assert (code, said.count("\n")) == (1, 1), said
    assert "score" in said
    assert not (tmp_path / "a").exists()
