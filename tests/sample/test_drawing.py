"""Rendered frames show the joint angles, in a room with a moving background."""

from __future__ import annotations

import numpy as np
import pytest

from napari_ubam.sample import JOINTS, Walker, walkers
from napari_ubam.sample.animal import draw_animal
from napari_ubam.sample.body import SOLE, stand
from napari_ubam.sample.figure import figure_of
from napari_ubam.sample.paint import chain
from napari_ubam.sample.scene import HEIGHT, WIDTH, Scene, scene_of

SHAPE = (HEIGHT, WIDTH)


@pytest.fixture(scope="module")
def walker() -> Walker:
    return walkers(1, 0, seed=8)[0]


@pytest.fixture(scope="module")
def scene(walker: Walker) -> Scene:
    return scene_of(walker.seed, walker.appearance)


def draw(walker: Walker, scene: Scene, angles: np.ndarray) -> np.ndarray:
    """Render one pose without motion, with the noise of frame 0."""
    skeleton = stand(np.repeat(angles[None], 3, axis=0), np.zeros(3), walker.proportions)
    return draw_animal(scene, figure_of(scene, skeleton), (0, 1, 2), 0, 0.0, 0.0).astype(int)


def swinging(walker: Walker, limb: str) -> np.ndarray:
    """Angles of a moment at which the limb is well above the belt."""
    angles = walker.angles(np.arange(60))
    limbs = stand(angles, np.zeros(60), walker.proportions).limbs
    height = limbs[limb][:, -2:, 1].min(1) - SOLE
    return angles[height.argmax()]


@pytest.mark.parametrize(("joint", "limb"), [("near wrist", "near fore"), ("near ankle", "near hind")])
def test_one_joint_changes_the_image_near_its_limb(
    walker: Walker, scene: Scene, joint: str, limb: str
) -> None:
    angles = swinging(walker, limb)
    other = angles.copy()
    other[JOINTS.index(joint)] += np.radians(15)
    changed = np.abs(draw(walker, scene, angles) - draw(walker, scene, other)).max(2) > 6
    assert changed.sum() > 20
    skeleton = stand(np.stack([angles, other]), np.zeros(2), walker.proportions)
    points = scene.to_image(skeleton.limbs[limb]).reshape(-1, 2)
    y, x = np.nonzero(changed)
    assert x.min() > points[:, 0].min() - 14
    assert x.max() < points[:, 0].max() + 14
    assert y.min() > points[:, 1].min() - 20


@pytest.mark.parametrize("joint", JOINTS)
def test_every_joint_is_visible(walker: Walker, scene: Scene, joint: str) -> None:
    pictures = []
    for angles in walker.angles([10, 14, 18]):
        other = angles.copy()
        other[JOINTS.index(joint)] += np.radians(12)
        pictures.append(np.abs(draw(walker, scene, angles) - draw(walker, scene, other)).max(2))
    assert (np.stack(pictures) > 12).sum(axis=(1, 2)).max() > 15


def test_consecutive_frames_share_the_animal_but_not_the_noise(walker: Walker) -> None:
    one, two = (frame.astype(int) for frame in walker.render([5, 6]))
    assert 0 < np.abs(one - two)[:30].mean() < 12
    assert (one != two).mean() > 0.5


def test_the_belt_moves_and_the_wall_stays(scene: Scene) -> None:
    still, moved = scene.background(1.0, 0.0), scene.background(1.0, 9.0)
    difference = np.abs(still - moved).mean((1, 2))
    assert difference[:100].max() == 0
    assert difference[150:165].min() > 0.002
    # A whole tile further it looks the same again.
    np.testing.assert_allclose(scene.background(1.0, 512.0), still, atol=1e-3)
    assert np.abs(scene.background(6.0, 0.0)[:100] - still[:100]).mean() > 1e-4


def test_the_roi_contains_the_animal() -> None:
    for walker in walkers(3, 3, seed=2):
        x, y, width, height = walker.roi
        assert min(x, y) >= 0
        assert x + width <= WIDTH
        assert y + height <= HEIGHT
        scene = scene_of(walker.seed, walker.appearance)
        angles = walker.angles(np.arange(120))
        figure = figure_of(scene, stand(angles, walker.forward(np.arange(120)), walker.proportions))
        parts = np.concatenate([figure.trunk, *figure.limbs.values()], axis=1).reshape(-1, 2)
        assert (parts > (x, y)).all()
        assert (parts < (x + width, y + height)).all()


def test_the_pixels_of_a_capsule() -> None:
    points, radii = np.array([[100.0, 80], [140, 80]], np.float32), np.array([10.0, 10], np.float32)
    surface = chain(points, radii, SHAPE)
    assert surface is not None
    assert surface.cover.sum() == pytest.approx(40 * 20 + np.pi * 100, rel=0.005)
    on_axis = np.abs(surface.y - 80) < 0.1
    np.testing.assert_allclose(surface.ny[on_axis], 0, atol=1e-6)
    above = (surface.y == 75) & (surface.x == 120)
    assert surface.ny[above] == pytest.approx(-0.5, abs=1e-5)
    assert surface.along[above] == pytest.approx(20, abs=1e-4)
    shifted = chain(points + 0.5, radii, SHAPE)
    assert shifted is not None
    assert shifted.cover.sum() == pytest.approx(surface.cover.sum(), rel=0.005)


def test_a_chain_outside_the_image_has_no_surface() -> None:
    points = np.array([[-100.0, 20], [-60, 20]], np.float32)
    assert chain(points, np.array([10.0, 10], np.float32), SHAPE) is None
