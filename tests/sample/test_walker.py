"""The animals: a frame depends only on its number, and the frames agree with the ground truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_ubam.sample import JOINTS, KINDS, Walker, walkers
from napari_ubam.sample.body import COLUMNS, LIMBS, SOLE, stand
from napari_ubam.sample.gait import offset_of, phase_of

SECONDS = 15
FRAMES = np.arange(30 * SECONDS)


@pytest.fixture(scope="module")
def animals() -> list[Walker]:
    return walkers(4, 5, seed=3)


@pytest.fixture(scope="module")
def impaired_animals(animals: list[Walker]) -> list[Walker]:
    return [walker for walker in animals if walker.group == "impaired"]


def only(kind: str) -> Walker:
    """Return an animal with one kind of severe bouts."""
    return replace(walkers(0, 1, seed=5)[0], kinds=(kind,), severity=1.0)


def inside(walker: Walker) -> np.ndarray:
    """Frames in the middle of bouts."""
    return FRAMES[walker.bouts(FRAMES)[0] > 0.95]


def test_animals_have_names_groups_and_kinds(animals: list[Walker]) -> None:
    assert [walker.name for walker in animals[:5]] == [
        "healthy1",
        "healthy2",
        "healthy3",
        "healthy4",
        "impaired1",
    ]
    assert len({walker.seed for walker in animals}) == len(animals)
    assert len({walker.appearance for walker in animals}) == len(animals)
    for walker in animals:
        assert (len(set(walker.kinds)) >= 2) == (walker.group == "impaired")
        assert set(walker.kinds) <= set(KINDS)
    assert {kind for walker in animals for kind in walker.kinds} == set(KINDS)


def test_a_seed_defines_the_animals() -> None:
    assert walkers(2, 2, seed=1) == walkers(2, 2, seed=1)
    assert walkers(1, 0, seed=1)[0].gait != walkers(1, 0, seed=2)[0].gait
    assert walkers(5, 1, seed=1)[0] == walkers(2, 1, seed=1)[0]


def test_angles_do_not_depend_on_the_other_frames(animals: list[Walker]) -> None:
    some = np.array([211, 3, 87, 400, 4])
    for walker in (animals[0], animals[-1]):
        assert walker.angles(FRAMES).shape == (len(FRAMES), len(JOINTS))
        np.testing.assert_allclose(walker.angles(some), walker.angles(FRAMES)[some], atol=1e-12)


def test_random_access_is_sequential_access(animals: list[Walker]) -> None:
    walker = animals[-1]
    first = int(inside(walker)[0])
    frames = list(range(first, first + 20))
    in_order = dict(zip(frames, walker.render(frames), strict=True))
    asked = [first + 17, first, first + 9]
    for number, picture in zip(asked, walker.render(asked), strict=True):
        np.testing.assert_array_equal(picture, in_order[number])
    assert in_order[first].shape == (200, 320, 3)
    assert in_order[first].dtype == np.uint8


def test_bouts_have_their_share_of_the_time(impaired_animals: list[Walker]) -> None:
    for walker in impaired_animals:
        envelope, kind = walker.bouts(FRAMES)
        assert 0.3 <= (envelope > 0).mean() <= 0.4
        assert set(kind[envelope > 0]) == set(walker.kinds)
        assert set(kind[envelope == 0]) <= {""}
        starts = np.flatnonzero(np.diff(np.concatenate([[0], envelope > 0, [0]])))
        lengths = (starts[1::2] - starts[::2]) / walker.fps
        assert lengths[1:-1].min() > 0.6
        assert lengths.max() < 2.6


def test_deviation_is_only_in_the_bouts(animals: list[Walker]) -> None:
    healthy, impaired = [one for one in animals if not one.kinds], [one for one in animals if one.kinds]
    assert (len(healthy), len(impaired)) == (4, 5)
    for walker in healthy:
        assert not walker.bouts(FRAMES)[0].any()
        assert not walker.deviation(FRAMES).any()
    for walker in impaired:
        envelope, deviation = walker.bouts(FRAMES)[0], walker.deviation(FRAMES)
        np.testing.assert_array_equal(deviation[envelope == 0], 0)
        assert deviation[envelope > 0.95].min() > 2.5


@pytest.mark.parametrize("kind", KINDS)
def test_a_severe_bout_is_clear_but_realistic(kind: str) -> None:
    walker = only(kind)
    assert 6 < walker.deviation(inside(walker)).mean() < 16
    mild = replace(walker, severity=0.3)
    assert mild.deviation(inside(walker)).mean() < 0.5 * walker.deviation(inside(walker)).mean()


def test_the_factor_scales_only_the_deviation(impaired_animals: list[Walker]) -> None:
    walker = impaired_animals[0]
    sound, shown, doubled = (walker.angles(FRAMES, factor=factor) for factor in (0, 1, 2))
    np.testing.assert_allclose(doubled - shown, shown - sound, atol=1e-9)
    healthy = replace(walker, kinds=(), severity=0.0)
    np.testing.assert_array_equal(sound, healthy.angles(FRAMES))
    expected = np.degrees(np.sqrt(((shown - sound) ** 2).mean(1)))
    np.testing.assert_allclose(walker.deviation(FRAMES), expected, atol=1e-9)
    middle = inside(walker)[:1]
    (without,), (as_healthy,) = walker.render(middle, factor=0), healthy.render(middle)
    np.testing.assert_array_equal(without, as_healthy)
    (with_bout,) = walker.render(middle)
    assert np.abs(with_bout.astype(int) - without).mean() > 1


def test_movement_is_smooth_and_poses_stay_possible(animals: list[Walker]) -> None:
    for walker in animals:
        angles = np.degrees(walker.angles(FRAMES))
        assert np.abs(np.diff(angles, axis=0)).max() < 100
        for limb, joint, low, high in (("hind", 1, -170, -17), ("fore", 1, 8, 170)):
            for side in ("near", "far"):
                column = COLUMNS[f"{side} {limb}"].start + joint
                assert low < angles[:, column].min()
                assert angles[:, column].max() < high


def test_the_phase_is_not_proportional_to_time(animals: list[Walker]) -> None:
    for walker in animals[:4]:
        phase = phase_of(walker.seed, walker.gait, FRAMES / 30)
        assert np.diff(phase).min() > 0
        rest = phase - np.polyval(np.polyfit(FRAMES, phase, 1), FRAMES)
        assert rest.std() > 0.03


@pytest.mark.parametrize("factor", [0.0, 1.0, 3.0])
def test_one_paw_stands_and_none_is_below_the_belt(impaired_animals: list[Walker], factor: float) -> None:
    for walker in impaired_animals:
        skeleton = stand(walker.angles(FRAMES, factor=factor), np.zeros(len(FRAMES)), walker.proportions)
        lowest = np.min([skeleton.limbs[limb][:, -2:, 1].min(1) for limb in LIMBS], axis=0)
        np.testing.assert_allclose(lowest, SOLE, atol=1e-9)


def test_standing_paws_move_with_the_belt(animals: list[Walker]) -> None:
    for walker in animals[:4]:
        time = (FRAMES + 0.5) / walker.fps
        phase = phase_of(walker.seed, walker.gait, time)
        skeleton = stand(walker.angles(FRAMES), walker.forward(FRAMES), walker.proportions)
        for limb in LIMBS:
            own = phase + offset_of(limb, walker.gait)
            share = own % 1 / walker.gait.duty
            both = (share[:-1] < 0.8) & (share[1:] < 0.8) & (np.floor(own[:-1]) == np.floor(own[1:]))
            tip = skeleton.limbs[limb][:, 3, :]  # ball of the foot, or tip of the paw
            moved, belt = np.diff(tip[:, 0]), -walker.gait.stride * np.diff(phase)
            assert both.sum() > 100
            assert np.abs(moved - belt)[both].max() < 1.2
            assert np.median(np.abs(moved - belt)[both]) < 0.02
            # At pixel precision the paw is on the belt.
            assert np.quantile(np.abs(tip[:-1, 1] - SOLE)[both], 0.95) < 0.6


def test_another_light_changes_pixels_but_not_angles(impaired_animals: list[Walker]) -> None:
    walker = impaired_animals[1]
    other = walker.with_light(99)
    np.testing.assert_array_equal(walker.angles(FRAMES), other.angles(FRAMES))
    np.testing.assert_array_equal(walker.bouts(FRAMES)[0], other.bouts(FRAMES)[0])
    (one,), (two,) = walker.render([40]), other.render([40])
    assert np.abs(one.astype(int) - two).mean() > 4
    (again,) = walker.render([40], light=other.appearance.light)
    np.testing.assert_array_equal(two, again)
    # Edges stay where they are: brightness along rows is as before but for a smooth change.
    rows = [np.diff(picture[60:150, 60:260].mean(2), axis=1).ravel() for picture in (one, two)]
    assert np.corrcoef(*rows)[0, 1] > 0.8
