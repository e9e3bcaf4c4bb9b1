"""Finding a subject that moves, in generated videos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from moving_body import COUNT, LENGTH, SHAPE, film, way, with_body
from napari_ubam.study import Roi
from napari_ubam.tracking import TrackingError, find_subject


def middles(found: np.ndarray) -> np.ndarray:
    return found[:, :2] + found[:, 2:] / 2


def test_place_and_heading_are_found_also_where_the_subject_stands(tmp_path: Path) -> None:
    found = find_subject(film(tmp_path / "a.mp4", lambda floor, n: with_body(floor, *way(n)))).track
    truth = np.array([way(n) for n in range(COUNT)])
    assert found.frames.tolist() == list(range(COUNT))
    error = np.linalg.norm(middles(found.boxes) - truth[:, :2], axis=1) / LENGTH
    assert np.median(error) < 0.1
    assert np.percentile(error, 95) < 0.2
    assert found.headings is not None
    turned = np.abs((found.headings - truth[:, 2] + 180) % 360 - 180)
    assert np.median(turned) < 10
    assert (turned < 90).all()  # head and tail are never taken for each other
    width, height = found.median_size
    assert LENGTH < width < 2 * LENGTH
    assert height < width


def test_light_that_drifts_and_frames_without_the_subject(tmp_path: Path) -> None:
    def draw(floor: np.ndarray, number: int) -> np.ndarray:
        image = floor if 30 <= number < 50 else with_body(floor, *way(number))
        return image * (1 + 0.15 * np.sin(number / 20))

    found = find_subject(film(tmp_path / "a.mp4", draw))
    assert found.track.segments() == (range(0, 30), range(50, COUNT))
    truth = np.array([way(int(n)) for n in found.track.frames])
    assert np.median(np.linalg.norm(middles(found.track.boxes) - truth[:, :2], axis=1)) < 0.1 * LENGTH
    assert np.median(found.confidence) > 0.7
    assert found.note == (
        "a: the subject is not seen in 22% of the frames, the longest time in frames 30 to 49; these frames "
        "have no crops."
    )


def test_within_a_region_only_the_subject_there_is_followed(tmp_path: Path) -> None:
    def draw(floor: np.ndarray, number: int) -> np.ndarray:
        x, y, heading = way(number)
        return with_body(with_body(floor, x / 2, y, heading, 16), 80 + x / 2, y, heading, 16)

    recording = film(tmp_path / "a.mp4", draw)
    left = recording.model_copy(update={"roi": Roi(x=0, y=0, width=79, height=120)})
    places = middles(find_subject(left).track.boxes)
    truth = np.array([way(n) for n in range(COUNT)])
    assert np.median(np.abs(places - truth[:, :2] / (2, 1))) < 3
    with pytest.raises(
        TrackingError, match=r"a: two things of similar size move in \d+% of the frames; give"
    ):
        find_subject(recording)


def test_nothing_moves(tmp_path: Path) -> None:
    with pytest.raises(TrackingError, match="something moves in only 0% of the frames"):
        find_subject(film(tmp_path / "a.mp4", lambda floor, n: floor, 30))


def test_the_camera_moves(tmp_path: Path) -> None:
    scene = np.kron(np.random.default_rng(1).random((40, 80)), np.ones((8, 8))) * 200

    def draw(floor: np.ndarray, number: int) -> np.ndarray:
        return scene[5 * number % 100 :, 7 * number % 300 :][: SHAPE[0], : SHAPE[1]]

    with pytest.raises(TrackingError, match="so the camera or the light moves"):
        find_subject(film(tmp_path / "a.mp4", draw, 60))


def test_a_hard_shadow_is_no_part_of_a_bright_body(tmp_path: Path) -> None:
    def draw(floor: np.ndarray, number: int, shadow: bool = True) -> np.ndarray:
        x, y, heading = way(number)
        if shadow:
            floor = np.where(with_body(floor, x + 7, y + 7, heading) == 40, 0.55 * floor, floor)
        texture = np.random.default_rng(number).normal(0, 14, SHAPE)
        return np.where(with_body(floor, x, y, heading) == 40, 200 + texture, floor)

    truth = np.array([way(n)[:2] for n in range(COUNT)])
    with_shadow = find_subject(film(tmp_path / "a.mp4", draw)).track
    without = find_subject(film(tmp_path / "b.mp4", lambda floor, n: draw(floor, n, shadow=False))).track
    errors = [np.median(middles(one.boxes) - truth, axis=0) for one in (with_shadow, without)]
    assert np.abs(errors[0] - errors[1]).max() < 1  # pixels; the shadow is 7 away
