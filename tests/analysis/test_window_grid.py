"""Postures at equal time steps, and windows that are compared posture by posture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from analysis.gaits import D, herd, names, walk, without
from napari_ubam.analysis import Codes, DeviationError, WindowSize, deviation
from napari_ubam.analysis.individual import without_individual
from napari_ubam.analysis.unit_vectors import unit_vectors
from napari_ubam.analysis.window_grid import window_grid
from napari_ubam.models.windows import windows

SIZE = WindowSize(400, 13)


def smooth(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Codes on a slow curve, so that they can be interpolated."""
    return np.stack([np.cos(3 * times), np.sin(3 * times), np.cos(times + 1)], axis=1)


def windowed(codes: Codes, margin: int = 6, size: WindowSize = SIZE) -> Codes:
    """Give codes whose windows are compared by posture; incomplete windows are not valid."""
    valid = codes.valid.copy()
    for edge in np.flatnonzero(np.diff(np.concatenate([[0], codes.valid, [0]]))):
        valid[max(edge - margin, 0) : edge + margin] = False
    return replace(codes, valid=valid, encoded=codes.valid, window=size)


def test_at_the_rate_of_the_steps_the_grid_is_the_frames() -> None:
    times = np.arange(60) / 30
    codes = smooth(times)
    valid = (np.arange(60) >= 6) & (np.arange(60) < 54)
    grid = window_grid(codes, times, np.ones(60, bool), valid, SIZE)
    np.testing.assert_array_equal(grid.postures, unit_vectors(codes))
    np.testing.assert_array_equal(np.flatnonzero(grid.begins), np.arange(48))
    np.testing.assert_array_equal(grid.centre[:48], np.arange(6, 54))
    np.testing.assert_array_equal(grid.place[6:54], np.arange(48))
    assert np.isnan(grid.place[~valid]).all()


@given(
    st.floats(8, 240),
    st.lists(st.tuples(st.integers(1, 90), st.integers(1, 5)), min_size=1, max_size=4),
    st.floats(100, 1500),
    st.integers(3, 17),
)
def test_every_frame_with_a_whole_window_has_one(
    fps: float, segments: list[tuple[int, int]], milliseconds: float, steps: int
) -> None:
    encoded = np.concatenate([np.r_[np.ones(long, bool), np.zeros(gap, bool)] for long, gap in segments])
    times = np.arange(len(encoded)) / fps
    edges = np.flatnonzero(np.diff(np.r_[0, encoded, 0]))
    runs = [range(start, stop) for start, stop in edges.reshape(-1, 2)]
    whole = np.zeros(len(times), bool)
    whole[windows(times, runs, milliseconds, steps).centres] = True
    codes = np.where(encoded[:, None], smooth(times), np.nan)
    size = WindowSize(milliseconds, steps)
    grid = window_grid(codes, times, encoded, whole, size)
    np.testing.assert_array_equal(np.isfinite(grid.place), whole)
    assert np.isfinite(grid.postures).all()
    # The value of a window is its time: frames read their own, up to the step that a segment lacks.
    middle = np.where(grid.begins, times[np.maximum(grid.centre, 0)], np.nan)
    assert np.abs(grid.at_frames(middle)[whole] - times[whole]).max(initial=0) <= size.step + 0.5 / fps + 1e-4


@pytest.mark.parametrize("fps", [24, 25, 50, 72])
def test_postures_between_frames_are_interpolated(fps: float) -> None:
    times = np.arange(round(3 * fps)) / fps
    everything = np.ones(len(times), bool)
    grid = window_grid(smooth(times), times, everything, everything, SIZE)
    at = np.arange(len(grid.postures)) * SIZE.step
    np.testing.assert_allclose(grid.postures, unit_vectors(smooth(at)), atol=3e-3)


def seen(one: Codes) -> NDArray[np.float64]:
    """Postures as windows compare them: half of the recording's mean is taken out."""
    units = unit_vectors(one.posture).astype(float)
    rest = units - units.mean(0) / 2
    return rest / np.linalg.norm(rest, axis=1, keepdims=True)


def at_speed(postures: NDArray[np.float64], speed: float) -> NDArray[np.float64]:
    """Read postures at steps of so many frames."""
    at = np.arange(0, len(postures) - 1 + 1e-9, speed)
    read = np.stack([np.interp(at, np.arange(len(postures)), one) for one in postures.T], axis=1)
    return read / np.linalg.norm(read, axis=1, keepdims=True)


def exact(query: Codes, reference: list[Codes], k: int, per_subject: int) -> NDArray[np.float64]:
    """Mean distance (t,) of 13 postures in a row to the nearest windows, by sorting; NaN at the ends."""
    result = np.full(len(query), np.nan)
    for frame in range(6, len(query) - 6):
        found = []
        for one in reference:
            whole = []
            for speed in (0.87, 1, 1.15):
                single = 1 - seen(query)[frame - 6 : frame + 7] @ at_speed(seen(one), speed).T
                whole += [
                    np.trace(single[:, at : at + 13]) / 13
                    for at in range(single.shape[1] - 12)
                    if 5.5 < (at + 6) * speed < len(one) - 6.5  # the middle is a valid frame
                ]
            found.append(np.sort(whole)[:per_subject])
        result[frame] = np.sort(np.concatenate(found))[:k].mean()
    return result


def test_deviations_of_windows_are_those_of_the_definition() -> None:
    reference, new = herd(4, frames=60), walk("new", 99, frames=40)
    result = deviation([windowed(one) for one in (*reference, new)], names(reference), k=5)
    turns = [[one for one in reference if one is not left] for left in reference]
    expected = np.mean([exact(new, others, 5, 2) for others in turns], axis=0)
    np.testing.assert_allclose(result["new_0"].behaviour_deviation, expected, atol=1e-5)
    for own, others in zip(reference, turns, strict=True):
        found = result[own.name].behaviour_deviation
        np.testing.assert_allclose(found, exact(own, others, 5, 2), atol=1e-5)


def test_behaviour_codes_do_not_matter_where_postures_are_compared() -> None:
    codes = [windowed(one) for one in herd(4, frames=120)]
    blank = [replace(one, behaviour=np.ones_like(one.behaviour)) for one in codes]
    found, again = (deviation(one, names(codes[:3])) for one in (codes, blank))
    np.testing.assert_array_equal(found["rat3_0"].behaviour_deviation, again["rat3_0"].behaviour_deviation)


def test_another_frame_rate_does_not_deviate() -> None:
    times = np.arange(450) / 30

    def gait(name: str, at: NDArray[np.float64]) -> Codes:
        turn = 9 * at
        code = np.stack([np.cos(turn), np.sin(turn), *np.zeros((D - 2, len(at)))], axis=1).astype(np.float32)
        own = code + 0.05 * np.random.default_rng(len(name)).normal(size=(1, D))
        whole = (at >= 0.2) & (at <= at[-1] - 0.2)
        ones = np.ones(len(at), bool)
        return Codes(name, name, "", "", own, own, at, np.arange(len(at)), whole, ones, SIZE)

    reference = [gait("a" * number, times) for number in range(1, 5)]
    fast = gait("fast", np.arange(1500) / 100)
    result = deviation([*reference, gait("same", times), fast], names(reference))
    same, other = (result[name].behaviour_deviation for name in ("same", "fast"))
    assert np.nanmean(other) == pytest.approx(np.nanmean(same), rel=0.1)


def test_windows_do_not_reach_over_gaps() -> None:
    codes = [windowed(one) for one in herd(4, frames=120)]
    holed = windowed(without(herd(4, frames=120)[3], slice(60, 63)))
    result = deviation([*codes[:3], holed], names(codes[:3]))["rat3_0"]
    assert np.isnan(result.behaviour_deviation[54:69]).all()
    whole = deviation(codes, names(codes[:3]))["rat3_0"].behaviour_deviation
    # The gap changes the mean of the recording a little.
    np.testing.assert_allclose(result.behaviour_deviation[6:54], whole[6:54], atol=0.01)
    np.testing.assert_allclose(result.behaviour_deviation[69:114], whole[69:114], atol=0.01)


def test_a_long_reference_is_thinned_in_runs() -> None:
    codes = [windowed(one) for one in [*herd(2, frames=3000), *herd(2, 5, "new", 300)]]
    all_of_it, part = (deviation(codes, ["rat0_0", "rat1_0"], reference_frames=n) for n in (20_000, 700))
    for name in ("new0_0", "rat0_0"):
        more, less = (np.nanmean(one[name].behaviour_deviation) for one in (all_of_it, part))
        assert more < less < 1.3 * more
    at_all_speeds = sum(3000 / speed for speed in (0.87, 1, 1.15))
    assert all(0.99 < n / at_all_speeds < 1 for n in all_of_it.reference_windows.values())
    assert all(513 <= count <= 768 for count in part.reference_windows.values())  # runs of 256 windows


def test_a_movement_that_is_a_little_faster_deviates_less_than_one_that_is_much_faster() -> None:
    def gait(name: str, speed: float) -> Codes:
        turn = 9 * speed * np.arange(450) / 30
        code = np.stack([np.cos(turn), np.sin(turn), *np.zeros((D - 2, 450))], axis=1).astype(np.float32)
        return windowed(replace(walk(name, 1, frames=450), posture=code))

    reference = [gait(f"ref{number}", 1) for number in range(4)]
    others = [gait("same", 1), gait("slower", 1 / 1.15), gait("faster", 1.15), gait("fast", 1.6)]
    result = deviation([*reference, *others], names(reference))
    found = {one.name: float(np.nanmean(result[one.name].behaviour_deviation)) for one in others}
    assert max(found["slower_0"], found["faster_0"]) < 0.1 * found["fast_0"]


def test_a_recording_without_a_whole_window_has_no_scores_of_windows() -> None:
    codes = [windowed(one) for one in herd(3, frames=120)]
    short = windowed(walk("short", 8, frames=12))
    result = deviation([*codes, short], names(codes))
    assert np.isnan(result["short_0"].behaviour_deviation).all()
    assert any("short_0" in sentence for sentence in result.warnings)


def test_the_constant_part_is_what_never_stops_and_the_episodic_part_what_rises_above_it() -> None:
    reference = [windowed(one) for one in herd(8, frames=300)]
    always = walk("always", 70, frames=300, bouts=[slice(0, 300)])
    at_times = walk("at_times", 71, frames=300, bouts=[slice(100, 150)])
    result = deviation([*reference, windowed(always), windowed(at_times)], names(reference))
    ill, other = result["always_0"], result["at_times_0"]
    assert ill.constant_percentile[150] == 100
    assert np.nanmean(ill.episodic_percentile > 95) < 0.1
    assert other.constant_percentile[150] < 100
    assert np.nanmin(other.episodic_percentile[106:144]) > 99
    for scores in result.recordings:
        total = scores.constant + scores.episodic
        np.testing.assert_allclose(total, scores.behaviour_deviation, rtol=1e-5)


@pytest.mark.parametrize(("share", "left"), [(0, 1.0), (0.5, 0.5), (1, 0.0)])
def test_a_share_of_the_mean_posture_is_taken_out(share: float, left: float) -> None:
    units = unit_vectors(walk("rat", 3).posture)
    mean = units.mean(0)
    np.testing.assert_allclose(
        without_individual(units, mean, share).mean(0), left * units.mean(0), atol=1e-6
    )
    np.testing.assert_allclose(
        np.diff(without_individual(units, mean, share), axis=0), np.diff(units, axis=0), atol=1e-6
    )


@pytest.mark.parametrize("fps", [29.97, 59.94, 119.88])
def test_rates_that_nearly_fit_the_steps_are_not_interpolated(fps: float) -> None:
    times = np.arange(round(20 * fps)) / fps
    codes = np.random.default_rng(0).normal(size=(len(times), 3))
    everything = np.ones(len(times), bool)
    grid = window_grid(codes, times, everything, everything, SIZE)
    np.testing.assert_array_equal(grid.postures, unit_vectors(codes[:: round(fps / 30)]))


def test_no_window_reaches_over_a_pause() -> None:
    times = np.concatenate([np.arange(60) / 30, 600 + np.arange(60) / 30])
    everything = np.ones(120, bool)
    grid = window_grid(smooth(times), times, everything, everything, SIZE)
    assert len(grid.postures) == 120
    assert grid.begins.sum() == 2 * 48
    assert np.isnan(grid.place[54:66]).all()


def cut(one: Codes, pieces: int) -> list[Codes]:
    """Cut a recording into several of the same subject and session."""
    parts = np.array_split(np.arange(len(one)), pieces)
    return [
        replace(
            one,
            name=f"{one.name}_{number}",
            posture=one.posture[rows],
            behaviour=one.behaviour[rows],
            times=one.times[rows] - one.times[rows[0]],
            frames=np.arange(len(rows)),
            valid=np.ones(len(rows), bool),
        )
        for number, rows in enumerate(parts)
    ]


def test_scores_do_not_depend_on_how_videos_are_cut() -> None:
    reference = [windowed(one) for one in herd(4, frames=300)]
    ill = walk("ill", 50, frames=300, bouts=[slice(120, 180)])
    whole = deviation([*reference, windowed(ill)], names(reference))["ill_0"]
    pieces = [windowed(one) for one in cut(ill, 5)]  # the third is ill throughout
    found = deviation([*reference, *pieces], names(reference))
    assert np.nanmin(found["ill_0_2"].episodic_percentile) > 99
    for number, rows in enumerate(np.array_split(np.arange(300), 5)):
        part, known = found[f"ill_0_{number}"], slice(6, -6)
        np.testing.assert_allclose(
            part.behaviour_deviation[known], whole.behaviour_deviation[rows][known], atol=1e-5
        )
        np.testing.assert_allclose(part.episodic[known], whole.episodic[rows][known], atol=0.02)


def test_many_short_recordings_of_a_subject_stay_in_the_reference() -> None:
    long = walk("long", 30, frames=4000)
    reference = [*(windowed(one) for one in cut(long, 40)), *(windowed(one) for one in herd(2, frames=200))]
    query = windowed(walk("new", 9, frames=100))
    all_of_it, part = (
        deviation([*reference, query], names(reference), reference_frames=n)["new_0"].behaviour_deviation
        for n in (20_000, 400)
    )
    assert np.isfinite(part[6:-6]).all()
    assert np.nanmean(all_of_it) < np.nanmean(part) < 1.5 * np.nanmean(all_of_it)


def test_a_short_recording_in_the_reference_does_no_harm() -> None:
    reference = [windowed(one) for one in herd(3, frames=120)]
    short = replace(windowed(walk("rat0", 5, frames=10, session="1")), valid=np.ones(10, bool))
    query = windowed(walk("new", 9, frames=100))
    found = deviation([*reference, short, query], names([*reference, short]))
    plain = deviation([*reference, query], names(reference))
    np.testing.assert_allclose(
        found["new_0"].behaviour_deviation, plain["new_0"].behaviour_deviation, atol=1e-6
    )
    assert np.isnan(found["rat0_1"].behaviour_deviation).all()


def test_a_reference_without_a_whole_window_is_refused() -> None:
    short = [windowed(one) for one in herd(3, frames=12)]
    ready = [replace(one, valid=np.ones(12, bool)) for one in short]
    with pytest.raises(DeviationError, match="No recording of the reference has a whole window"):
        deviation([*ready, windowed(walk("new", 9, frames=100))], names(ready))


def test_different_frame_rates_are_told() -> None:
    codes = [windowed(one) for one in herd(4, frames=120)]
    slow = replace(codes[3], times=np.arange(120) / 25)
    assert not any("frame rates" in said for said in deviation(codes, names(codes[:3])).warnings)
    (warning,) = [
        said for said in deviation([*codes[:3], slow], names(codes[:3])).warnings if "rates" in said
    ]
    assert "25, 30 frames per second" in warning
