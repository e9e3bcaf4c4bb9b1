"""The reference of a magnification is that of the scores; where it differs, one sentence says how."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import Any

import pytest
import zarr

from magnified_part import ONE, PART, REFERENCE
from napari_ubam.embedding.codes import codes_hash
from napari_ubam.run import Run
from napari_ubam.runfolder.recordings import read_recordings
from napari_ubam.study import Study

pytestmark = pytest.mark.filterwarnings("ignore::napari_ubam.run.MagnificationWarning")
HEALTHY = ["healthy1", "healthy2", "healthy3", "healthy4"]


def metadata(run: Run, reference: str = REFERENCE) -> dict[str, Any]:
    return run.magnify(ONE, reference, 1.0, frames=PART, device="cpu").metadata


def used(found: dict[str, Any]) -> list[str]:
    return [one["name"] for one in found["reference_recordings"]]


def test_it_is_the_one_of_the_scores_and_its_hashes_are_noted(run: Run, study: Study) -> None:
    found = metadata(run)
    assert used(found) == HEALTHY
    hashes = {codes.name: codes_hash(codes) for codes in run.codes(study)}
    assert all(one["codes"] == hashes[one["name"]] for one in found["reference_recordings"])
    assert found["warnings"] == []


def test_a_recording_that_was_taken_out_of_the_study_does_not_come_back(own_run: Run, study: Study) -> None:
    smaller = study.without("healthy3")
    own_run.score(smaller, REFERENCE, figures=False)
    assert read_recordings(own_run.folder) == smaller
    found = metadata(own_run)
    assert used(found) == ["healthy1", "healthy2", "healthy4"]
    assert found["warnings"] == []
    frames = own_run.explorer().frames
    assert set(frames["recording"]) == set(smaller.names)


def test_a_removed_recording_is_said_to_be_missing(own_run: Run) -> None:
    own_run.remove(["healthy2"])
    found = metadata(own_run)
    assert used(found) == ["healthy1", "healthy3", "healthy4"]
    assert found["warnings"] == [
        "The reference group=healthy has changed since it was scored: healthy2 was removed; "
        "score the study again."
    ]
    assert own_run.embeddings("healthy2").posture.shape[0] == 90


def test_an_added_recording_is_said(own_run: Run, study: Study) -> None:
    own_run.score(study.without("healthy4"), REFERENCE, figures=False)
    own_run.embed(study, device="cpu")
    found = metadata(own_run)
    assert used(found) == HEALTHY
    assert "healthy4 was added" in found["warnings"][0]


def test_a_recording_that_was_embedded_again_is_said(own_run: Run) -> None:
    group = zarr.open_group(str(own_run.folder / "embeddings.zarr" / "healthy1"), mode="r+")
    group["posture"][10, 0] = 0.25  # type: ignore[index]
    assert "healthy1 was embedded again" in metadata(own_run)["warnings"][0]


def test_another_filter_is_said(run: Run) -> None:
    found = metadata(run, "name=healthy1")
    assert used(found) == ["healthy1"]
    assert found["warnings"] == [
        "The reference name=healthy1 (1 recording) is not that of the scores, group=healthy (4 recordings)."
    ]


def test_a_run_without_scores_is_said(own_run: Run) -> None:
    (own_run.folder / "scores.json").unlink()
    found = metadata(own_run)
    assert used(found) == HEALTHY
    assert found["warnings"] == [
        "run has no scores yet, so the reference group=healthy is taken from the study of the run: "
        "4 of its recordings."
    ]


def test_scores_of_an_earlier_version_have_names_without_hashes(own_run: Run) -> None:
    path = own_run.folder / "scores.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    del facts["recordings"]
    path.write_text(json.dumps(facts | {"reference_recordings": HEALTHY}), encoding="utf-8")
    assert metadata(own_run)["warnings"] == []
    path.write_text(json.dumps(facts | {"reference_recordings": HEALTHY[:3]}), encoding="utf-8")
    assert "healthy4 was added" in metadata(own_run)["warnings"][0]


def test_the_warning_stays_at_another_factor(own_run: Run) -> None:
    own_run.remove("healthy2")
    made = own_run.magnify(ONE, REFERENCE, 1.0, frames=PART, device="cpu")
    assert made.at(60.0).metadata["warnings"][0] == made.metadata["warnings"][0]
    assert len(made.at(60.0).metadata["warnings"]) == 2


def test_a_reference_recording_is_compared_with_the_others(run: Run) -> None:
    found = run.magnify("healthy2", REFERENCE, 1.0, frames=PART, device="cpu").metadata
    assert used(found) == ["healthy1", "healthy3", "healthy4"]
    assert found["warnings"] == []


def test_the_hash_of_codes_depends_on_their_values_only(run: Run, study: Study) -> None:
    [one] = run.codes([study[ONE]])
    hashed = codes_hash(one)
    assert len(hashed) == 16
    assert codes_hash(replace(one, name="another", group="another")) == hashed
    for name in ("posture", "behaviour"):
        values = getattr(one, name).copy()
        values[50, 0] += 1e-3
        assert codes_hash(replace(one, **{name: values})) != hashed
    assert codes_hash(replace(one, posture=one.posture.astype(">f4"))) == hashed


def test_the_command_removes_and_says_that_the_scores_are_out_of_date(own_run: Run) -> None:
    from typer.testing import CliRunner

    from napari_ubam.cli import app

    words = ["remove", "healthy2", "healthy3", "--run", str(own_run.folder)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "Removed 2 recordings; the study of" in done.output
    assert "healthy2, healthy3 were removed; score it again" in done.output
    assert read_recordings(own_run.folder).names == ("healthy1", "healthy4", ONE)
    again = CliRunner().invoke(app, words)
    assert again.exit_code == 1
    assert "the study has no recording 'healthy2'" in again.output
    shutil.rmtree(own_run.folder)


def test_training_the_magnifier_brings_no_removed_recording_back(own_run: Run, study: Study) -> None:
    own_run.remove(["healthy3"])
    own_run.train_magnifier(study, device="cpu", steps=1)
    assert "healthy3" not in read_recordings(own_run.folder).names
