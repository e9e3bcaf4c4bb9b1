"""The command that prints how true the tests of the analyses are."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks" / "statistics"


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import the command, as `python benchmarks/statistics` does."""
    monkeypatch.syspath_prepend(FOLDER.parent)
    monkeypatch.syspath_prepend(FOLDER)
    spec = importlib.util.spec_from_file_location("statistics_command", FOLDER / "__main__.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_test_can_be_run_and_python_keeps_its_own_module(command: ModuleType) -> None:
    for name in command.TESTS:
        assert callable(importlib.import_module(f"_{name}").main)
    sys.modules.pop("statistics", None)
    assert importlib.import_module("statistics").mean([1, 3]) == 2


def test_an_unknown_test_is_refused_with_a_choice(
    command: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        command.main(["recovery", "sleep"])
    assert "there is no test 'sleep'; choose some of groups, recovery" in capsys.readouterr().err


def test_what_is_planted_on_the_map_is_found_only_with_the_right_labels(command: ModuleType) -> None:
    found = importlib.import_module("_map")
    planted = found.world_of(np.random.default_rng(5), 16, planted=0.4)
    cluster = found.TESTS.index("cluster")
    assert found.found_in(planted, np.repeat([0, 1], 8), False, 0)[cluster]
    assert not found.found_in(planted, np.tile([0, 1], 8), False, 0)[cluster]
