"""Crops at exact places, turned ones too."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from napari_ubam.crops.cropper import Cropper
from napari_ubam.crops.identity import region_hash
from napari_ubam.study import PlacedRoi, Recording, Roi, Track

RNG = np.random.default_rng(0)


def picture(colour: bool = False) -> np.ndarray:
    shape = (300, 400, 3) if colour else (300, 400)
    smooth = gaussian_filter(RNG.random(shape), (3, 3, 0)[: len(shape)])
    return ((smooth - smooth.min()) / np.ptp(smooth) * 255).astype(np.uint8)


@pytest.mark.parametrize("colour", [False, True])
def test_at_whole_pixels_and_full_size_nothing_changes(colour: bool) -> None:
    image = picture(colour)
    crop = Cropper().crop(image, PlacedRoi.at((200, 150), (80, 48)), (48, 80))
    np.testing.assert_array_equal(crop, image[126:174, 160:240])


def test_a_subject_that_faces_down_faces_right_in_the_crop() -> None:
    image = picture()
    crop = Cropper().crop(image, PlacedRoi.at((200, 150), (80, 48), 90), (48, 80))
    np.testing.assert_array_equal(crop, np.rot90(image[110:190, 176:224]))


def test_smaller_crops_are_like_those_of_a_region() -> None:
    image = picture()
    placed = Cropper().crop(image, PlacedRoi.at((200, 150), (120, 72)), (48, 80))
    region = Cropper().crop(image, Roi(x=140, y=114, width=120, height=72), (48, 80))
    assert np.abs(placed.astype(int) - region).mean() < 1


def test_part_of_a_pixel_moves_the_crop_by_this_part() -> None:
    image = np.tile(np.arange(0, 240, 4, dtype=np.uint8), (60, 1))  # brightness rises by 4 for each pixel
    for size in ((20, 30), (10, 15)):
        means = [
            Cropper().crop(image, PlacedRoi.at((30 + shift, 30), (30, 20)), size).mean()
            for shift in (0, 0.25, 0.5, 0.75)
        ]
        np.testing.assert_allclose(np.diff(means), 1, atol=0.01)


def test_a_moving_and_turning_patch_stands_still_in_its_crops() -> None:
    patch = gaussian_filter(RNG.random((41, 61)), 2)
    patch = (patch - patch.min()) / np.ptp(patch) * 200 + 20
    rows, columns = np.mgrid[:200, :200] + 0.5
    crops = []
    for centre, angle in (((80.0, 90.0), 0.0), ((101.3, 95.8), 37.0), ((90.6, 110.2), -140.0)):
        roi = PlacedRoi.at(centre, (40, 24), angle)
        points = roi.to_box(np.stack([columns, rows], axis=-1))
        place = np.moveaxis(points[..., ::-1] + (20, 30), -1, 0)
        image = map_coordinates(patch, place, order=1, mode="nearest").astype(np.uint8)
        crops.append(Cropper().crop(image, roi, (24, 40)).astype(int))
    for crop in crops[1:]:
        assert np.corrcoef(crop.ravel(), crops[0].ravel())[0, 1] > 0.99


def test_outside_of_the_frame_the_edge_is_repeated() -> None:
    image = np.full((50, 60), 100, np.uint8)
    image[:, -1] = 200
    crop = Cropper().crop(image, PlacedRoi.at((60, 25), (20, 10)), (10, 20))
    assert (crop[:, :8] == 100).all()
    assert (crop[:, 11:] == 200).all()


def test_alignment_changes_the_hash_and_no_alignment_keeps_that_of_earlier_versions() -> None:
    boxes, frames = [[1, 2, 30, 20], [2, 2, 30, 20]], [0, 1]

    def hash_of(headings: list[float] | None = None, **fields: str) -> str:
        track = Track(frames=frames, boxes=boxes, headings=headings)
        one = {"video": "a.mp4", "subject": "a", "group": "g", "session": 0, "track": track, **fields}
        return region_hash(Recording.model_validate(one), range(2))

    old = hash_of()
    assert old == "41897f671f75b4da"  # as written by version 0.1
    assert hash_of([0, 90]) == old  # headings that are not used do not count
    assert hash_of([0, 90], align="position") == hash_of(align="position") != old
    assert len({old, hash_of([0, 90], align="heading"), hash_of([0, 91], align="heading")}) == 3
