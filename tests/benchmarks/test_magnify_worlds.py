"""Truth at any factor, and the measures of magnified frames."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import a module of the benchmarks or of the worlds, as the commands do."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    monkeypatch.syspath_prepend(BENCHMARKS / "worlds")
    return importlib.import_module


@pytest.mark.parametrize(("name", "place"), [("rats", 8), ("people", 9), ("dogs", 11), ("reach", 8)])
def test_a_factor_scales_the_deviation_and_nothing_else(load: Any, name: str, place: int) -> None:
    world = load(name)
    who = load("_cast").cast(world.KINDS, 1, 8, 6)[place]
    none, filmed, twice = (world.truth_of(who, 300, 30.0, factor).angles for factor in (0.0, 1.0, 2.0))
    envelope = world.truth_of(who, 300, 30.0).envelope
    calm = np.flatnonzero(envelope == 0)
    after_a_bout = calm[calm > np.flatnonzero(envelope > 0.9)[0]]
    assert np.median(np.abs(filmed - none)[after_a_bout]) < 0.3
    bout = envelope > 0.9
    once, doubled = (np.abs(part - none)[bout].mean() for part in (filmed, twice))
    assert once > 1
    assert doubled > 1.4 * once


def test_the_truth_itself_has_the_best_measures_and_the_frame_none(load: Any) -> None:
    module = load("_magnify_worlds")
    grey = np.random.default_rng(0).uniform(60, 200, (3, 8, 10)).repeat(8, 1).repeat(8, 2).astype(np.float32)
    moved = grey.copy()
    moved[:, 16:48, 24:56] = np.roll(grey, 4, axis=2)[:, 16:48, 24:56]
    case = module.Case("one", "limp", [0, 1, 2], grey, {1.0: grey, 2.0: moved})
    right, frame = module.numbers_of(case, moved, 2.0), module.numbers_of(case, grey, 2.0)
    half = module.numbers_of(case, (grey + moved) / 2, 2.0)
    assert right["correlation"] == pytest.approx(1)
    assert right["slope"] == pytest.approx(1)
    assert half["slope"] == pytest.approx(0.5)
    assert frame["correlation"] == frame["slope"] == 0
    assert right["psnr"] > half["psnr"] > frame["psnr"]
    assert frame["off"] == 60
    assert right["off"] > 55
    lighter = module.numbers_of(case, moved + np.float32(5), 2.0)
    assert lighter["off"] < 40
