"""Properties that go together with what is compared, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from napari_ubam.analysis.confounds import threats, threats_to_reference
from napari_ubam.study import Recording, Roi, Study


def study_of(groups: Sequence[str], sessions: Sequence[str] = ("0",), **columns: Sequence[str]) -> Study:
    """Make a study with a subject for each group named, and its values of the columns."""
    return Study(
        [
            Recording(
                video=Path("v.mp4"),
                subject=f"s{place}",
                group=group,
                session=session,
                name=f"s{place}-{session}",
                roi=Roi(x=len(sessions) * place + number, y=0, width=8, height=8),
                metadata={name: values[place] for name, values in columns.items()},
            )
            for place, group in enumerate(groups)
            for number, session in enumerate(sessions)
        ]
    )


TWO = ["healthy"] * 6 + ["impaired"] * 6


def test_another_camera_for_each_group_is_told() -> None:
    study = study_of(TWO, camera=["1"] * 6 + ["2"] * 6)
    (said,) = threats(study)
    assert said == (
        "camera goes wholly together with group (healthy: 1, impaired: 2), so what differs by group may come "
        "from camera."
    )


def test_a_camera_that_is_the_same_for_all_or_balanced_is_no_threat() -> None:
    assert threats(study_of(TWO, camera=["1"] * 12)) == []
    assert threats(study_of(TWO, camera=["1", "2"] * 6)) == []
    assert threats(study_of(TWO, cage=[f"cage {number}" for number in range(12)])) == []  # each its own


def test_a_camera_that_is_more_frequent_in_a_group_is_told_with_p() -> None:
    study = study_of(TWO, camera=["1"] * 6 + ["1"] + ["2"] * 5)
    (said,) = threats(study)
    assert said.startswith(
        "camera goes together with group (camera = 1: 6 of 6 with group = healthy, 1 of 6 with group = "
        "impaired; p = 0.0"
    )


def test_brightness_times_and_dates_are_numbers() -> None:
    hours = ["09:10", "09:40", "10:05", "10:30", "11:00", "11:45"]
    later = ["14:00", "14:20", "15:10", "15:30", "16:00", "16:40"]
    days = [f"2026-03-{number:02}" for number in range(1, 13)]
    study = study_of(TWO, time=hours + later, day=days)
    bright = {name: 100.0 + number for number, name in enumerate(study.names)}
    time, day, light = threats(study, brightness=bright)
    assert time.startswith(
        "time is higher with group = impaired than with group = healthy in all subjects (14"
    )
    assert day.startswith("Recordings with group = impaired were made later than those with group = healthy")
    assert "brightness is higher with group = impaired than with group = healthy in all subjects" in light
    slightly = {name: 100 + number / 10 for number, name in enumerate(study.names)}
    assert not any("brightness" in one for one in threats(study, brightness=slightly))


def test_the_subject_is_the_unit_also_here() -> None:
    """Two subjects in each group with ten sessions are four subjects, not forty recordings."""
    sessions = tuple(map(str, range(10)))
    study = study_of(["a", "a", "b", "b"], sessions)
    light = {one.name: 100.0 + 20 * (one.group == "b") + 15 * (one.subject in "s0 s2") for one in study}
    assert threats(study, brightness=light) == []


def test_a_filter_and_another_column_are_followed() -> None:
    study = study_of(TWO, ("0", "1"), drug=["on", "off"] * 6, rig=["x", "y"] * 6)
    assert threats(study, "group") == []
    (said,) = threats(study, "drug", where="session=1")
    assert "rig goes wholly together with drug (on: x, off: y)" in said


def test_sessions_of_the_same_subjects_are_compared_within_them() -> None:
    study = study_of(["rat"] * 7, ("0", "1"))
    generator = np.random.default_rng(0)
    own = {f"s{number}": 40.0 * number for number in range(7)}
    light = {one.name: own[one.subject] + 8 * (one.session == "1") + generator.normal() for one in study}
    (said,) = threats(study, "session", brightness=light)
    assert said.startswith("brightness is higher with session = 1 than with session = 0 in all subjects")


def test_what_chose_the_reference_is_no_threat_to_it() -> None:
    study = study_of(TWO, camera=["1"] * 6 + ["2"] * 6)
    reference = study.select("group=healthy").names
    (said,) = threats_to_reference(study, reference, "group=healthy")
    assert said == (
        "camera goes wholly together with the reference (reference: 1, others: 2), so a deviation from the "
        "reference may come from camera."
    )
    assert threats_to_reference(study_of(TWO), reference, "group=healthy") == []


@pytest.mark.parametrize("seed", range(3))
def test_columns_at_random_are_rarely_a_threat(seed: int) -> None:
    generator = np.random.default_rng(seed)
    found = sum(
        bool(threats(study_of(TWO, camera=generator.choice(["1", "2"], 12).tolist()))) for _ in range(15)
    )
    assert found <= 3
