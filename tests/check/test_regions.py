"""A region is proposed where a recording has none and a small part of its picture moves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_ubam.check import CheckReport, check_study
from napari_ubam.study import Recording, Roi, Study
from napari_ubam.video import write_video

HEIGHT, WIDTH, FRAMES = 96, 160, 40


def film(path: Path, wide: bool = False, x: float = 110, y: float = 60) -> Path:
    """Write a video of a bright body that swings its legs in place, or of one that runs everywhere."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    ground = 60 + 20 * np.random.default_rng(0).random((HEIGHT, WIDTH))
    pictures = []
    for time in range(FRAMES):
        picture, swing = ground.copy(), np.sin(0.7 * time)
        middle = (80 + 70 * np.sin(0.31 * time), 48 + 40 * np.cos(0.23 * time)) if wide else (x, y)
        for dx, dy, radius in ((0, 0, 12), (-9 + 6 * swing, 14, 5), (10 - 6 * swing, 14, 5)):
            picture[(columns - middle[0] - dx) ** 2 + (rows - middle[1] - dy) ** 2 < radius**2] = 200
        pictures.append(np.clip(picture, 0, 255).astype(np.uint8))
    return write_video(path, pictures, fps=20.0)


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    folder = tmp_path_factory.mktemp("videos")
    still, run, other = folder / "still.mp4", folder / "run.mp4", folder / "other.mp4"
    return film(still), film(run, wide=True), film(other, x=96, y=54)


def checked(*recordings: Recording) -> tuple[CheckReport, list[str]]:
    report = check_study(Study(list(recordings)))
    return report, [str(one) for one in report.problems if "what moves covers" in one.text]


def row(video: Path, name: str, **more: object) -> Recording:
    return Recording(video=video, subject=name, group="a", session="0", name=name, **more)  # type: ignore[arg-type]


def test_the_part_that_moves_is_proposed_with_its_share(videos: tuple[Path, Path, Path]) -> None:
    report, (said,) = checked(row(videos[0], "rat1"))
    assert report.ok  # a note, no error
    numbers = said.partition("picture (")[2].partition(")")[0]
    roi = Roi(**{name: int(value) for name, value in (part.split("=") for part in numbers.split(", "))})
    assert roi.x <= 96
    assert roi.x + roi.width >= 124
    assert 60 <= roi.y + roi.height / 2 <= 84  # around the legs
    assert f"covers {roi.width * roi.height / (HEIGHT * WIDTH):.0%} of the picture" in said


def test_several_recordings_are_one_sentence(videos: tuple[Path, Path, Path]) -> None:
    _, said = checked(row(videos[0], "rat1"), row(videos[2], "rat2"))
    (sentence,) = said
    assert sentence.startswith("2 recordings have no region, and what moves covers ")
    assert "(in rat1 x=" in sentence


def test_a_region_and_a_subject_that_moves_everywhere_get_no_proposal(
    videos: tuple[Path, Path, Path],
) -> None:
    assert checked(row(videos[0], "rat1", roi=Roi(x=60, y=30, width=90, height=60)))[1] == []
    assert checked(row(videos[1], "rat2"))[1] == []
