"""Filters, and access to recordings by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_ubam.study import Recording, Study, StudyError, UnknownRecordingError


@pytest.fixture
def study() -> Study:
    rows = [
        ("rat1_day0", "001", "healthy", "0"),
        ("rat1_day3", "001", "stroke", "3"),
        ("rat2_day0", "002", "healthy, old", "0"),
        ("rat2_dayx", "002", "stroke", "x"),
    ]
    return Study(
        [
            Recording(
                video=Path(f"{name}.mp4"),
                subject=subject,
                group=group,
                session=when,
                metadata={"Age": "4"},
            )
            for name, subject, group, when in rows
        ],
        rows=[2, 3, 5, 6],
    )


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("group=stroke", ("rat1_day3", "rat2_dayx")),
        (" group = stroke , subject=001 ", ("rat1_day3",)),
        ("session=0", ("rat1_day0", "rat2_day0")),
        ("session=0.0", ("rat1_day0", "rat2_day0")),
        ("session=x", ("rat2_dayx",)),
        ('"group=healthy, old"', ("rat2_day0",)),
        ("AGE=4,name=rat1_day0", ("rat1_day0",)),
        ("group=stroke and session=3", ("rat1_day3",)),
        ("group=stroke AND  subject=001 and age = 4", ("rat1_day3",)),
        ("session=0 and subject=002, Age=4", ("rat2_day0",)),
        ('"group=healthy, old" and session=0', ("rat2_day0",)),
        ("group='healthy, old' and 'session=0'", ("rat2_day0",)),
        ('session=0 and group="healthy, old"', ("rat2_day0",)),
    ],
)
def test_recordings_that_meet_all_conditions(study: Study, expression: str, names: tuple[str, ...]) -> None:
    assert study.select(expression).names == names


def test_a_selection_keeps_the_rows(study: Study) -> None:
    assert study.select("group=stroke").rows == (3, 6)


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("sex=f", "the study has no column 'sex' to select by; it has name, subject, group, session, Age."),
        (
            "group=Stroke",
            "no recording has group=Stroke; the column holds healthy, healthy, old, stroke; "
            "did you mean 'stroke'?",
        ),
        ("subject=1", "no recording has subject=1; the column holds 001, 002."),
        (
            "group=stroke,session=0",
            "no recording meets all conditions of group=stroke,session=0, but each condition alone is met; "
            "remove a condition.",
        ),
        (
            "group",
            "the filter 'group' cannot be read; write column=value, such as group=healthy, or several "
            "conditions joined by and, such as group=healthy and session=0.",
        ),
        ("group=stroke and sesion=0", "the study has no column 'sesion' to select by; it has name, subject"),
        ("group=stroke and old", "no recording has group=stroke and old; the column holds healthy"),
        ("group=stroke and session=", "the filter 'group=stroke and session=' cannot be read"),
        ("group=stroke,", "the filter 'group=stroke,' cannot be read"),
        ("group=stroke and and session=0", "no recording has group=stroke and; the column holds"),
        ("", "the filter '' cannot be read"),
        ("group=", "the filter 'group=' cannot be read"),
    ],
)
def test_the_error_lists_the_valid_values(study: Study, expression: str, sentence: str) -> None:
    with pytest.raises(StudyError) as caught:
        study.select(expression)
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


def test_recordings_by_name_and_position(study: Study) -> None:
    assert study["rat1_day3"].group == "stroke"
    assert study[-1].name == "rat2_dayx"
    assert [recording.name for recording in study[1:3]] == ["rat1_day3", "rat2_day0"]
    with pytest.raises(UnknownRecordingError, match="no recording 'rat1_day4'; did you mean 'rat1_day"):
        study["rat1_day4"]
    with pytest.raises(KeyError):
        study["zzz"]
    with pytest.raises(IndexError):
        study[9]


def test_recordings_are_removed_by_name(study: Study) -> None:
    left = study.without(["rat1_day0", "rat2_day0"])
    assert left.names == ("rat1_day3", "rat2_dayx")
    assert left.rows == (3, 6)
    assert study.without("rat1_day0").names == ("rat1_day3", "rat2_day0", "rat2_dayx")
    assert study.without([]) == study
    assert len(study) == 4


def test_only_recordings_of_the_study_are_removed_and_not_all_of_them(study: Study) -> None:
    with pytest.raises(UnknownRecordingError, match="did you mean 'rat1_day3'"):
        study.without(["rat1_day"])
    with pytest.raises(StudyError, match="no recording is left; keep at least one"):
        study.without(study.names)
