"""The reference that is proposed for a study."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_ubam.plugin.state.references import preset_reference
from napari_ubam.study import Recording, Study


def study_of(groups: list[str], sessions: list[str]) -> Study:
    return Study(
        [
            Recording(video=Path(f"{number}_{place}.mp4"), subject=f"s{number}", group=group, session=session)
            for number, group in enumerate(groups)
            for place, session in enumerate(sessions)
        ]
    )


@pytest.mark.parametrize(
    ("groups", "sessions", "reference"),
    [
        (["drug", "Vehicle"], ["0"], "group=Vehicle"),
        (["drug", "wild type"], ["0"], "group=wild type"),
        (["KO", "WT mice"], ["0"], "group=WT mice"),
        (["impaired", "healthy"], ["0", "1"], "group=healthy"),
        (["drug", "dose 2"], ["0"], ""),
        (["unhealthy", "not control"], ["0"], ""),
        (["sham", "vehicle", "drug"], ["0"], ""),
        (["mice"], ["0", "1"], "session=0"),
        (["A", "B"], ["0", "1"], ""),
        (["A", "B"], ["Baseline", "day 7"], "session=Baseline"),
        (["drug", "control"], ["baseline", "day 7"], ""),
        (["healthy"], ["0"], ""),
    ],
)
def test_a_reference_is_proposed_only_without_doubt(
    groups: list[str], sessions: list[str], reference: str
) -> None:
    assert preset_reference(study_of(groups, sessions)) == reference


def test_a_remembered_filter_must_select_recordings_of_this_study() -> None:
    study = study_of(["drug", "vehicle"], ["0"])
    assert preset_reference(study, "group=drug") == "group=drug"
    assert preset_reference(study, "group=healthy") == "group=vehicle"
    assert preset_reference(study, "nonsense") == "group=vehicle"
