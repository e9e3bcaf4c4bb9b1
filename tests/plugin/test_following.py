"""When a run that others work on is read again."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_ubam.plugin.state.following import RunWatch, states_of

SCORES, JOBS = ("scores.json", 1, 10), ("jobs", 1, 0)


class Machine:
    """A clock and the files of a run, as a test sets them."""

    def __init__(self) -> None:
        self.seconds, self.files, self.looks = 0.0, (JOBS, SCORES), 0
        self.watch = RunWatch(lambda: self.seconds, self.look)
        self.known = self.files

    def look(self, _: Path) -> tuple[tuple[str, int, int], ...]:
        self.looks += 1
        return self.files

    def due(self, after: float = 1.0) -> bool:
        self.seconds += after
        return self.watch.is_due(Path("run"), self.known)


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_an_unchanged_run_is_looked_at_once_a_second_and_never_read(machine: Machine) -> None:
    assert not any(machine.due(0.2) for _ in range(51))
    assert 9 <= machine.looks <= 11


def test_results_are_read_once_when_they_are_written_completely(machine: Machine) -> None:
    for size in (20, 30):  # they grow
        machine.files = (JOBS, ("scores.json", 2, size))
        assert not machine.due()
    assert machine.due()
    assert not any(machine.due() for _ in range(5))  # also if reading failed
    machine.known = machine.files
    assert not any(machine.due() for _ in range(5))


def test_a_new_job_is_told_at_once(machine: Machine) -> None:
    machine.files = (("jobs", 2, 0), SCORES)
    assert machine.due()
    assert not machine.due()


def test_every_file_that_the_panels_show_counts_but_a_map_does_not(tmp_path: Path) -> None:
    before = states_of(tmp_path)
    assert before == ()
    for name in ("study.csv", "scores.json", "group_summary.json", "posture.safetensors", "quality.json"):
        (tmp_path / name).write_text(name)
        now = states_of(tmp_path)
        assert [one[0] for one in now if one not in before] == [name]
        before = now
    for name in ("map.json", "report.html", "study-as-shown.csv", "scores.csv"):
        (tmp_path / name).write_text(name)
    assert states_of(tmp_path) == before
    (tmp_path / "jobs").mkdir()
    assert states_of(tmp_path) != before
    assert states_of(tmp_path / "none") == ()
