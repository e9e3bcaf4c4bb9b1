"""Recovery of a run: Python, the command, the report."""

from __future__ import annotations

import shutil
from pathlib import Path

from typer.testing import CliRunner

from napari_ubam.cli import app
from napari_ubam.run import Run
from napari_ubam.runfolder.recordings import set_recordings
from napari_ubam.study import Study


def test_a_run_tells_who_returned_to_the_baseline(trained: Run, study: Study, tmp_path: Path) -> None:
    shutil.copytree(trained.folder, tmp_path / "run")
    rows = list(study)
    labels = [("a", "0"), ("a", "0"), ("a", "3"), ("b", "0"), ("b", "0")]  # one of 3 s is too short
    made = Study(
        [
            one.model_copy(update={"subject": subject, "session": session, "group": "lesion"})
            for one, (subject, session) in zip(rows, labels, strict=True)
        ]
    )
    set_recordings(tmp_path / "run", made)
    command = ["recovery", "--run", str(tmp_path / "run"), "--baseline", "0"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "lesion, session 3 (n = 1): mean change of similarity" in done.output
    assert "lesion has 1 of the 4 subjects that a test needs" in done.output
    run = Run.open(tmp_path / "run")
    result = run.results["recovery"]
    assert result.facts["baseline"] == ["0"]
    assert result.facts["seed"] == 0
    assert result.facts["model"]
    table = result.tables["recovery_subjects"]
    assert table["session"].tolist() == ["0", "3"]
    assert (run.folder / "figures" / "recovery.png").stat().st_size > 5000
    refused = CliRunner().invoke(app, [*command[:3], "--baseline", "9"])
    assert (refused.exit_code, refused.output.count("\n")) == (1, 1)
    assert "session has no value '9'" in refused.output
