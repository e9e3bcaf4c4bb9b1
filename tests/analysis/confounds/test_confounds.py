"""What can be read from codes and scores, and the head of results that it threatens."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from generated_codes import as_codes, subjects_with_codes
from napari_ubam.analysis import AnalysisError, AnalysisInputs, Codes, find_analysis
from napari_ubam.runfolder.tables import Result
from napari_ubam.study import Recording, Roi, Study

CONFOUNDS, CLASSIFY = find_analysis("confounds"), find_analysis("classify")


def study_of(codes: Sequence[Codes], **columns: dict[str, str]) -> Study:
    return Study(
        [
            Recording(
                video=Path("missing.mp4"),
                subject=one.subject,
                group=one.group,
                session=one.session,
                name=one.name,
                roi=Roi(x=number, y=0, width=8, height=8),
                metadata={name: values[one.subject] for name, values in columns.items()},
            )
            for number, one in enumerate(codes)
        ]
    )


def inputs_of(study: Study, codes: Sequence[Codes], scores: Result | None = None) -> AnalysisInputs:
    return AnalysisInputs(study, lambda: codes, lambda: scores)


def by_camera(seed: int, size: float) -> tuple[list[Codes], Study]:
    """Make subjects of two groups; half of each were filmed by a camera that moves all codes."""
    codes = subjects_with_codes(np.random.default_rng(seed), (8, 8))
    camera = {one.subject: str(number % 2 + 1) for number, one in enumerate(codes)}
    tag = {one.subject: str(number // 2 % 2) for number, one in enumerate(codes)}
    moved = [
        as_codes(one.posture + size * (camera[one.subject] == "2"), one.name, one.subject, one.group)
        for one in codes
    ]
    return moved, study_of(moved, camera=camera, tag=tag)


def test_a_camera_that_changes_the_codes_is_read_from_subjects_that_were_not_seen() -> None:
    codes, study = by_camera(0, 1.5)
    result = CONFOUNDS.compute(inputs_of(study, codes), CONFOUNDS.parse({"permutations": 200}))
    table = result.tables["confounds"].set_index("property")
    assert table.loc["camera", "codes_p"] <= 0.01
    assert table.loc["camera", "codes"] > 0.9
    assert table.loc["tag", "codes_p"] > 0.05
    assert result.facts["subject_named"] > 2 * result.facts["subject_chance"]
    said = " ".join(CONFOUNDS.sentences(result))
    assert "camera can be read from the codes of unseen subjects (balanced accuracy" in said
    assert "Not shown to be readable: tag" in said
    shown = CONFOUNDS.readable(result)
    assert list(shown) == ["From the codes of subjects that were left out", "Properties of the recordings"]
    assert not any("_" in column for column in shown["From the codes of subjects that were left out"])
    assert "the video cannot be read, so brightness is not known" in result.warnings[0]


def test_one_subject_with_two_cameras_does_not_hide_the_others() -> None:
    codes, study = by_camera(0, 1.5)
    first = codes[0]
    again = as_codes(first.posture, "again", first.subject, first.group)
    more = [*codes, again]
    recordings = list(study_of(more, camera={one.subject: "1" for one in more}))
    cameras = {one.name: one.metadata["camera"] for one in study} | {"again": "2"}
    both = Study([one.model_copy(update={"metadata": {"camera": cameras[one.name]}}) for one in recordings])
    result = CONFOUNDS.compute(inputs_of(both, more), CONFOUNDS.parse({"permutations": 200}))
    assert result.tables["confounds"].set_index("property").loc["camera", "codes_p"] <= 0.01


def test_a_camera_that_is_in_the_scores_is_told() -> None:
    codes, study = by_camera(1, 0.0)
    generator = np.random.default_rng(0)
    rows = [
        (one.name, 0.02 + 0.01 * (one.metadata["camera"] == "2") + generator.normal(0, 0.001), 0.0)
        for one in study
    ]
    scores = Result("scores", {"scores": pd.DataFrame(rows, columns=["recording", "constant", "episodic"])})
    result = CONFOUNDS.compute(inputs_of(study, codes, scores), CONFOUNDS.parse({"permutations": 200}))
    row = result.tables["confounds"].set_index("property").loc["camera"]
    assert row["constant_p"] <= 0.01
    assert row["constant"] > 0.8
    assert row["codes_p"] > 0.05


def test_what_goes_wholly_together_with_the_groups_cannot_be_told_apart() -> None:
    codes = subjects_with_codes(np.random.default_rng(2), (5, 5), 3.0)
    camera = {one.subject: {"a": "1", "b": "2"}[one.group] for one in codes}
    study = study_of(codes, camera=camera)
    result = CONFOUNDS.compute(inputs_of(study, codes), CONFOUNDS.parse({"permutations": 100}))
    assert result.tables["confounds"].set_index("property")["codes_p"].isna()["camera"]
    assert any("camera: goes wholly together with group" in said for said in CONFOUNDS.sentences(result))


def test_classify_says_what_it_found_and_draws_it() -> None:
    from napari_ubam.report import DARK_LOOK, classify_figure

    codes = subjects_with_codes(np.random.default_rng(0), (8, 8), 4.0)
    study = study_of(codes)
    seen: list[int] = []
    inputs = AnalysisInputs(study, lambda: codes, lambda: None, lambda one: seen.append(one.step))
    result = CLASSIFY.compute(inputs, CLASSIFY.parse({"permutations": 100}))
    said = CLASSIFY.sentences(result)
    assert said[0].startswith("The group of a subject that the classifier never saw is told with a balanced")
    assert "(100 random labelings of 16 subjects)" in said[0]
    assert "does not tell the cause" in said[2]
    assert "The unit is the subject (a: n = 8, b: n = 8)" in said[-1]
    assert len(seen) == 32
    assert result.tables["classify_permuted"]["labelings"].sum() == 101
    for figure in (classify_figure(result), classify_figure(result, DARK_LOOK)):
        marks = sum(len(line.get_xdata()) for line in figure.axes[0].lines if line.get_linestyle() == "None")
        assert marks == 16  # every subject is seen
    shown = CLASSIFY.readable(result)
    assert list(shown["Subjects"])[:3] == ["subject", "group", "taken for"]
    assert shown["Subjects"]["windows told correctly (%)"].between(0, 100).all()
    assert "from (s)" in shown["Windows that carried the decision"]


def test_marks_of_subjects_with_close_values_lie_side_by_side() -> None:
    from napari_ubam.report import classify_figure

    values = [0.0, 0.019, 0.021, 0.04, 0.5, 1.0]  # the second and the third are closer than a mark is wide
    subjects = pd.DataFrame({"level": "a", "evidence": values, "correct": True})
    permuted = pd.DataFrame({"accuracy": [0.5], "labelings": [100]})
    facts = {"levels": ["a", "b"], "by": "group", "accuracy": 1.0, "p": 0.01}
    tables = {"classify_subjects": subjects, "classify_permuted": permuted}
    figure = classify_figure(Result("classify", tables, facts))
    places = np.concatenate([one.get_xdata() for one in figure.axes[0].lines if len(one.get_xdata()) == 6])
    assert len(set(np.round(places[:4], 6))) == 4
    assert places[4] == places[5] == 0


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"by": "colour"}, "no column 'colour'; choose one of group, session"),
        (
            {"by": "session"},
            "The subject s0 has recordings with session = 0 and 1, but a subject is left out",
        ),
    ],
)
def test_what_cannot_be_classified_is_refused(values: dict[str, str], sentence: str) -> None:
    codes = subjects_with_codes(np.random.default_rng(0), (3, 3), recordings=2)
    codes = [
        as_codes(one.posture, one.name, one.subject, one.group, str(number % 2))
        for number, one in enumerate(codes)
    ]
    with pytest.raises(AnalysisError) as refused:
        CLASSIFY.compute(inputs_of(study_of(codes), codes), CLASSIFY.parse(values))
    assert sentence in str(refused.value)


def test_too_few_subjects_for_any_p_are_told() -> None:
    codes = subjects_with_codes(np.random.default_rng(0), (3, 3), 5.0)
    result = CLASSIFY.compute(inputs_of(study_of(codes), codes), CLASSIFY.parse({}))
    assert "p cannot be less than 0.100" in result.warnings[0]
