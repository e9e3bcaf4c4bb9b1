"""The commands of the main job, as a person types them."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from napari_ubam.cli import app
from napari_ubam.run import Run


def call(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(word) for word in words])
    return result.exit_code, result.output


def test_train_embed_score(study_csv: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    code, said = call("train", study_csv, "--run", run, "--preset", "tiny", "--steps", 2, "--device", "cpu")
    assert code == 0, said
    assert "subject identifiability" in said
    code, said = call("embed", study_csv, "--run", run)
    assert (code, "5 recordings embedded" in said) == (0, True), said
    code, said = call("score", study_csv, "--run", run, "--reference", "group=healthy")
    assert code == 0, said
    assert "impaired1" in said
    assert (run / "subjects.csv").is_file()


def test_refusals_are_one_sentence(study_csv: Path, trained: Run, tmp_path: Path) -> None:
    code, said = call("embed", study_csv, "--run", tmp_path)
    assert (code, said.count("\n")) == (1, 1)
    assert "train a model" in said
    code, said = call("score", study_csv, "--run", trained.folder, "--reference", "group=nobody")
    assert code == 1
    assert "Traceback" not in said
    within = ("score", study_csv, "--run", trained.folder, "--reference", "group=healthy", "--within")
    code, said = call(*within, "group")
    assert (code, said.splitlines()[-1].endswith("the only choice is 'subject'.")) == (1, True), said
    code, said = call(*within, "subject")
    assert (code, "nothing to compare with its own baseline" in said) == (1, True), said
    code, said = call("train", study_csv, "--run", tmp_path, "--preset", "huge")
    assert (code, "choose one of tiny, small, base" in said) == (1, True)
