"""Positions read from codes, in frames that were left out."""

from __future__ import annotations

import numpy as np

from napari_ubam.analysis.keypoints import blocks_left_out, explained, predict_left_out, subjects_left_out

RNG = np.random.default_rng(0)
SUBJECTS = np.repeat(["a", "b", "c", "d"], 60)


def test_codes_that_hold_the_points_explain_them_and_noise_does_not() -> None:
    codes = RNG.normal(size=(240, 12))
    points = codes @ RNG.normal(size=(12, 4)) + 0.1 * RNG.normal(size=(240, 4))
    folds = subjects_left_out(SUBJECTS.tolist())
    assert len(folds) == 4
    assert explained(points, predict_left_out(codes, points, folds)).min() > 0.98
    noise = predict_left_out(RNG.normal(size=(240, 12)), points, folds)
    assert explained(points, noise).max() < 0.1


def test_frames_without_a_point_are_left_out_and_do_not_count() -> None:
    codes = RNG.normal(size=(240, 6))
    points = codes @ RNG.normal(size=(6, 3))
    points[::3, 0] = np.nan
    predicted = predict_left_out(codes, points, subjects_left_out(SUBJECTS.tolist()))
    np.testing.assert_array_equal(np.isnan(predicted.positions), np.isnan(points))
    assert explained(points, predicted).min() > 0.99


def test_a_code_that_names_the_subject_explains_nothing_of_another_subject() -> None:
    where = {"a": 0.0, "b": 30.0, "c": -20.0, "d": 55.0}
    points = np.array([where[one] for one in SUBJECTS])[:, None] + RNG.normal(size=(240, 1))
    codes = (SUBJECTS[:, None] == np.array([*where])).astype(float)
    left = predict_left_out(codes, points, subjects_left_out(SUBJECTS.tolist()))
    assert explained(points, left)[0] < 0.1
    mixed = predict_left_out(codes, points, blocks_left_out(SUBJECTS, None))
    assert explained(points, mixed)[0] > 0.9  # so leaving out blocks of the same subjects would hide it


def test_frames_close_to_a_block_in_time_are_not_learnt_from() -> None:
    times = np.arange(400) / 20
    folds = blocks_left_out(np.zeros(400, int), times, gap=0.5)
    for part in range(len(folds)):
        own, near = folds.number == part, folds.near[part]
        assert near[own].all()
        between = np.abs(times[own][:, None] - times[~near]).min()
        assert between > 0.45


def test_windows_that_share_pictures_with_a_block_are_never_learnt_from() -> None:
    times = np.arange(100) / 20  # blocks of half a second
    window = 0.6
    folds = blocks_left_out(np.zeros(100, int), times, gap=0.1, window=window)
    for part in range(len(folds)):
        between = np.abs(times[folds.number == part][:, None] - times[~folds.near[part]]).min()
        assert between > window


def test_longer_codes_than_frames_are_no_problem() -> None:
    codes = RNG.normal(size=(60, 900))
    points = codes[:, :1] * 5
    folds = blocks_left_out(np.zeros(60, int), None)
    whole = predict_left_out(codes, points, folds, components=900)
    reduced = predict_left_out(codes, points, folds, components=30)
    assert np.isfinite(whole.positions).all()
    assert np.isfinite(reduced.positions).all()
    np.testing.assert_allclose(reduced.means, whole.means)
