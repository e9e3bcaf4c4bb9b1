"""Groups told from codes of windows: subjects never seen, p of permutations, windows that carried it."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from generated_codes import as_codes, groups_of, subjects_with_codes
from napari_ubam.analysis import AnalysisError
from napari_ubam.analysis.classify import Settings, carried_decision, classify_subjects
from napari_ubam.analysis.classify.classifier import balanced_accuracy, evidence_of
from napari_ubam.analysis.classify.labelings import labelings
from napari_ubam.analysis.classify.ridge import PENALTIES, ridge
from napari_ubam.analysis.classify.windows import leave_one_out, recording_windows

LABELINGS = 200
MOST = 0.05 + 1.645 * np.sqrt(0.05 * 0.95 / LABELINGS)  # of false positives, with the error of so many
QUICK = Settings(permutations=100)


def test_ridge_is_that_of_scikit_learn_with_the_penalty_of_left_out_rows() -> None:
    generator = np.random.default_rng(0)
    train, asked = generator.normal(size=(20, 6)), generator.normal(size=(5, 6))
    targets = train @ generator.normal(size=(6, 3)) + generator.normal(size=(20, 3)) * [0.1, 1.0, 9.0]
    _, found = ridge(train, asked, targets, np.ones_like(targets))
    scale = ((train - train.mean(0)) ** 2).sum() / len(train)
    for column in range(3):
        best = RidgeCV(PENALTIES * scale).fit(train, targets[:, column]).alpha_
        expected = Ridge(best).fit(train, targets[:, column]).predict(asked)
        assert found[:, column] == pytest.approx(expected)


def test_a_planted_difference_is_found_and_its_windows_are_listed() -> None:
    codes = subjects_with_codes(np.random.default_rng(0), (8, 8), 4.0)
    found = classify_subjects(codes, groups_of(codes), QUICK)
    assert found.accuracy >= 0.9
    assert found.p == pytest.approx(1 / 101)
    assert found.low < found.accuracy <= found.high
    assert 0.3 < found.chance < 0.6
    spans = carried_decision(found, codes)
    for one in codes[8:]:
        moved = np.flatnonzero(np.linalg.norm(one.posture - np.median(one.posture, axis=0), axis=1) > 4.5)
        strongest = spans[spans["recording"] == one.name].iloc[0]
        middle = (strongest["start"] + strongest["stop"]) / 2
        assert moved.min() <= middle <= moved.max()
        assert strongest["evidence"] > 1
    assert (spans["start_time"] * 30).to_numpy() == pytest.approx(spans["start"])


def test_three_groups_are_told_apart() -> None:
    codes = subjects_with_codes(np.random.default_rng(1), (6, 6, 6), 5.0)
    found = classify_subjects(codes, groups_of(codes), QUICK)
    assert found.levels == ("a", "b", "c")
    assert found.accuracy > 0.8
    assert found.chance < 0.45
    assert ((found.subjects["evidence"] > 0) == found.subjects["correct"]).all()


def test_a_difference_is_found_in_no_more_than_5_percent_of_random_labelings() -> None:
    codes = subjects_with_codes(np.random.default_rng(2), (10, 6))
    folds = leave_one_out(recording_windows(codes, "behaviour"), seed=0)
    generator = np.random.default_rng(3)
    true = np.repeat([0, 1], [10, 6])
    found = 0
    for world in range(LABELINGS):
        permuted = labelings(generator.permutation(true), 60, world)
        decided = evidence_of(folds, permuted.labels, 2).argmax(2)
        found += permuted.p(balanced_accuracy(decided, permuted.labels, 2)) <= 0.05
    assert found / LABELINGS <= MOST


def test_a_subject_that_can_be_named_tells_nothing_of_its_group() -> None:
    """Each subject has frames like no other, and groups are drawn at random: only a leak finds them."""
    generator = np.random.default_rng(4)
    codes = subjects_with_codes(generator, (8, 8), identity=3.0, recordings=2)
    windows = np.concatenate([one.behaviour for one in codes])
    owner = np.repeat([one.group for one in codes], [len(one) for one in codes])
    leaking = cross_val_score(
        KNeighborsClassifier(), windows, owner, cv=StratifiedKFold(5, shuffle=True, random_state=0)
    )
    assert leaking.mean() > 0.99  # frames of a subject in training and test
    found = classify_subjects(codes, groups_of(codes), Settings(permutations=400))
    assert len(found.subjects) == 16  # not 32 recordings
    assert 0.35 < found.chance < 0.55  # mean accuracy of 400 random groups of these subjects


def test_recordings_of_a_subject_are_left_out_together() -> None:
    """What is known of the others stays the same, whatever the left-out subject does in any recording."""
    codes = subjects_with_codes(np.random.default_rng(5), (4, 4), recordings=2)
    other = [
        as_codes(one.posture[::-1] * 5 + 1, one.name, one.subject, one.group) if one.subject == "s3" else one
        for one in codes
    ]
    before, after = (
        {fold.subject: fold.others for fold in leave_one_out(recording_windows(each, "posture"), 0)}
        for each in (codes, other)
    )
    assert np.array_equal(before["s3"], after["s3"])
    assert not np.allclose(before["s2"], after["s2"])
    assert all(len(others) == 7 for others in before.values())


def test_p_counts_all_labelings_if_they_are_few() -> None:
    few = labelings([0, 0, 0, 1, 1, 1], 100, 0)
    assert (few.labels.shape[1], few.exact, few.smallest_p) == (20, True, 2 / 20)
    assert len(set(map(tuple, few.labels.T))) == 20
    assert few.labels[:, 0].tolist() == [0, 0, 0, 1, 1, 1]
    three = labelings([0, 1, 2, 2], 100, 0)
    assert (three.labels.shape[1], three.exact) == (12, True)
    many = labelings([0] * 8 + [1] * 8, 100, 0)
    assert (many.labels.shape[1], many.exact, many.smallest_p) == (101, False, 1 / 101)
    assert (many.labels.sum(0) == 8).all()


def test_one_subject_is_no_group() -> None:
    codes = subjects_with_codes(np.random.default_rng(0), (3, 1))
    with pytest.raises(AnalysisError, match="b has 1 subject with a window, and one subject is no group"):
        classify_subjects(codes, groups_of(codes), QUICK)
    with pytest.raises(AnalysisError, match=r"only one group \(a\)"):
        classify_subjects(codes[:3], groups_of(codes[:3]), QUICK)


def test_the_same_seed_gives_the_same_result() -> None:
    codes = subjects_with_codes(np.random.default_rng(6), (5, 5), 2.0)
    first, again = (classify_subjects(codes, groups_of(codes), QUICK) for _ in range(2))
    assert first.subjects.equals(again.subjects)
    assert first.p == again.p
