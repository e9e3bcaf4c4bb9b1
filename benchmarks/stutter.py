"""Does the window stutter? ``python benchmarks/stutter.py RUN [STEPS] [alone]``.

A copy of a run with a magnifier is opened with all panels. Beside it, in the same process, a plain napari
viewer shows the same lazy array, without anything of ours. Both are scrubbed at random in short blocks that
take turns, so that other users of the machine slow both: alone, beside a training (not if the word ``alone``
is given), and with magnified layers. Then the main thread is watched while nobody touches anything, while the
slider comes to rest, and while layers are added.

CPU times are those of the main thread. Wall times only mean something on a machine that does nothing else. On
a machine without a screen, run it under ``xvfb-run -a -s "-screen 0 1400x950x24"``.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from _common import print_table
from _pulse import Pulse, Scrubber, Spans, idle, summary, wait_for
from qtpy.QtWidgets import QLabel, QWidget

BLOCK = 20  # steps of one viewer until it is the turn of the other
STEPS = 400  # steps of each viewer
HEADER = ("", "CPU p50", "p99", "max", "wall p50", "p99", "max", "drawings per step")


class Pair:
    """A window with all panels and a run, and a plain one with the same array, both of one size.

    Qt puts the whole window together at each drawing, so a larger window costs more. The plain one has empty
    docks where the panels are, and nearly the same canvas.

    Parameters
    ----------
    viewer : napari.Viewer
        With the panels and a run that shows a recording.
    plain : napari.Viewer
        Empty.
    """

    def __init__(self, viewer: Any, plain: Any) -> None:
        from napari_ubam.plugin.viewer.link import link_of

        self.viewer, self.plain = viewer, plain
        self.link = link_of(viewer)
        self._show_in(plain)
        self.frames = int(viewer.dims.nsteps[0])
        self._random = np.random.default_rng(0)

    def _show_in(self, plain: Any) -> None:
        """Show the recording in the plain viewer, on a canvas of the same size."""
        name = self.link.here()[0]
        video = self.link.layer_of(self.link.session.find_recording(name))
        plain.add_image(
            video.data, rgb=video.rgb, scale=video.scale, multiscale=False, cache=False, name=video.name
        )
        ours, theirs = (one.window._qt_viewer.canvas.native for one in (self.viewer, plain))
        needed = self.viewer.window._qt_window.size() - ours.size()
        kept = plain.window._qt_window.size() - theirs.size()
        for area, width, height in (
            ("right", needed.width() - kept.width(), 0),
            ("bottom", 0, needed.height() - kept.height()),
        ):
            empty = QWidget()
            empty.setMinimumSize(width, height)
            plain.window.add_dock_widget(empty, name=f"empty {area}", area=area)
        plain.window._qt_window.resize(self.viewer.window._qt_window.size())
        idle(0.3)

    def compare(self, steps: int = STEPS) -> tuple[Scrubber, Scrubber]:
        """Scrub both viewers in blocks that take turns: first ours, then napari's alone."""
        both = Scrubber(self.viewer), Scrubber(self.plain)
        for number in range(max(steps // BLOCK, 1)):
            frames = self._random.integers(self.frames, size=BLOCK)
            for one in both if number % 2 else both[::-1]:
                one.scrub(frames)
        return both


def rows_of(what: str, both: tuple[Scrubber, Scrubber]) -> list[list[str]]:
    """Give the rows of a comparison, and their difference."""
    ours, plain = both
    rows = [
        [f"{what}, {name}", *one.spans.row(), f"{one.drawings / len(one.spans.cpu):.1f}"]
        for name, one in (("with the plugin", ours), ("napari alone", plain))
    ]
    differences = [
        f"{mine - theirs:+.1f}"
        for kind in ("cpu", "wall")
        for mine, theirs in zip(
            summary(getattr(ours.spans, kind)), summary(getattr(plain.spans, kind)), strict=True
        )
    ]
    return [*rows, [f"**{what}, difference**", *differences, ""]]


def added(both: tuple[Scrubber, Scrubber]) -> float:
    """Give what we add to a step at p99, in CPU milliseconds of the main thread."""
    ours, plain = both
    return summary(ours.spans.cpu)[1] - summary(plain.spans.cpu)[1]


def watched(work: Callable[[], object], until: Callable[[], object], rest: float = 0.5) -> Spans:
    """Watch the main thread while it works, until a condition holds and a while longer."""
    with Pulse().ticking() as blocks:
        work()
        wait_for(until)
        idle(rest)
    return blocks


def add_layers(pair: Pair) -> Spans:
    """Add magnified layers by the button of the panel."""
    from napari_ubam.plugin.panels.magnify import MagnifyPanel

    (panel,) = pair.viewer.window._qt_window.findChildren(MagnifyPanel)
    foot = panel.findChild(QLabel, "ubam-foot")
    return watched(panel.results.add_layers, lambda: not foot.text().startswith("Magnifying"))


def added_by_napari(pair: Pair) -> Spans:
    """Add layers like the magnified ones to the plain viewer, with arrays in memory, one after the other."""
    blocks = Spans()
    for layer in [one for one in pair.viewer.layers if "magnification" in one.metadata]:
        empty = np.zeros(layer.data.shape, layer.data.dtype)
        look = {"rgb": layer.rgb, "scale": layer.scale, "translate": layer.translate, "cache": False}
        one = watched(lambda data=empty, look=look: pair.plain.add_image(data, **look), lambda: True, 0.3)
        blocks.cpu += one.cpu
        blocks.wall += one.wall
    return blocks


def events_of_training(pair: Pair, many: int = 20) -> Spans:
    """Let the window hear of a training that does not run, as often as the panels look for events."""
    from types import SimpleNamespace

    from napari_ubam.jobs import JobState
    from napari_ubam.plugin.state.job_progress import JobProgress
    from napari_ubam.progress import Progress

    session, before = pair.link.session, pair.link.session.job_progress
    job: Any = SimpleNamespace(
        kind="train", folder=session.run_folder, new_events=list, state=lambda: JobState("running")
    )
    session.job_progress = progress = JobProgress(job)
    costs = Spans()
    for step in range(1, many + 1):
        losses = {name: 1 / (1 + step / scale) for name, scale in (("a", 100), ("b", 50), ("c", 90))}
        made = Progress("posture", step, 10 * many, losses=losses, eta=600.0 - step)
        progress.add(SimpleNamespace(progress=lambda made=made: made))
        wall, cpu = time.perf_counter(), time.thread_time()
        session.job_changed.emit()
        idle(0.25)
        costs.add(time.perf_counter() - wall - 0.25, time.thread_time() - cpu)
    session.job_progress = before
    session.job_changed.emit()
    idle(0.25)
    return costs


def change_recording(pair: Pair) -> tuple[Spans, Spans]:
    """Go to a recording whose video is not open, and back."""
    here = pair.link.here()[0]
    other = next(one for one in pair.link.session.study.names if one != here)

    def go(name: str) -> Spans:
        return watched(lambda: pair.link.show(name), lambda: pair.link.here()[0] == name, 1.0)

    return go(other), go(here)


def closing_of_a_second(pair: Pair) -> tuple[Spans, Spans, Spans]:
    """Scrub while a second viewer is there and after it was closed; give both, and the blocks of closing."""
    import napari

    other = napari.Viewer(title="second")
    other.add_image(np.zeros((5, 100, 100)))
    idle(0.5)
    frames = np.random.default_rng(1).integers(pair.frames, size=BLOCK)
    before, after = Scrubber(pair.viewer), Scrubber(pair.viewer)
    before.scrub(frames)
    blocks = watched(other.close, lambda: True, 1.0)
    after.scrub(frames)
    return before.spans, after.spans, blocks


def train_beside(pair: Pair, minutes: float = 10.0, until_steps: bool = True) -> Callable[[], None]:
    """Train the run's model anew, as the Train panel does; give what ends the training.

    It returns with the first step of the training, or with its first sign of life, where time is short.
    """
    from napari_ubam.jobs.events import read_events

    session = pair.link.session
    folder = session.run_folder
    command = ["train", str(folder / "study.csv"), "--run", str(folder), "--minutes", str(minutes)]
    job = session.start(folder, [*command, "--preset", "tiny", "--device", "cpu", "--restart"]).job
    wait_for(
        lambda: any(one.values.get("losses") or not until_steps for one in read_events(job.events, 0)[0]), 300
    )

    def end() -> None:
        import psutil

        for one in (*psutil.Process(job.pid).children(recursive=True), psutil.Process(job.pid)):
            one.kill()
        wait_for(lambda: not session.is_working)

    return end


def opened(run: Path) -> Pair:
    """Open both windows."""
    import napari

    from napari_ubam.plugin.commands.view import view_run
    from napari_ubam.plugin.viewer.link import link_of

    viewer = view_run(run, block=False)
    viewer.window.resize(1400, 900)
    wait_for(lambda: link_of(viewer).here() is not None and link_of(viewer).session.results is not None)
    idle(1.0)
    return Pair(viewer, napari.Viewer(title="plain"))


def main(run: Path, steps: int = STEPS, training: bool = True) -> None:
    """Measure, and print the tables."""
    os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp()) / "napari.yaml")
    # Beside the run, because its study may name the videos from there.
    folder = Path(tempfile.mkdtemp(dir=run.resolve().parent))
    shutil.copytree(run, folder, dirs_exist_ok=True)
    pair = opened(folder)
    pair.compare(2 * BLOCK)  # reads the frames once
    rows = rows_of("alone", pair.compare(steps))
    blocks = {"hands off": watched(lambda: None, lambda: True, 4.0)}
    blocks["the slider comes to rest"] = watched(
        lambda: pair.viewer.dims.set_current_step(0, 7), lambda: True, 2
    )
    blocks["each event of a training"] = events_of_training(pair)
    if training:
        end = train_beside(pair)
        rows += rows_of("beside a training", pair.compare(steps))
        blocks["hands off, beside a training"] = watched(lambda: None, lambda: True, 10.0)
        end()
    blocks["Add layers, first time"] = add_layers(pair)
    blocks["Add layers, once more"] = add_layers(pair)
    rows += rows_of("with magnified layers", pair.compare(steps))
    blocks["napari alone adds the same layers"] = added_by_napari(pair)
    blocks["another recording, opened"], blocks["the first recording again"] = change_recording(pair)
    steps_before, steps_after, blocks["closes a second viewer"] = closing_of_a_second(pair)
    blocks["a step before a second viewer closes"], blocks["a step after that"] = steps_before, steps_after
    print_table("A step of the slider, milliseconds", HEADER, rows)
    print_table(
        "Blocks of the main thread, milliseconds",
        HEADER[:-1],
        [[name, *one.row()] for name, one in blocks.items()],
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), *(int(one) for one in sys.argv[2:3]), training="alone" not in sys.argv)
    sys.stdout.flush()
    os._exit(0)  # closing is measured elsewhere
