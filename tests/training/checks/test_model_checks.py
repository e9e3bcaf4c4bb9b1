"""The checks after a training tell a model that means something from one that does not."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from napari_ubam.learners.errors import TrainingError
from napari_ubam.learners.native.behaviour import BehaviourBatches, BehaviourLearner
from napari_ubam.models.config import BehaviourConfig, BehaviourTraining, ModelConfig, PostureConfig
from napari_ubam.models.native.posture import PostureEncoder
from napari_ubam.progress import Cancelled, Progress
from napari_ubam.training.checks import probes
from napari_ubam.training.checks.checked_recording import CheckedRecording
from napari_ubam.training.checks.model_checks import HARDNESS, assess
from napari_ubam.training.checks.quality import Quality, ShuffleCheck, StageFacts, TrainingFacts
from napari_ubam.training.loop.fit import fit
from napari_ubam.training.loop.plan import FitPlan
from toy_study import TurningBars, track_of, turning, wandering

CONFIG = ModelConfig(
    preset="tiny",
    posture=PostureConfig(size=(32, 32), widths=(8,), grid=4, code=12),
    behaviour=BehaviourConfig(steps=7, window_ms=200, hidden=24, code=16, recurrent=8),
    behaviour_training=BehaviourTraining(
        contrast=0.2, reconstruct=0.2, shuffle=1.0, windows=48, learning_rate=1e-2
    ),
)
STAGE = StageFacts(steps=5, seconds=1.5, losses={"contrast": 0.5})
TRAINING = TrainingFacts(posture=STAGE, behaviour=STAGE, device="processor", recordings=6, frames=3600)
ENCODER = PostureEncoder(CONFIG.posture)


def recording(number: int, codes: NDArray[np.float32], subject: str | None = None) -> CheckedRecording:
    """Make a recording of postures."""
    crops = TurningBars(number, frames=len(codes))
    return CheckedRecording(
        f"r{number}", subject or f"s{number}", crops, np.arange(len(codes)), track_of(codes, CONFIG)
    )


def study(kind: str, count: int = 6, frames: int = 600) -> list[CheckedRecording]:
    """Make recordings in which order matters, or does not."""
    if kind == "turning":
        return [recording(number, turning(frames, 12, number, number)) for number in range(count)]
    return [recording(number, wandering(frames, 12, number)) for number in range(count)]


def trained(recordings: list[CheckedRecording], folder: Path, steps: int = 150) -> BehaviourLearner:
    """Teach order on the tracks of recordings."""
    torch.manual_seed(0)
    tracks = [one.track for one in recordings]
    motion = float(np.median(np.concatenate([track.motion for track in tracks])))
    learner = BehaviourLearner(CONFIG, 1.0, motion)
    plan = FitPlan(batch_size=3, steps=steps, device="cpu")
    fit(learner, BehaviourBatches(tracks, CONFIG, 0), plan, folder=folder, stage="behaviour")
    return learner


@pytest.fixture(scope="module")
def learner(tmp_path_factory: pytest.TempPathFactory) -> BehaviourLearner:
    """Give a learner that knows how the turning ones turn; the last subject is kept from it."""
    return trained(study("turning")[:5], tmp_path_factory.mktemp("order"))


@pytest.fixture(scope="module")
def quality(learner: BehaviourLearner) -> Quality:
    return assess(ENCODER, learner, study("turning"), {"s5"}, TRAINING)


def test_order_that_matters_is_well_above_chance_and_harder_when_hardness_grows(quality: Quality) -> None:
    assert [check.hardness for check in quality.shuffle] == list(HARDNESS)
    accuracies = [check.accuracy for check in quality.shuffle]
    assert accuracies[0] > 0.9
    assert accuracies[-1] == min(accuracies)
    assert quality.shuffle[0].verdict == "well above chance"
    # Windows of 200 ms at 30 frames a second share no frame.
    assert 600 / 9 < quality.shuffle[0].windows <= 600 / 7
    assert all(check.low < check.accuracy <= check.high <= 1 for check in quality.shuffle)


def test_still_windows_are_at_chance(quality: Quality) -> None:
    assert quality.still.accuracy == pytest.approx(0.5, abs=0.06)
    assert quality.still.verdict == "at chance, as it must be"
    assert quality.still.hardness is None
    assert quality.still.windows >= quality.shuffle[0].windows


def test_order_that_means_nothing_is_near_chance(tmp_path: Path) -> None:
    recordings = study("wandering")
    learner = trained(recordings[:5], tmp_path / "a", steps=60)
    found = assess(ENCODER, learner, recordings, {"s5"}, TRAINING)
    for check in found.shuffle:
        assert check.low < 0.5 < check.high
        assert check.verdict == "near chance: train longer, or add recordings"


def test_what_was_held_out_is_said(quality: Quality, learner: BehaviourLearner) -> None:
    assert quality.held_out.by == "subject"
    assert quality.held_out.subjects == ("s5",)
    assert quality.held_out.recordings == ("r5",)
    by_time = assess(ENCODER, learner, study("turning", 3), set(), TRAINING)
    assert by_time.held_out.by == "time"
    assert by_time.held_out.recordings == ("r0", "r1", "r2")
    assert "last fifth" in by_time.held_out.meaning
    # A fifth of three recordings of 600 frames without a gap of a quarter, in windows of 7.
    assert 3 * 90 / 9 < by_time.shuffle[0].windows <= 3 * 90 / 7


def test_windows_of_the_last_fifth_never_reach_into_the_gap_before_it() -> None:
    one = recording(0, turning(400, 12))
    late = one.late_windows()
    first = one.frames[one.track.windows.before[late, 0]]
    end_of_training = round(0.8 * (400 - 5)) + 5
    assert first.min() == end_of_training + (400 - end_of_training) // 4
    assert one.frames[one.track.windows.before[late, -1]].max() == 399
    early = one.early_track()
    assert early.windows.centres.tolist() == list(range(3, end_of_training - 3))
    assert len(early.motion) == len(early.windows)


def test_a_subject_in_the_code_is_named_and_one_that_is_not_is_not(learner: BehaviourLearner) -> None:
    free = assess(ENCODER, learner, study("turning"), {"s5"}, TRAINING).subject
    assert free.subjects == 6
    assert free.chance == pytest.approx(1 / 6)
    assert free.codes < 0.3
    assert free.verdict == "the code hardly identifies the subject"
    assert free.maps > 0.9  # each bar has a brightness and an edge of its own
    looks = np.random.default_rng(0).normal(0, 0.5, (6, 12))
    marked = [recording(n, (turning(600, 12, n, n) + looks[n]).astype(np.float32)) for n in range(6)]
    told = assess(ENCODER, learner, marked, {"s5"}, TRAINING).subject
    assert told.codes > 0.9
    assert told.verdict.startswith("the code identifies the subject as well as the image does")


def circling(number: int, *columns: int) -> NDArray[np.float32]:
    """Postures that go round in two columns, with a little noise in all of them."""
    codes, angle = np.random.default_rng(number).normal(0, 0.03, (600, 12)), 0.25 * np.arange(600) + number
    codes[:, columns[0]] += np.cos(angle)
    codes[:, columns[1]] += np.sin(angle)
    return codes.astype(np.float32)


def test_a_mark_that_never_changes_goes_with_the_individual(learner: BehaviourLearner) -> None:
    parts = [circling(n, 0, 1) for n in range(4)]
    for number, codes in enumerate(parts):
        codes[:, 4 + number] = 1.0
    found = assess(ENCODER, learner, [recording(*one) for one in enumerate(parts)], set(), TRAINING)
    assert found.subject.codes > 0.9
    assert found.subject.nearest > 0.9
    assert found.subject.without_individual < 0.4
    assert found.subject.nearest_without_individual < 0.45
    rows = {name: (number, verdict) for name, number, verdict in found.rows()}
    assert rows["the same, individual removed"][0] == f"{found.subject.without_individual:.3f}"
    assert rows["subject among the nearest frames"][1].startswith("subjects mix on a map: it shows")


def test_what_differs_in_more_than_the_mean_is_still_named_by_the_nearest(learner: BehaviourLearner) -> None:
    """Each subject turns in a plane of its own: a linear classifier hardly sees it, a map does."""
    parts = [recording(n, circling(n, 2 * n, 2 * n + 1)) for n in range(4)]
    found = assess(ENCODER, learner, parts, set(), TRAINING)
    assert found.subject.without_individual < 0.7
    assert found.subject.nearest_without_individual > 0.9
    name, number, verdict = found.rows()[-1]
    assert (name, number) == ("subject among the nearest frames", "1.000")
    assert verdict.startswith("each subject stays an island on a map")


def test_checks_of_an_earlier_version_are_read(quality: Quality, tmp_path: Path) -> None:
    earlier = quality.model_dump(mode="json")
    for name in ("without_individual", "nearest", "nearest_without_individual"):
        del earlier["subject"][name]
    path = tmp_path / "quality.json"
    path.write_text(json.dumps(earlier), "utf-8")
    assert Quality.read(path).rows() == quality.rows()[:-2]


def test_rows_of_the_sheet_are_alike_and_of_other_subjects(quality: Quality) -> None:
    assert len(quality.sheet) == 6
    assert len({row.frame.recording for row in quality.sheet}) >= 4
    phases = []
    for row in quality.sheet:
        assert [one.cosine for one in row.nearest] == sorted(
            (one.cosine for one in row.nearest), reverse=True
        )
        assert len({one.subject for one in row.nearest} - {row.frame.subject}) == len(row.nearest) == 4
        turned = [0.25 * one.frame + int(one.recording[1:]) for one in (row.frame, *row.nearest)]
        apart = np.angle(np.exp(1j * (np.array(turned[1:]) - turned[0])))
        assert np.abs(apart).max() < 0.2  # the same posture, wherever it was
        phases.append(turned[0] % (2 * np.pi))
    gaps = np.diff(np.sort([*phases, min(phases) + 2 * np.pi]))
    assert gaps.max() < np.pi  # postures all around the turn


def test_with_two_subjects_neighbours_are_of_the_other_one(learner: BehaviourLearner) -> None:
    parts = [recording(n, turning(300, 12, n, n), subject="ab"[n % 2]) for n in range(4)]
    found = assess(ENCODER, learner, parts, set(), TRAINING)
    for row in found.sheet:
        assert {one.subject for one in row.nearest} == {"ab".replace(row.frame.subject, "")}
        assert len(row.nearest) == 4


def test_one_subject_alone(learner: BehaviourLearner) -> None:
    found = assess(ENCODER, learner, [recording(0, turning(400, 12))], set(), TRAINING)
    assert found.sheet == ()
    assert found.subject.codes is None
    assert found.subject.verdict.startswith("unknown")
    assert found.shuffle[0].accuracy > 0.8


def test_nothing_that_moves_is_unknown_and_not_a_number(learner: BehaviourLearner) -> None:
    posture = np.ones((300, 12), np.float32)
    found = assess(ENCODER, learner, [recording(n, posture) for n in range(2)], set(), TRAINING)
    assert [(check.windows, check.accuracy) for check in found.shuffle] == [(0, None)] * 5
    assert found.shuffle[0].verdict == "unknown: no held-out window has movement; add recordings"
    assert found.still.windows > 0


def test_rows_without_a_crop_are_never_used(learner: BehaviourLearner) -> None:
    codes = [turning(300, 12, n, n) for n in range(3)]
    gap = range(150, 155)  # as in the crops
    for one in codes:
        one[gap.start : gap.stop] = np.nan
    found = assess(ENCODER, learner, [recording(n, one) for n, one in enumerate(codes)], set(), TRAINING)
    assert found.subject.frames == 3 * 295
    assert not [one for row in found.sheet for one in (row.frame, *row.nearest) if one.frame in gap]


def test_the_file_says_the_same(quality: Quality, tmp_path: Path) -> None:
    path = tmp_path / "run" / "quality.json"
    quality.write(path)
    assert Quality.read(path) == quality
    assert b"NaN" not in path.read_bytes()
    assert quality.training == TRAINING
    for part in (*quality.shuffle, quality.still, quality.subject, quality.held_out):
        assert part.meaning.endswith(".")
        assert "\n" not in part.meaning


def test_a_file_that_is_missing_or_strange_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"^There are no checks at .*; train the run to its end\.$"):
        Quality.read(tmp_path / "quality.json")
    (tmp_path / "quality.json").write_text('{"seed": 1}')
    with pytest.raises(
        TrainingError, match=r"^The checks in .* cannot be read; remove the file and train again\.$"
    ):
        Quality.read(tmp_path / "quality.json")


def test_the_seed_decides_and_the_generator_of_others_is_left_alone(learner: BehaviourLearner) -> None:
    recordings = study("turning", 3, 300)
    before = torch.random.get_rng_state()
    one, same = (assess(ENCODER, learner, recordings, {"s2"}, TRAINING, seed=3) for _ in range(2))
    assert one == same
    assert torch.equal(torch.random.get_rng_state(), before)
    other = assess(ENCODER, learner, recordings, {"s2"}, TRAINING, seed=4)
    assert (other.shuffle, other.still, other.sheet) != (one.shuffle, one.still, one.sheet)


def test_progress_and_cancel(learner: BehaviourLearner) -> None:
    told: list[Progress] = []
    recordings = study("turning", 3, 300)
    assess(ENCODER, learner, recordings, set(), TRAINING, progress=told.append)
    steps = [event.step for event in told]
    assert steps == sorted(steps)
    assert (told[0].step, told[-1].share) == (0, 1)
    assert {event.stage for event in told} == {"quality"}
    cancel = threading.Event()

    def stop(event: Progress) -> None:
        if event.detail == "subjects":
            cancel.set()

    begun = time.monotonic()
    with pytest.raises(Cancelled):
        assess(ENCODER, learner, recordings, set(), TRAINING, progress=stop, cancel=cancel)
    assert time.monotonic() - begun < 5


def test_a_held_out_subject_without_a_recording_is_refused(learner: BehaviourLearner) -> None:
    with pytest.raises(TrainingError, match=r"^There is no recording of s9 to check; pass all"):
        assess(ENCODER, learner, study("turning", 2, 100), {"s9"}, TRAINING)
    with pytest.raises(TrainingError, match="any subject"):
        assess(ENCODER, learner, [], set(), TRAINING)


def test_order_read_from_the_frame_rate_is_found_out(
    learner: BehaviourLearner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pattern(_: object, windows: NDArray[np.float32], hardness: float, seed: int) -> NDArray[np.float64]:
        """Answer by how noise changes over the steps, as a network that cheats would."""
        steps = (windows - windows.mean(1, keepdims=True)).var(2)
        rng = np.random.default_rng(seed)
        mixed = np.stack([one[rng.permutation(len(one))] for one in steps])
        expected = steps.mean(0)
        return (steps @ expected > mixed @ expected).astype(float)

    codes = turning(600, 12)
    slow = CheckedRecording(
        "r", "s", TurningBars(0, frames=600), np.arange(600), track_of(codes, CONFIG, fps=24.0)
    )
    monkeypatch.setattr(probes, "order_accuracy", pattern)
    # 24 frames a second do not lie on the steps of the windows, and noise between two frames is less.
    found = assess(ENCODER, learner, [slow], set(), TRAINING)
    assert found.still.verdict.startswith("not at chance")


@pytest.mark.parametrize(
    ("right", "of", "low", "high"), [(0.5, 100, 0.4038, 0.5962), (1.0, 20, 0.8389, 1.0), (0.0, 10, 0, 0.2775)]
)
def test_the_interval(right: float, of: int, low: float, high: float) -> None:
    assert probes.wilson(right, of) == pytest.approx((low, high), abs=1e-4)


def test_checks_are_frozen_and_refuse_strangers() -> None:
    with pytest.raises(ValueError, match="frozen"):
        ShuffleCheck(meaning="a", verdict="b", windows=1).windows = 2
    with pytest.raises(ValueError, match="Extra inputs"):
        ShuffleCheck(meaning="a", verdict="b", windows=1, colour="red")
