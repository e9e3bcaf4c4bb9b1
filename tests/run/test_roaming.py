"""A subject that moves through the picture, from the file to magnified frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from moving_body import film, way, with_body
from napari_ubam.run import train
from napari_ubam.study import PlacedRoi, Study
from napari_ubam.tracking import track_study
from napari_ubam.video import open_video
from shared_runs import register_mini

COUNT = 48
FRAMES = slice(20, 24)


def roaming_study(folder: Path) -> Study:
    """Write recordings of bodies that walk on a circle and change their size at different rates."""
    rows = []
    for number, group in enumerate(("healthy", "healthy", "healthy", "impaired")):
        rate = 0.9 if group == "impaired" else 0.4 + 0.05 * number

        def draw(floor: np.ndarray, frame: int, rate: float = rate) -> np.ndarray:
            return with_body(floor, *way(frame), 27 + 3 * np.sin(rate * frame))

        film(folder / f"{group}{number}.mp4", draw, COUNT)
        rows.append({"video": f"{group}{number}.mp4", "subject": f"s{number}", "group": group, "session": 0})
    pd.DataFrame(rows).to_csv(folder / "study.csv", index=False)
    return Study.from_csv(folder / "study.csv")


@pytest.mark.slow
def test_a_roaming_subject_from_its_file_to_magnified_frames(tmp_path: Path) -> None:
    found = track_study(roaming_study(tmp_path), folder=tmp_path / "tracks")
    assert len(found.found) == 4
    found.study.to_csv(tmp_path / "tracked.csv")
    study = Study.from_csv(tmp_path / "tracked.csv")
    register_mini()
    run = train(study, tmp_path / "run", preset="mini", seed=0)
    run.train_magnifier(study, steps=40)
    run.embed(study)
    scores = run.score(study, reference="group=healthy")
    assert set(scores.recording) == set(study.names)
    assert scores.posture_deviation.notna().mean() > 0.5  # none where a window is cut off

    one = study["impaired3"]
    magnified = np.asarray(
        run.magnify(one.name, reference="group=healthy", factor=4, frames=FRAMES).compute()
    )
    with one.open_with(open_video) as video:
        original = np.asarray(video[FRAMES])
    rows, columns = np.mgrid[: original.shape[1], : original.shape[2]] + 0.5
    points = np.stack([columns, rows], axis=-1)
    boxes = one.crops(range(FRAMES.start, FRAMES.stop))
    assert boxes is not None
    for before, after, box in zip(original, magnified, boxes, strict=True):
        assert isinstance(box, PlacedRoi)
        outside = (np.abs(box.to_box(points)) > (box.box_width / 2 + 3, box.box_height / 2 + 3)).any(-1)
        assert outside.mean() > 0.5
        np.testing.assert_array_equal(after[outside], before[outside])
    assert (magnified != original).any()
