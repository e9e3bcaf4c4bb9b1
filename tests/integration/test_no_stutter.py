"""What the plugin adds to a step of the slider.

Measured by ``benchmarks/stutter.py`` against napari alone with the same array, in CPU time of the main
thread, in short blocks that take turns, so that a loaded machine changes little.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from vispy.gloo.glir import GlirProgram

from napari_ubam.plugin.io.marks import mark_of
from napari_ubam.plugin.viewer.link import link_of
from napari_ubam.plugin.viewer.own_layers import own_layers
from real_window import Window

pytestmark = pytest.mark.slow

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
STEPS = 100


@pytest.fixture
def stutter() -> Iterator[Any]:
    """Give the benchmark as a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)  # where the script finds its own modules
        yield import_module("stutter")
    for name in ("stutter", "_pulse", "_common"):
        sys.modules.pop(name, None)


@pytest.fixture
def pair(run_window: Window, make_napari_viewer: Any, stutter: Any) -> Any:
    """Give the window of a run and a plain one."""
    made = stutter.Pair(run_window.viewer, make_napari_viewer(show=True))
    made.compare(stutter.BLOCK)
    return made


def added(stutter: Any, what: str, both: Any) -> float:
    """Print a comparison, and give what we add to a usual step, in milliseconds of CPU time."""
    for row in stutter.rows_of(what, both):
        print(*row, sep=" | ")
    ours, alone = (stutter.summary(one.spans.cpu)[0] for one in both)
    return float(ours - alone)


def longest(what: str, blocks: Any) -> float:
    """Print the blocks of the main thread, and give the longest in milliseconds of CPU time."""
    print(what, *blocks.row(), sep=" | ")
    return max(blocks.cpu)


def test_a_step_of_the_slider_adds_little(pair: Any, stutter: Any) -> None:
    alone = pair.compare(STEPS)
    assert alone[0].drawings == len(alone[0].spans.cpu)  # the frame and its score are drawn together
    usual = stutter.summary(alone[1].spans.cpu)[0]
    assert added(stutter, "alone", alone) < 0.8 * usual  # it was 1.4 of what napari takes alone


def test_the_window_answers_while_layers_are_added_and_recordings_change(pair: Any, stutter: Any) -> None:
    """Adding again costs less than napari takes to add layers once, since nothing is removed (once 0.9 s)."""
    viewer, link = pair.viewer, pair.link
    outlines = own_layers(viewer, role="score")
    # The first time is only printed: it holds what napari does once in a process, in either window.
    longest("Add layers", stutter.add_layers(pair))
    again = longest("once more", stutter.add_layers(pair))
    alone = longest("napari alone", stutter.added_by_napari(pair))
    assert again < alone
    name, video = link.here()[0], link.layer_of(link.session.find_recording(link.here()[0]))
    stutter.change_recording(pair)
    assert own_layers(viewer, role="score") == outlines  # removing it would stop the window
    assert outlines[0].name == f"{name}, deviation"
    assert set(outlines[0].metadata["scores"]["recording"]) == {name}
    assert mark_of(outlines[0])["video"] == mark_of(video)["video"]


def test_the_window_hears_of_a_training_at_little_cost(pair: Any, stutter: Any) -> None:
    costs = stutter.events_of_training(pair)
    print("each event of a training", *costs.row(), sep=" | ")
    step = stutter.summary(pair.compare(stutter.BLOCK)[1].spans.cpu)[0]
    assert stutter.summary(costs.cpu)[0] < 2 * step  # it was 4 steps, with the curves behind a tab


def test_the_outline_changes_its_colour_without_a_new_program(
    run_window: Window, stutter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = run_window.viewer
    name = f"{link_of(viewer).session.recording}, deviation"
    run_window.wait(lambda: name in viewer.layers)
    scrubber = stutter.Scrubber(viewer)
    scrubber.scrub([1, 2])
    linked: list[int] = []
    link_program = GlirProgram.link_program
    monkeypatch.setattr(GlirProgram, "link_program", lambda one: linked.append(1) or link_program(one))
    colours = set()
    for frame in range(30, 60):
        scrubber.scrub([frame])
        colours.add(tuple(viewer.layers[name].edge_color[0]))
    assert len(colours) > 2
    assert linked == []
