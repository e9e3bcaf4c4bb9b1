"""Regions are found from where the pictures move."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_ubam.progress import Cancelled, Progress
from napari_ubam.study import Recording, Roi, Study
from napari_ubam.tracking import (
    FoundRegions,
    activity_of,
    find_regions,
    keep_regions,
    regions_for_training,
    start_regions,
    with_found_regions,
)

HEIGHT, WIDTH, FRAMES = 120, 200, 40


def filmed(
    folder: Path,
    name: str,
    x: float = 100.0,
    y: float = 60.0,
    size: float = 1.0,
    flicker: float = 0.0,
    roaming: float = 0.0,
    moving: bool = True,
) -> Recording:
    """Film a body that swings its two legs over a textured ground, as a TIFF stack."""
    rng = np.random.default_rng(len(name))
    ground = 70 + 20 * rng.random((HEIGHT, WIDTH))
    rows, columns = np.indices((HEIGHT, WIDTH))
    frames = []
    for time in range(FRAMES):
        swing = np.sin(time * 0.7) if moving else 0.0
        middle = (
            x + roaming * WIDTH / 2 * np.sin(time * 0.31),
            y + roaming * HEIGHT / 2 * np.cos(time * 0.23),
        )
        image = ground.copy()
        parts = (
            (0, 0, 24, 9),
            (-24 + swing, 1, 7, 7),
            (-12 + 6 * swing, 15, 4, 10),
            (14 - 6 * swing, 15, 4, 10),
        )
        for dx, dy, wide, high in parts:
            across = (columns - middle[0] - dx * size) / (wide * size)
            down = (rows - middle[1] - dy * size) / (high * size)
            image[np.square(across) + np.square(down) < 1] = 190 + 30 * (dx > 0)
        frames.append(image * (1 + flicker * rng.standard_normal()))
    path = folder / f"{name}.tif"
    stack = np.clip(np.stack(frames) + rng.normal(0, 1, (FRAMES, HEIGHT, WIDTH)), 0, 255).astype(np.uint8)
    tifffile.imwrite(path, stack, photometric="minisblack", metadata={"axes": "TYX"})
    return Recording(video=path, subject=name, group="all", session="1", fps=30)


PLACES = {
    "first": (90, 55, 1.0),
    "second": (112, 66, 1.1),
    "third": (84, 50, 0.85),
    "fourth1": (100, 60, 1.0),
}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> list[Recording]:
    """Four bodies at different places, of different sizes."""
    folder = tmp_path_factory.mktemp("bodies")
    return [filmed(folder, name, *place) for name, place in PLACES.items()]


@pytest.fixture(scope="module")
def found(study: list[Recording]) -> FoundRegions:
    """Their regions."""
    return find_regions(study)


def seen_at(recording: Recording, x: float, y: float, size: float) -> tuple[float, float, float]:
    """Place and size of a body in its region, as shares of the region's width and height."""
    roi = recording.roi
    assert roi is not None
    return (x - roi.x) / roi.width, (y - roi.y) / roi.height, size * 100 / roi.width


def test_all_bodies_are_at_the_same_place_of_their_region(
    study: list[Recording], found: FoundRegions
) -> None:
    seen = [seen_at(found.of(one), *place) for one, place in zip(study, PLACES.values(), strict=True)]
    spread = np.ptp(np.array(seen), axis=0)
    whole = np.ptp([(x / WIDTH, y / HEIGHT, size / 2) for x, y, size in PLACES.values()], axis=0)
    assert spread.max() < 0.08
    assert whole.max() > 0.12  # what it is without regions


def test_the_region_holds_the_legs_and_little_else(study: list[Recording], found: FoundRegions) -> None:
    for one, (x, y, size) in zip(study, PLACES.values(), strict=True):
        roi = found.of(one).roi
        assert roi is not None
        assert roi.x < x - 20 * size
        assert roi.x + roi.width > x + 20 * size
        assert roi.y + roi.height > y + 22 * size
        assert roi.width * roi.height < 0.5 * HEIGHT * WIDTH


def test_a_region_or_track_of_the_user_stays(study: list[Recording], found: FoundRegions) -> None:
    own = study[0].model_copy(update={"roi": Roi(x=1, y=2, width=30, height=40)})
    assert found.of(own) == own
    assert find_regions([own]).regions == {}


def test_a_later_recording_is_placed_on_the_same_map(
    study: list[Recording], found: FoundRegions, tmp_path: Path
) -> None:
    new = filmed(tmp_path, "new", 108, 52, 0.9)
    later = find_regions([*study, new], found)
    assert all(later.of(one) == found.of(one) for one in study)
    assert later.box == found.box
    expected = seen_at(found.of(study[0]), *PLACES["first"])
    assert seen_at(later.of(new), 108, 52, 0.9) == pytest.approx(expected, abs=0.06)


def test_a_flickering_lamp_is_no_movement(tmp_path: Path) -> None:
    lamp = activity_of(filmed(tmp_path, "lamp", flicker=0.2))
    steady = activity_of(filmed(tmp_path, "dark"))
    assert lamp is not None
    assert steady is not None
    assert np.corrcoef(lamp.values.ravel(), steady.values.ravel())[0, 1] > 0.8


def test_without_movement_the_whole_picture_is_used(tmp_path: Path) -> None:
    still = filmed(tmp_path, "still", moving=False)
    result = find_regions([still])
    assert result.of(still) == still
    assert not result.lacks(still)  # it is not looked at again


def test_a_subject_that_moves_through_the_picture_gets_no_region(tmp_path: Path) -> None:
    roaming = [filmed(tmp_path, f"open{number}", roaming=0.9) for number in range(2)]
    result = find_regions(roaming)
    assert [result.of(one).roi for one in roaming] == [None, None]


def test_a_video_that_cannot_be_read_gets_no_region(study: list[Recording], tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    broken = Recording(video=tmp_path / "broken.mp4", subject="b", group="all", session="1")
    result = find_regions([broken, *study])
    assert result.of(broken) == broken
    assert result.lacks(broken)  # it is looked for again when the video is there
    assert result.count == len(study)


def test_it_can_be_cancelled_and_tells_which_recording_it_is_at(study: list[Recording]) -> None:
    class After:
        asked = 0

        def is_set(self) -> bool:
            self.asked += 1
            return self.asked > 60

    told: list[Progress] = []
    with pytest.raises(Cancelled):
        find_regions(study, progress=told.append, cancel=After())
    assert (told[0].stage, told[0].detail, told[0].of) == ("regions", "first", 4)
    assert len(told) < len(study)


def test_a_video_that_was_replaced_is_looked_at_again(study: list[Recording], tmp_path: Path) -> None:
    one = filmed(tmp_path, "again", 108, 52, 0.9)
    found = find_regions([*study, one])
    earlier = found.model_copy(update={"fingerprints": {}})  # as earlier versions wrote it
    before = found.of(one).roi
    assert before is not None
    filmed(tmp_path, "again", 88, 62, 1.1)
    assert found.lacks(one)
    assert found.of(one).roi is None
    assert earlier.of(one).roi == before
    later = find_regions([*study, one], found)
    assert later.of(one).roi not in (None, before)
    assert not later.lacks(one)
    one.video.unlink()  # not known to be another one
    assert later.of(one).roi is not None


def test_drawn_regions_beside_found_ones_are_warned_of(study: list[Recording], tmp_path: Path) -> None:
    own = study[0].model_copy(update={"roi": Roi(x=1, y=2, width=30, height=40)})
    told: list[Progress] = []
    regions_for_training(
        Study([own, *study[1:]]), tmp_path, whole_frame=False, resume=False, progress=told.append
    )
    assert (
        "1 recording has a region that was drawn, and the regions that were found are not" in told[-1].message
    )
    regions_for_training(Study(study), tmp_path, whole_frame=False, resume=False, progress=told.append)
    assert "drawn" not in told[-1].message


def test_nothing_is_looked_for_where_the_training_had_drawn_regions_only(
    study: list[Recording], tmp_path: Path
) -> None:
    own = Study([study[0].model_copy(update={"roi": Roi(x=1, y=2, width=30, height=40)})])
    start_regions(tmp_path, regions_for_training(own, tmp_path, whole_frame=False, resume=False))
    keep_regions(tmp_path)
    told: list[Progress] = []
    assert with_found_regions(tmp_path, study[1:2], find=True, progress=told.append) == study[1:2]
    assert "the whole frame is used of second; draw the region" in told[-1].message
    assert with_found_regions(tmp_path, study[1:2]) == study[1:2]  # the same when it is scored
