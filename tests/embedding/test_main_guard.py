"""A script without a main guard that asks for local processes gets one sentence, and starts none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CALL = 'embed_on_cluster({}, {}, None, None, None, 1, "local:2", None, None)'
GUARD = 'if __name__ == "__main__":'


def run_script(folder: Path, *lines: str) -> subprocess.CompletedProcess[str]:
    script = folder / "script.py"
    script.write_text("\n".join(lines))
    return subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False, timeout=300, cwd=folder
    )


def test_local_processes_need_a_main_guard(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="local processes need the extra cluster")
    ended = run_script(
        tmp_path, "from napari_ubam.embedding.cluster import embed_on_cluster", "print('once')", CALL
    )
    assert ended.returncode == 1
    assert ended.stdout == "once\n"
    assert ended.stderr.count("Traceback") == 1
    assert ended.stderr.splitlines()[-1].endswith(
        "scheduler='local:2' starts processes that import this script again; put its commands below a line: "
        'if __name__ == "__main__":'
    )


def test_where_a_main_guard_is_found(tmp_path: Path) -> None:
    ended = run_script(
        tmp_path,
        "from threading import Thread",
        "from napari_ubam.embedding.main_guard import lacks_main_guard",
        "def told():",
        "    print(lacks_main_guard())",
        "told()",
        "thread = Thread(target=told); thread.start(); thread.join()",
        GUARD,
        "    for _ in range(1):",
        "        told()",
        "else:",
        "    pass",
        "print(lacks_main_guard())",
    )
    assert (ended.stdout.split(), ended.stderr) == (["True", "False", "False", "True"], "")
