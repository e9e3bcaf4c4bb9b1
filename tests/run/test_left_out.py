"""Frames that are left out of the study: what depends on them."""

from __future__ import annotations

from typing import Any

import pytest

from napari_ubam.analysis import AnalysisError
from napari_ubam.analysis.groups.intervals import interval_levels
from napari_ubam.analysis.stimulus.analysis import label_of
from napari_ubam.crops.identity import region_hash
from napari_ubam.study import Recording, Study
from napari_ubam.training.pipeline.training_record import study_hash


def row(**fields: Any) -> Recording:
    return Recording.model_validate(
        {"video": "a.mp4", "subject": "1", "group": "g", "session": "0", **fields}
    )


def test_results_are_those_of_the_frames_that_are_left() -> None:
    frames = range(100)
    plain, light = row(), row(intervals="light:1-2")
    cut, other_order = row(intervals="exclude:1-2;Exclude:3-4"), row(intervals="exclude:3-4;exclude:1-2")
    assert region_hash(plain, frames) == region_hash(light, frames) != region_hash(cut, frames)
    assert region_hash(cut, frames) == region_hash(other_order, frames)
    assert study_hash([plain]) == study_hash([light]) != study_hash([cut])
    slower = row(intervals="exclude:1-2;exclude:3-4", fps=10)  # the same times are other frames
    assert region_hash(slower, frames) != region_hash(cut, frames)


def test_what_is_left_out_is_no_condition() -> None:
    study = Study([row(intervals="exclude:1-2;light:0-9")])
    assert label_of(study, "") == "light"
    assert interval_levels(study, ["light"]) == ["not light", "light"]
    with pytest.raises(AnalysisError, match="No recording has intervals 'exclude'"):
        interval_levels(study, ["exclude"])
    with pytest.raises(AnalysisError, match="has intervals; write them"):
        label_of(Study([row(intervals="exclude:1-2")]), "")
