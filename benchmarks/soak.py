"""Does the window live through fast random scrubbing? ``python benchmarks/soak.py RUN [MINUTES] [TIMES]``.

Each time, a new process opens the run with all panels, jumps to random frames and now and then to another
recording, and takes the outline of the scores away and back. The number of steps and the end of each process
are printed; a process that ends by itself prints where (Python's ``faulthandler``). On a machine without a
screen, run it under ``xvfb-run -a -s "-screen 0 1400x950x24"``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _common import print_table

MINUTES, TIMES = 20.0, 5
SWITCH, TOGGLE = 400, 150  # steps between two recordings, and between two changes of the outline


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
    steps, end = 0, time.monotonic() + 60 * minutes
    while time.monotonic() < end:
        steps += 1
        viewer.dims.set_current_step(0, int(random.integers(viewer.dims.nsteps[0])))
        if steps % SWITCH == 0:
            link.show(str(random.choice(names)))
        if steps % TOGGLE == 0:
            panel.on_picture.toggle()
        QTest.qWait(int(random.integers(0, 8)))
    print(f"{steps} steps", flush=True)
    os._exit(0)  # closing is measured elsewhere


def main(folder: Path, minutes: float = MINUTES, times: int = TIMES) -> int:
    """Scrub several times, each in a new process; give the number of processes that ended by themselves."""
    rows: list[list[str]] = []
    for number in range(times):
        command = [sys.executable, "-X", "faulthandler", __file__, str(folder), str(minutes), "inside"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        said = done.stdout.strip().splitlines()[-1:] or ["none"]
        rows.append([str(number + 1), said[0].split()[0], str(done.returncode)])
        if done.returncode:
            print(done.stderr[-2000:], flush=True)
    print_table("Random scrubbing", ["process", "steps", "exit code"], rows)
    return sum(row[-1] != "0" for row in rows)


if __name__ == "__main__":
    run, rest = Path(sys.argv[1]), sys.argv[2:]
    if rest[1:] == ["inside"]:
        scrub(run, float(rest[0]))
    sys.exit(main(run, *(float(one) for one in rest[:1]), *(int(one) for one in rest[1:])))
