"""Jobs that start at once: a process that has loaded the libraries makes a copy of itself for each job.

A job loads libraries for longer than it works in a test. Where tests are about what a window does with a job,
it starts here. Systems other than Linux start it as a user does, and so do the tests in ``tests/jobs``.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

import pytest

BEFORE_ARGUMENTS = 3  # python -m napari_ubam.cli


class CopiedProcess:
    """A copy of the ready process, with what a job needs of `subprocess.Popen`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def poll(self) -> int | None:
        """Give 0 once the process has ended; its own exit code is in the events of the job."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return 0
        return None

    def wait(self, timeout: float) -> int:
        """Wait for the end of the process."""
        end = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("job", timeout)
            time.sleep(0.02)
        return 0


@cache
def _ready() -> subprocess.Popen[str]:
    """Start the ready process, which ends with this one."""
    # pyarrow, which pandas loads where it is installed, would start a thread of its own.
    environment = {**os.environ, "JE_ARROW_MALLOC_CONF": "background_thread:false"}
    return subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )


def start_copy(command: Sequence[str], log: BinaryIO, environment: Mapping[str, str]) -> CopiedProcess:
    """Start ``python -m napari_ubam.cli ...`` in a copy of the ready process."""
    ready = _ready()
    request = {"arguments": list(command[BEFORE_ARGUMENTS:]), "log": log.name, "cwd": str(Path.cwd())}
    assert ready.stdin is not None
    assert ready.stdout is not None
    ready.stdin.write(json.dumps({**request, "environment": dict(environment)}) + "\n")
    ready.stdin.flush()
    return CopiedProcess(int(ready.stdout.readline()))


def start_jobs_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the jobs of a test start in copies of the ready process."""
    if sys.platform == "linux":
        monkeypatch.setattr("napari_ubam.jobs.job.start_process", start_copy)


def _serve() -> None:
    """Load the libraries, and return in each copy, as the process of a job."""
    from napari_ubam.cli.progress_and_refusals import FOR_TRAINING, LARGE

    for name in (*LARGE, *FOR_TRAINING, "napari_ubam.cli"):
        import_module(name)
    assert len(list(Path("/proc/self/task").iterdir())) == 1, (
        "a copy would lack the threads of the ready process"
    )
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks for the exit codes
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            _become_job(**json.loads(line))
            return
        print(pid, flush=True)
    sys.exit()


def _become_job(arguments: list[str], log: str, cwd: str, environment: dict[str, str]) -> None:
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    sys.argv = ["napari-ubam", *arguments]
    for path, flags, targets in ((os.devnull, os.O_RDONLY, (0,)), (log, os.O_WRONLY | os.O_APPEND, (1, 2))):
        opened = os.open(path, flags)
        for target in targets:
            os.dup2(opened, target)


if __name__ == "__main__":
    _serve()
    import_module("napari_ubam.cli").main()
