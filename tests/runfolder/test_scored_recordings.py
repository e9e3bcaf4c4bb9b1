"""What the scores of a run were computed from, and how a study or a reference differs from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.scored_recordings import ScoredStudy, read_scored
from napari_ubam.study import Recording


def scored(folder: Path, **facts: Any) -> ScoredStudy:
    recordings = [
        {"name": "a", "reference": True, "codes": "1" * 16},
        {"name": "b", "reference": True, "codes": "2" * 16},
        {"name": "c", "reference": False, "codes": "3" * 16},
    ]
    facts = {"reference": "group=healthy", "recordings": recordings} | facts
    (folder / "scores.json").write_text(json.dumps(facts), encoding="utf-8")
    found = read_scored(folder)
    assert found is not None
    return found


def test_without_scores_nothing_is_known(tmp_path: Path) -> None:
    assert read_scored(tmp_path) is None


def test_scores_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    (tmp_path / "scores.json").write_text("{}", encoding="utf-8")
    with pytest.raises(RunError, match=r"scores\.json cannot be read"):
        read_scored(tmp_path)


def test_the_reference_of_the_scores(tmp_path: Path) -> None:
    found = scored(tmp_path)
    assert found.reference == "group=healthy"
    assert [one.name for one in found.reference_recordings] == ["a", "b"]


def test_how_a_study_differs(tmp_path: Path) -> None:
    found = scored(tmp_path)
    assert found.study_difference(["c", "b", "a"]) is None
    assert found.study_difference(["b", "c", "d", "e"]) == (
        "The study has changed since it was scored: a was removed, d, e were added; score it again."
    )


@pytest.mark.parametrize(
    ("reference", "recordings", "sentence"),
    [
        ("group=healthy", {"a": "1" * 16, "b": "2" * 16}, None),
        ("group=healthy", {"a": "", "b": "2" * 16}, None),
        ("name=a or other text for the same", {"a": "1" * 16, "b": "2" * 16}, None),
        (
            "group = healthy",
            {"a": "9" * 16, "d": "4" * 16},
            "The reference group = healthy has changed since it was scored: b was removed, d was added, "
            "a was embedded again; score the study again.",
        ),
        (
            "group=stroke",
            {"c": "3" * 16},
            "The reference group=stroke (1 recording) is not that of the scores, group=healthy "
            "(2 recordings).",
        ),
    ],
)
def test_how_a_reference_differs(
    tmp_path: Path, reference: str, recordings: dict[str, str], sentence: str | None
) -> None:
    assert scored(tmp_path).reference_difference(reference, recordings) == sentence


def test_what_the_scores_were_computed_from_is_compared(tmp_path: Path) -> None:
    labels = {"subject": "a", "group": "healthy", "session": "0"}
    noted = {"name": "a", "reference": True, "codes": "1" * 16, **labels}
    found = scored(tmp_path, recordings=[noted], model={"posture": "p", "behaviour": "b"})
    assert not found.differs_from_model({"posture": "p", "behaviour": "b", "magnifier": "m"})
    assert not found.differs_from_model({})
    assert found.differs_from_model({"posture": "p", "behaviour": "other"})
    assert found.embedded_again({"a": "1" * 16, "b": "3" * 16}) == []
    assert found.embedded_again({"a": ""}) == []
    assert found.embedded_again({"a": "2" * 16}) == ["a"]
    same = Recording(video=tmp_path / "a.mp4", subject="a", group="healthy", session="0")
    assert found.relabelled([same]) == []
    assert found.relabelled([same.model_copy(update={"group": "impaired"})]) == ["a"]


def test_what_an_earlier_version_did_not_note_is_not_compared(tmp_path: Path) -> None:
    found = scored(tmp_path)
    assert not found.differs_from_model({"posture": "p", "behaviour": "b"})
    other = Recording(video=tmp_path / "a.mp4", subject="x", group="y", session="z")
    assert found.relabelled([other]) == []


def test_scores_of_an_earlier_version_know_the_names_of_the_reference_only(tmp_path: Path) -> None:
    facts = {"reference": "group=healthy", "reference_recordings": ["a", "b"]}
    (tmp_path / "scores.json").write_text(json.dumps(facts), encoding="utf-8")
    found = read_scored(tmp_path)
    assert found is not None
    assert not found.complete
    assert found.reference_difference("group=healthy", {"a": "1" * 16, "b": "2" * 16}) is None
    assert found.study_difference(["a", "b", "c", "d"]) is None
    assert found.study_difference(["a", "c"]) == (
        "The study has changed since it was scored: b was removed; score it again."
    )
    assert "c was added" in str(found.reference_difference("group=healthy", {"a": "", "b": "", "c": ""}))
