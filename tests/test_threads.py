"""Threads that sleep while they wait, and as many as there are cores, unless the user said otherwise."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_ubam.embedding import EmbeddingStore, embed
from napari_ubam.jobs import start_job
from napari_ubam.study import Recording, Study
from napari_ubam.threads import set_threads, thread_settings, usable_cores
from plain_encoder import PlainSource

WAITING = {"OMP_WAIT_POLICY": "passive", "KMP_BLOCKTIME": "0"}
OF_USER = ["OMP_WAIT_POLICY", "KMP_BLOCKTIME", "GOMP_SPINCOUNT", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "HOME"]


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what was set for this process."""
    for name in [*OF_USER[:-1], "KMP_LIBRARY", "NAPARI_UBAM_THREADS"]:
        monkeypatch.setenv(name, "")  # so that it is put back, also if it was not there
        monkeypatch.delenv(name)


def test_threads_sleep_and_are_as_many_as_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    settings = thread_settings({"HOME": "/home/me"})
    assert settings.items() >= WAITING.items()
    assert settings["OMP_NUM_THREADS"] == str(usable_cores())
    assert thread_settings({}, processes=usable_cores())["OMP_NUM_THREADS"] == "1"
    assert thread_settings({}, processes=1000)["OMP_NUM_THREADS"] == "1"
    assert thread_settings({}, spared=1)["OMP_NUM_THREADS"] == str(max(usable_cores() - 1, 1))
    assert thread_settings({}, spared=1000)["OMP_NUM_THREADS"] == "1"


def test_on_a_mac_torch_counts_the_fast_cores_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "OMP_NUM_THREADS" not in thread_settings({})
    assert "OMP_NUM_THREADS" in thread_settings({}, processes=2)
    assert "OMP_NUM_THREADS" in thread_settings({}, spared=1)


@given(
    of_user=st.dictionaries(st.sampled_from(OF_USER), st.sampled_from(["1", "3"])),
    processes=st.integers(1, 4),
)
def test_what_the_user_set_stays_and_what_we_set_can_change(of_user: dict[str, str], processes: int) -> None:
    first = {**of_user, **thread_settings(of_user)}
    assert first.items() >= of_user.items()
    # A child of a child: our own count is not taken for the user's.
    second = {**first, **thread_settings(first, processes)}
    assert second == {**of_user, **thread_settings(of_user, processes)}


def test_any_variable_of_waiting_keeps_all_of_them_as_they_are() -> None:
    for name in ("OMP_WAIT_POLICY", "KMP_BLOCKTIME", "GOMP_SPINCOUNT", "KMP_LIBRARY"):
        assert not WAITING.keys() & thread_settings({name: "active"}).keys()


def test_a_container_counts_the_cores_that_it_may_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "cpu.max"
    monkeypatch.setattr("napari_ubam.threads._QUOTA", file)
    monkeypatch.setattr("napari_ubam.threads.psutil.cpu_count", lambda logical: 8)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    found = {}
    for text in ("max 100000", "150000 100000", "10000 100000", "6400000 100000"):
        file.write_text(text + "\n")
        found[text.split()[0]] = usable_cores()
    assert found == {"max": 8, "150000": 2, "10000": 1, "6400000": 8}


@pytest.mark.usefixtures("bare")
def test_a_job_starts_with_them_unless_the_user_set_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[dict[str, str]] = []
    start = subprocess.Popen

    def noted(*arguments, env: dict[str, str], **options):
        given.append(env)
        return start(*arguments, env=env, **options)

    monkeypatch.setattr(subprocess, "Popen", noted)
    first = start_job(tmp_path / "one", ["check", "none.csv"])
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    second = start_job(tmp_path / "two", ["check", "none.csv"])
    assert given[0].items() >= WAITING.items()
    assert (given[1]["OMP_WAIT_POLICY"], given[1]["OMP_NUM_THREADS"]) == ("active", "7")
    assert "KMP_BLOCKTIME" not in given[1]
    for job in (first, second):
        end = time.monotonic() + 60
        while job.is_alive() and time.monotonic() < end:
            time.sleep(0.05)
        assert job.state().status == "refused"


STARTED = """
import json, os, sys
from napari_ubam.cli import app, main

@app.command()
def tell():
    print(json.dumps({"torch": "torch" in sys.modules, **os.environ}))
    import torch
    print(json.dumps(torch.get_num_threads()))

sys.argv = ["napari-ubam", "tell"]
main()
"""


@pytest.mark.slow
@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("of_user", [{}, {"GOMP_SPINCOUNT": "300000", "OMP_NUM_THREADS": "1"}])
def test_the_command_line_sets_them_before_torch_is_imported(of_user: dict[str, str]) -> None:
    command = [sys.executable, "-c", STARTED]
    done = subprocess.run(command, env={**os.environ, **of_user}, capture_output=True, text=True, check=True)
    environment, threads = map(json.loads, done.stdout.splitlines())
    assert environment["torch"] is False
    expected = of_user or WAITING
    assert environment.items() >= expected.items()
    assert len(WAITING.keys() & environment.keys()) == (0 if of_user else 2)
    assert threads == int(environment.get("OMP_NUM_THREADS", threads))


@pytest.mark.slow
@pytest.mark.usefixtures("bare")
@pytest.mark.skipif(sys.platform != "linux", reason="GNU's OpenMP, which tells of itself")
def test_openmp_reads_them_although_python_is_running() -> None:
    code = "from napari_ubam.threads import set_threads; import numpy; set_threads(); import torch"
    environment = {**os.environ, "OMP_DISPLAY_ENV": "verbose"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert "GOMP_SPINCOUNT = '0'" in done.stderr
    assert f"OMP_NUM_THREADS = '{usable_cores()}'" in done.stderr


class NotStartedError(Exception):
    """In place of a cluster."""


@pytest.mark.usefixtures("bare")
def test_local_workers_share_the_cores(clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed")
    given: list[dict[str, str]] = []

    def note(*, env: dict[str, str], **_) -> None:
        given.append(env)
        raise NotStartedError

    monkeypatch.setattr(distributed, "LocalCluster", note)
    set_threads()  # as the command line does, whose count for one process must not reach several
    study = Study([Recording(video=clip("hevc"), name="r", subject="1", group="g", session="0")])
    with pytest.raises(NotStartedError):
        embed(study, PlainSource(), EmbeddingStore(tmp_path / "embeddings.zarr"), scheduler="local:1000")
    assert given[0].items() >= {**WAITING, "OMP_NUM_THREADS": "1"}.items()
