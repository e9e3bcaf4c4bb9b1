"""The fidelity benchmark as a command, on a herd that is too small to mean anything."""

from __future__ import annotations

import importlib
import json
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from napari_ubam.families import FAMILIES
from small_paper import small_paper

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SMALL = ["--seeds", "1", "--frames", "60", "--training", "2", "1", "--held-out", "1", "1", "--steps", "2"]
METHODS = [
    "pixels",
    "HOG",
    "HOG, own mean removed",
    "untrained network",
    "napari-ubam tiny",
    "paper, the published network",
    "the same encoder, trained on joint angles",
    "true joint angles",
]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any], Path]:
    """Run the command once: its output, its numbers and its cache."""
    folder = tmp_path_factory.mktemp("fidelity")
    options = ["--device", "cpu", "--cache", str(folder / "crops"), "--json", str(folder / "numbers.json")]
    published = small_paper()  # nothing that is tested here depends on its width
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as text:
        patch.setitem(FAMILIES[published.family].presets, "paper", published)
        patch.syspath_prepend(BENCHMARKS)  # where the script finds its own modules
        # In this process, since torch and Lightning take longer to load than the benchmark to run.
        importlib.import_module("fidelity").main([*SMALL, *options])
    return text.getvalue(), json.loads((folder / "numbers.json").read_text("utf-8")), folder / "crops"


def rows_of(text: str, title: str) -> dict[str, list[str]]:
    """Rows of a printed table by their first cell."""
    part = text.partition(f"### {title}")[2].partition("###")[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0]: row[1:] for row in cells}


@pytest.mark.slow
def test_every_method_has_a_row(done: tuple[str, dict[str, Any], Path]) -> None:
    text, numbers, _ = done
    for title in ("Fidelity", "AUROC by kind of deviation", "Pairs ranked"):
        rows = rows_of(text, title)
        assert [name for name in rows if name in METHODS] == METHODS
        assert len({len(cells) for cells in rows.values()}) == 1
    assert list(numbers["methods"]) == METHODS


@pytest.mark.slow
def test_the_truth_explains_itself_and_ignores_the_light(done: tuple[str, dict[str, Any], Path]) -> None:
    _, numbers, _ = done
    (truth,) = numbers["methods"]["true joint angles"]
    (pixels,) = numbers["methods"]["pixels"]
    assert truth["r2"] > 0.99 > pixels["r2"]
    assert truth["light_change_posture"] == truth["light_change_behaviour"] == 0
    assert pixels["light_change_posture"] != 0
    assert truth["auroc_window"] > 0.9


@pytest.mark.slow
def test_floors_are_those_of_the_trained_network(done: tuple[str, dict[str, Any], Path]) -> None:
    text, numbers, _ = done
    (network,) = numbers["methods"]["napari-ubam tiny"]
    floors = {floor["name"]: floor for floor in numbers["floors"]}
    assert floors["R²"]["value"] == pytest.approx(network["r2"])
    assert not floors["R²"]["passed"]
    printed = rows_of(text, "Floors of napari-ubam tiny")
    assert {name: cells[-1] == "yes" for name, cells in printed.items() if name in floors} == {
        name: floor["passed"] for name, floor in floors.items()
    }


@pytest.mark.slow
def test_what_was_rendered_is_kept(done: tuple[str, dict[str, Any], Path]) -> None:
    _, numbers, cache = done
    assert (
        len(list(cache.glob("*.npz"))) == 2 + 1 + 1 + 1 + 1
    )  # the last one is the healthy animal in another light
    assert numbers["seeds"] == [0]
    assert numbers["versions"]["torch"]
