"""The worlds of benchmarks/worlds: their truth, and the studies that the package's own renderer draws."""

from __future__ import annotations

import csv
import importlib
import importlib.util
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import napari_ubam as ubam

FOLDER = Path(__file__).parents[2] / "benchmarks" / "worlds"
WORLDS = ("people", "rats", "dogs", "reach")
FRAMES = 450  # 15 s, as in a study


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import a module of the folder, as the command does."""
    monkeypatch.syspath_prepend(FOLDER)
    return importlib.import_module


@pytest.fixture
def command(load: Any) -> Any:
    """Return the command."""
    spec = importlib.util.spec_from_file_location("worlds_command", FOLDER / "__main__.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def subjects_of(load: Any, world: ModuleType, seed: int = 1) -> list[Any]:
    """Return the subjects of a study of the usual size."""
    return load("_cast").cast(world.KINDS, seed, 8, 6)


@pytest.mark.parametrize("name", WORLDS)
def test_every_impaired_subject_has_one_kind_and_two_have_it_all_the_time(load: Any, name: str) -> None:
    world = load(name)
    subjects = subjects_of(load, world)
    assert [who.group for who in subjects] == ["healthy"] * 8 + ["impaired"] * 6
    episodic = [who for who in subjects if who.course == "episodic"]
    assert len({who.kind for who in episodic}) == 4
    assert sum(who.course == "constant" for who in subjects) == 2
    assert {who.kind for who in subjects if who.group == "impaired"} <= set(world.KINDS)
    assert all(who.severity > 0.7 for who in subjects[8:])


@pytest.mark.parametrize("name", WORLDS)
def test_truth_has_an_angle_for_every_joint_and_bouts_of_about_a_fifth(load: Any, name: str) -> None:
    world = load(name)
    shares = []
    for who in (subject for seed in (1, 2) for subject in subjects_of(load, world, seed)[6:]):
        truth = world.truth_of(who, FRAMES, 30.0)
        assert truth.angles.shape == (FRAMES, len(truth.joints))
        assert np.isfinite(truth.angles).all()
        assert truth.deviating.dtype == bool
        share = float(truth.deviating.mean())
        if who.course == "episodic":
            shares.append(share)
        else:
            assert share == (who.course == "constant")
    assert all(0.08 <= share <= 0.36 for share in shares)
    assert 0.15 <= np.mean(shares) <= 0.25


@pytest.mark.parametrize("name", WORLDS)
def test_a_seed_gives_the_same_truth_again_and_another_seed_another_one(load: Any, name: str) -> None:
    world = load(name)
    once, again, other = (
        world.truth_of(subjects_of(load, world, seed)[9], 90, 30.0).angles for seed in (1, 1, 2)
    )
    assert np.array_equal(once, again)
    assert np.abs(once - other).max() > 5


@pytest.mark.parametrize("name", WORLDS)
def test_every_kind_changes_the_movement(load: Any, name: str) -> None:
    world = load(name)
    ill = next(who for who in subjects_of(load, world) if who.course == "constant")
    usual = world.truth_of(replace(ill, kind="", course="none", severity=0.0), 240, 30.0).angles
    for kind in world.KINDS:
        changed = world.truth_of(replace(ill, kind=kind, severity=1.0), 240, 30.0).angles
        spread = np.abs(changed.mean(0) - usual.mean(0)) + np.abs(changed.std(0) - usual.std(0))
        assert spread.max() > 5, kind


def test_gait_curves_are_those_of_healthy_adults(load: Any) -> None:
    curve, phase = load("_people_gait").curve, np.arange(100) / 100
    hip, knee, ankle = (curve(joint, phase) for joint in ("hip", "knee", "ankle"))
    assert 18 <= hip.max() <= 26
    assert -14 <= hip.min() <= -8
    assert 58 <= knee.max() <= 68
    assert 0.68 <= phase[knee.argmax()] <= 0.76  # swing
    assert 15 <= knee[8:22].max() <= 24  # loading
    assert -3 <= knee.min() <= 6
    assert 7 <= ankle.max() <= 13
    assert 0.38 <= phase[ankle.argmax()] <= 0.50
    assert -24 <= ankle.min() <= -15
    assert 0.58 <= phase[ankle.argmin()] <= 0.66  # push-off


def test_healthy_persons_stay_within_the_published_ranges(load: Any) -> None:
    people = load("people")
    for who in subjects_of(load, people)[:8]:
        truth = people.truth_of(who, 240, 30.0)
        angles = dict(zip(truth.joints, truth.angles.T, strict=True))
        for side in ("right", "left"):
            assert 15 <= angles[f"{side} hip"].max() <= 35
            assert -26 <= angles[f"{side} hip"].min() <= -6
            assert 52 <= angles[f"{side} knee"].max() <= 72
            assert -1 <= angles[f"{side} knee"].min() <= 10
            assert 5 <= angles[f"{side} ankle"].max() <= 20
            assert -32 <= angles[f"{side} ankle"].min() <= -10


@pytest.mark.parametrize("kind", ["", "foot_drop", "stiff_knee", "antalgic", "shuffle", "tremor"])
def test_shoes_neither_slide_on_the_belt_nor_sink_into_it(load: Any, kind: str) -> None:
    people, body = load("people"), load("_people_body")
    ill = next(who for who in subjects_of(load, people) if who.course == "constant")
    who = replace(ill, kind=kind, course="constant" if kind else "none", severity=1.2 if kind else 0.0)
    motion = people.truth_of(who, 240, 30.0).motion
    sizes, walk, kept = people.sizes_of(who), motion["walk"], motion["kept"]
    rest = body.rest_of(sizes, body.Build.of(who))
    pose = body.pose_of(motion["intent"], walk, sizes, rest)
    inside = slice(kept.start, kept.stop)
    for side in ("right", "left"):
        bone = body.BONES.index(f"{side} foot")
        ends = [
            pose.places[:, bone] + pose.turns[:, bone] @ np.array([x, 0, -sizes.ankle])
            for x in (-sizes.heel, sizes.ball)
        ]
        assert min(end[inside, 2].min() for end in ends) > -0.002  # metres
        phase = motion["intent"].phase[side] % 1
        standing = ((phase > 0.12) & (phase < 0.32))[inside]
        slide = np.gradient(ends[1][:, 0] + walk.belt)[inside] * 30 * people.INNER
        assert np.abs(slide[standing]).max() < 0.01  # metres per second


def test_a_dogs_paw_stands_still_between_two_steps(load: Any) -> None:
    dogs, body = load("dogs"), load("_dogs_body")
    motion = dogs.truth_of(subjects_of(load, dogs)[0], 300, 30.0).motion
    for leg, end in (("left hind", "toes"), ("right fore", "fingers")):
        place = motion["pose"].places[:, body.BONES.index(f"{leg} {end}")]
        speed = np.hypot(*np.diff(place[:, :2], axis=0).T) * 30
        assert 0.4 < (speed < 0.02).mean() < 0.8
        assert place[:, 2].min() > 0.02


def test_seeds_of_the_judge_are_refused_without_the_flag(command: Any, tmp_path: Path) -> None:
    asked = ["rats", str(tmp_path / "study"), "--seed", "900"]
    asked += ["--frames", "2", "--reference", "1", "--impaired", "0"]
    with pytest.raises(SystemExit, match="Seed 900 belongs to the judge"):
        command(asked)
    assert not (tmp_path / "study").exists()
    command([*asked, "--judge"])
    assert (tmp_path / "study" / "study.csv").exists()


@pytest.mark.parametrize("name", ["rats", "reach"])
def test_a_study_can_be_read_and_the_same_seed_gives_the_same_files(
    command: Any, tmp_path: Path, name: str
) -> None:
    options = ["--seed", "3", "--reference", "1", "--impaired", "1", "--frames", "6", "--size", "160", "120"]
    for folder in ("one", "two"):
        command([name, str(tmp_path / folder), *options])
    one, two = tmp_path / "one", tmp_path / "two"
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert {"study.csv", "truth.csv", "sheet.png", "world.json"} <= {str(path) for path in files}
    for path in files:
        assert (one / path).read_bytes() == (two / path).read_bytes(), path
    study = ubam.Study.from_csv(one / "study.csv")
    assert [recording.group for recording in study] == ["healthy", "impaired"]
    for recording in study:
        with ubam.open_video(recording.video) as video:
            assert len(video) == 6
            assert video[0].shape[:2] == (120, 160)
        with np.load(one / "truth" / f"{recording.name}.npz") as truth:
            assert truth["angles"].shape == (6, len(truth["joints"]))
            assert truth["deviating"].shape == truth["envelope"].shape == (6,)
    with (one / "truth.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["course"] for row in rows] == ["none", "episodic"]


def test_a_folder_with_another_study_is_refused(command: Any, tmp_path: Path) -> None:
    few = ["--reference", "1", "--impaired", "0", "--frames", "2"]
    command(["rats", str(tmp_path), "--seed", "1", *few])
    with pytest.raises(SystemExit, match="has another study"):
        command(["rats", str(tmp_path), "--seed", "2", *few])
