"""Speed of a training alone and beside one other busy process, with and without threads that sleep.

``python benchmarks/speed_training.py [SECONDS] [ROUNDS]``: steps per second of the preset ``tiny`` on the
processor, as a job that the plugin starts. Each of the four cases runs SECONDS (20 unless given) of steps in
each of ROUNDS (3) rounds, and the table shows medians. Nothing else should run on the machine.

"Sleeping threads" is what a job does by itself (`napari_ubam.threads`), "spinning threads" is the default of
OpenMP. Targets: beside one busy process at least 0.40 of the rate alone, and alone at least 0.97 of the rate
with spinning threads.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from _common import print_table

from napari_ubam.jobs import Job, JobEvent, start_job
from napari_ubam.sample import write_sample
from napari_ubam.threads import thread_settings, usable_cores

SECONDS, ROUNDS = 20.0, 3
WARM_STEPS = 5  # the first steps allocate memory
PATIENCE = 600  # seconds until the first steps
# The defaults of GNU's and of LLVM's OpenMP. As the user sets them, a job leaves them as they are.
POLICIES: dict[str, Mapping[str, str]] = {
    "spinning threads": {"GOMP_SPINCOUNT": "300000", "KMP_BLOCKTIME": "200"},
    "sleeping threads": {},
}


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables for the processes that are started now; all others of OpenMP are removed."""
    before = dict(os.environ)
    try:
        for name in [name for name in os.environ if name.startswith(("OMP_", "GOMP_", "KMP_", "MKL_"))]:
            del os.environ[name]
        os.environ.update(variables)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def busy(wanted: bool) -> Iterator[None]:
    """Keep one core busy."""
    if not wanted:
        yield
        return
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def steps_per_second(job: Job, seconds: float) -> float:
    """Follow a training, and stop it when it has done steps for some seconds."""
    steps: list[JobEvent] = []
    patience = time.monotonic() + PATIENCE
    try:
        while time.monotonic() < patience:
            for event in job.new_events():
                values = event.values
                if event.kind == "progress" and values["stage"] == "posture" and values["step"] >= WARM_STEPS:
                    steps.append(event)
            if len(steps) > 1 and steps[-1].time - steps[0].time >= seconds:
                break
            if job.state().status != "running":
                raise SystemExit(f"The training ended before it was measured: {job.state().text}")
            time.sleep(0.2)
    finally:
        job.ask_to_stop()
        ending = time.monotonic() + 60
        while job.is_alive() and time.monotonic() < ending:
            time.sleep(0.1)
        job.kill()
    first, last = steps[0], steps[-1]
    return float((last.values["step"] - first.values["step"]) / (last.time - first.time))


def measure(folder: Path, seconds: float, rounds: int) -> dict[tuple[str, bool], list[float]]:
    """Measure all cases in turn, so that a slower machine slows all of them."""
    write_sample(folder / "study", healthy=4, impaired=1, seconds=6)
    command = ["train", str(folder / "study" / "study.csv"), "--run", str(folder / "run")]
    command += ["--preset", "tiny", "--device", "cpu", "--minutes", "60"]
    rates: dict[tuple[str, bool], list[float]] = {}
    for _ in range(rounds):
        for policy, variables in POLICIES.items():
            for other in (False, True):
                again = ["--restart"] if rates else []
                with environment(variables), busy(other):
                    rate = steps_per_second(start_job(folder / "run", [*command, *again]), seconds)
                rates.setdefault((policy, other), []).append(rate)
                print(f"{policy}, {'busy' if other else 'alone'}: {rate:.2f} steps/s", file=sys.stderr)
    return rates


def main() -> None:
    """Measure, and print a table."""
    seconds = float(sys.argv[1]) if sys.argv[1:] else SECONDS
    rounds = int(sys.argv[2]) if sys.argv[2:] else ROUNDS
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        rates = measure(Path(name), seconds, rounds)
    medians = {case: statistics.median(found) for case, found in rates.items()}
    default = medians["spinning threads", False]
    rows = []
    for policy in POLICIES:
        alone, beside = medians[policy, False], medians[policy, True]
        rows.append(
            [policy, f"{alone:.2f}", f"{beside:.2f}", f"{beside / alone:.2f}", f"{alone / default:.2f}"]
        )
    header = ["threads", "alone, steps/s", "beside a busy process", "beside/alone", "alone/spinning alone"]
    print_table("Training of the preset tiny", header, rows)
    with environment({}):
        settings = thread_settings(os.environ)
    print(f"{usable_cores()} cores, {settings}; targets: beside/alone 0.40, alone/spinning alone 0.97.")


if __name__ == "__main__":
    main()
