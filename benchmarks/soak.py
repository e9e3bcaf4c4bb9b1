"""Does the window live through fast random scrubbing? ``python benchmarks/soak.py RUN [MINUTES] [TIMES]``.

Each time, a new process opens the run with all panels, jumps to random frames and now and then to another
recording, takes the outline of the scores away and back, adds and removes magnified layers, and opens and
closes a second viewer. The number of steps, of errors that vispy or napari-ubam log, and the end of each
process are printed; a process that ends by itself prints where (Python's ``faulthandler``). On a machine
without a screen, run it under ``xvfb-run -a -s "-screen 0 1400x950x24"``.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from _common import print_table

MINUTES, TIMES = 20.0, 5
SWITCH, TOGGLE = 400, 150  # steps between two recordings, and between two changes of the outline
MAGNIFY, SECOND = 250, 500  # steps between adding and removing magnified layers, and between second viewers
SPAN = 6  # frames that are magnified


class Errors(logging.Handler):
    """Counts what vispy and napari-ubam log as a warning or an error."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.count = 0
        for name in ("vispy", "napari_ubam"):
            logging.getLogger(name).addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Count a record, and print the first ones."""
        self.count += 1
        if self.count < 4:
            print(record.getMessage()[:500], file=sys.stderr, flush=True)


def magnify_or_remove(viewer: Any, frame: int) -> None:
    """Add magnified layers of the recording that is shown, or remove those that are there."""
    from napari_ubam.plugin.panels.magnify import MagnifyPanel
    from napari_ubam.plugin.viewer.own_layers import own_layers, remove_own

    there = [
        one for role in ("magnified", "reference", "difference") for one in own_layers(viewer, role=role)
    ]
    for layer in there:
        remove_own(viewer, layer)
    (panel,) = viewer.window._qt_window.findChildren(MagnifyPanel)
    if not there and panel.results.add.isEnabled():
        start = min(frame, int(viewer.dims.nsteps[0]) - SPAN)
        panel.span.set_span(start, start + SPAN)
        panel.results.add.click()


def open_and_close(data: Any) -> None:
    """Draw a layer in a second viewer, and close it."""
    import napari
    from qtpy.QtTest import QTest

    second = napari.Viewer()
    second.add_image(data)
    QTest.qWait(200)
    second.close()


def scrub(folder: Path, minutes: float) -> None:
    """Scrub in this process."""
    os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp()) / "napari.yaml")
    import numpy as np
    from qtpy.QtTest import QTest

    from napari_ubam.plugin.commands.view import view_run
    from napari_ubam.plugin.panels.deviation import DeviationPanel
    from napari_ubam.plugin.viewer.link import link_of

    viewer = view_run(folder, block=False)
    link, random = link_of(viewer), np.random.default_rng(0)
    while link.here() is None:
        QTest.qWait(50)
    window = viewer.window._qt_window
    (panel,) = window.findChildren(DeviationPanel)
    names = link.session.run_study.names
    errors, steps, end = Errors(), 0, time.monotonic() + 60 * minutes
    while time.monotonic() < end:
        steps += 1
        viewer.dims.set_current_step(0, int(random.integers(viewer.dims.nsteps[0])))
        if steps % SWITCH == 0:
            link.show(str(random.choice(names)))
        if steps % TOGGLE == 0:
            panel.on_picture.toggle()
        if steps % MAGNIFY == 0:
            magnify_or_remove(viewer, int(viewer.dims.current_step[0]))
        if steps % SECOND == 0:
            open_and_close(np.zeros((64, 64), np.uint8))
        QTest.qWait(int(random.integers(0, 8)))
    print(f"{steps} {errors.count}", flush=True)
    os._exit(0)  # closing is measured elsewhere


def main(folder: Path, minutes: float = MINUTES, times: int = TIMES) -> int:
    """Scrub several times, each in a new process; give the number of processes that failed."""
    rows: list[list[str]] = []
    for number in range(times):
        command = [sys.executable, "-X", "faulthandler", __file__, str(folder), str(minutes), "inside"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        said = done.stdout.strip().splitlines()[-1:] or ["none"]
        steps, errors = said[0].split() if not done.returncode else ("none", "unknown")
        rows.append([str(number + 1), steps, errors, str(done.returncode)])
        if done.returncode or errors != "0":
            print(done.stderr[-2000:], flush=True)
    print_table("Random scrubbing", ["process", "steps", "errors", "exit code"], rows)
    return sum(row[-2:] != ["0", "0"] for row in rows)


if __name__ == "__main__":
    run, rest = Path(sys.argv[1]), sys.argv[2:]
    if rest[1:] == ["inside"]:
        scrub(run, float(rest[0]))
    sys.exit(main(run, *(float(one) for one in rest[:1]), *(int(one) for one in rest[1:])))
