"""A run is opened from its folder, and says which table to mend when its videos are gone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from napari_ubam.run import Run, RunError
from napari_ubam.runfolder.paths import STUDY
from napari_ubam.study import Study
from napari_ubam.video import VideoError


def test_a_run_is_made_of_a_folder_as_it_is_opened(trained: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Run(str(trained.folder)) == Run(trained.folder) == Run.open(trained.folder)  # type: ignore[arg-type]
    monkeypatch.chdir(trained.folder.parent)
    assert Run(trained.folder.name).folder == trained.folder  # type: ignore[arg-type]


def test_a_folder_without_a_model_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="There is no run at"):
        Run(tmp_path / "none")
    with pytest.raises(RunError, match=r"has no posture\.safetensors"):
        Run(tmp_path)


def test_a_run_without_its_videos_says_which_table_to_correct(
    magnifying: Run, study: Study, tmp_path: Path
) -> None:
    run = Run(shutil.copytree(magnifying.folder, tmp_path / "run"))
    table = run.folder / STUDY
    gone = Path("/gone") / study[0].video.name
    Study([study[0].model_copy(update={"video": gone}), *study[1:]]).to_csv(table)
    sentence = (
        f"The video of {study[0].name} is not at {gone}; if the run or the videos were moved, find them "
        f"again with 'napari-ubam relocate {run.folder} FOLDER', or correct the column video in {table}."
    )
    for use in (
        lambda: run.magnify(study[0].name, reference="group=healthy"),
        lambda: run.codes(Study.from_csv(table, check_files=False)),
    ):
        with pytest.raises(VideoError) as caught:
            use()
        assert str(caught.value) == sentence


def test_names_that_mean_missing_elsewhere_stay_names(trained: Run, study: Study, tmp_path: Path) -> None:
    run = Run(shutil.copytree(trained.folder, tmp_path / "run"))
    words = ["NA", "None", "nan", "NULL", "<NA>"]
    named = [
        one.model_copy(
            update={"subject": word, "group": "NA" if one.group == "healthy" else "nan", "session": "None"}
        )
        for one, word in zip(study, words, strict=True)
    ]
    run.score(Study.from_csv(Study(named).to_csv(run.folder / STUDY)), "group=NA", figures=False)
    assert run.subjects["subject"].tolist() == words
    assert run.subjects["group"].tolist() == ["NA"] * 4 + ["nan"]
    assert set(run.subjects["session"]) == {"None"}
    assert run.analyse("group_summary").tables["group_summary"]["group"].tolist() == ["nan", "NA"]
    assert run.explorer().frames["subject"].unique().tolist() == words
    page = run.report().read_text(encoding="utf-8")
    assert all(f">{word}<" in page for word in words[:4])
