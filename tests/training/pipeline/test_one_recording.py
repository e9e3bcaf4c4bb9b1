"""A training on one recording: stretches of time take the place of recordings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_ubam.analysis import DeviationError
from napari_ubam.progress import Progress
from napari_ubam.run import RunError, train
from napari_ubam.sample import write_sample
from napari_ubam.study import Recording, Study
from napari_ubam.training.pipeline.stretches import Stretches
from shared_runs import made_once, mini
from toy_study import TurningBars, track_of, turning


@pytest.fixture(scope="module")
def long_one(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Give a recording of ten seconds."""

    def make(folder: Path) -> None:
        write_sample(folder, healthy=1, impaired=1, seconds=10.0)

    return Study.from_csv(made_once(tmp_path_factory, "long", make) / "study.csv")["impaired1"]


def test_every_frame_and_window_is_in_one_part_and_parts_reach_over_the_recording() -> None:
    config, crops = mini(), TurningBars(0, frames=1200)
    found = Stretches.of(crops, config)
    parts = found.crops(crops)
    assert len(parts) == config.posture_training.recordings == 4
    frames = [np.concatenate([np.arange(*run) for run in part.runs]) for part in parts]
    whole = np.concatenate([np.arange(*run) for run in crops.runs])
    np.testing.assert_array_equal(np.sort(np.concatenate(frames)), whole)
    assert all(abs(part.mean() - whole.mean()) < 0.1 * len(whole) for part in frames)
    track = track_of(turning(1200, 32), config)
    tracks = found.tracks(track, np.arange(1200))
    assert sum(len(part.windows) for part in tracks) == len(track.windows)
    for part, own in zip(parts, tracks, strict=True):
        inside = [start <= frame < stop for frame in own.windows.centres for start, stop in part.spans]
        assert sum(inside) == len(own.windows)


def test_a_short_recording_has_fewer_parts_and_a_shorter_one_is_refused() -> None:
    assert Stretches.of(TurningBars(0, frames=80), mini()).parts == 3
    with pytest.raises(RunError, match="better ten minutes, or more recordings"):
        Stretches.of(TurningBars(0, frames=40), mini())


@pytest.mark.slow
def test_one_recording_is_trained_on_embedded_and_scored(long_one: Recording, tmp_path: Path) -> None:
    told: list[Progress] = []
    one = Study([long_one])
    run = train(one, tmp_path / "run", preset="mini", device="cpu", progress=told.append)
    assert any("cannot learn what differs between individuals" in event.message for event in told)
    quality = run.quality
    assert quality.held_out.by == "time"
    assert "Nothing can be said about other individuals" in quality.held_out.meaning
    assert quality.training.recordings == 1
    assert quality.training.frames == 240  # the last fifth of 300 is held out
    assert run.embed(one, device="cpu").failed == ()
    scores = run.score(one, "group=impaired", figures=False)
    assert np.isfinite(scores["posture_percentile"]).mean() > 0.8
    assert any("the one subject impaired1" in sentence for sentence in scores.warnings)
    with pytest.raises(DeviationError, match="has another recording"):
        run.score(one, "group=impaired", within="subject")


@pytest.mark.slow
def test_parts_of_the_recording_are_scored_as_rows_with_start_and_stop(
    long_one: Recording, tmp_path: Path
) -> None:
    run = train(Study([long_one]), tmp_path / "run", preset="mini", device="cpu", steps=2)
    halves = Study(
        [
            long_one.model_copy(update={"name": "before", "session": "0", "start": 0, "stop": 200}),
            long_one.model_copy(update={"name": "after", "session": "1", "start": 200, "stop": 300}),
        ]
    )
    run.embed(halves, device="cpu")
    scores = run.score(halves, "session=0", within="subject", figures=False)
    after = scores[scores["recording"] == "after"]
    assert np.isfinite(after["constant_percentile"]).any()
