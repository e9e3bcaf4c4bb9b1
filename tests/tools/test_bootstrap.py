"""The set-up script: where torch comes from, and when an environment is made anew."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "bootstrap.py"
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux gets CUDA from PyPI")


@pytest.fixture
def bootstrap(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Load the script, with pip and uv as on a machine where neither was configured."""
    spec = importlib.util.spec_from_file_location("bootstrap", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    # Tests run in an environment without pip; the base interpreter has it.
    monkeypatch.setattr(sys, "executable", getattr(sys, "_base_executable", sys.executable))
    return module


@linux_only
def test_torch_comes_from_the_index_of_cpu_builds(bootstrap: ModuleType) -> None:
    env = bootstrap.environment()
    assert env["UV_TORCH_BACKEND"] == "cpu"
    assert "UV_FIND_LINKS" not in env


@linux_only
def test_places_of_pip_are_passed_on_and_nothing_else_is_asked(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "pip.conf"
    config.write_text(
        "[global]\nfind-links =\n    /srv/wheels\n    https://example.org/wheels\n", encoding="utf-8"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    monkeypatch.setenv("PIP_FIND_LINKS", "/srv/more /srv/wheels")
    env = bootstrap.environment()
    assert set(env["UV_FIND_LINKS"].split(",")) == {"/srv/wheels", "https://example.org/wheels", "/srv/more"}
    assert env["UV_FIND_LINKS"].count("/srv/wheels") == 1
    assert "UV_TORCH_BACKEND" not in env


@pytest.mark.parametrize("name", ["UV_FIND_LINKS", "UV_TORCH_BACKEND"])
def test_what_the_caller_has_set_stands(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "cu130")
    env = bootstrap.environment()
    assert {key: env[key] for key in ("UV_FIND_LINKS", "UV_TORCH_BACKEND") if key in env} == {name: "cu130"}


def test_an_environment_is_made_once_for_the_same_requirements(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commands = []
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "uv", lambda: Path("uv"))

    def pretend(*command: object, env: dict[str, str]) -> None:
        commands.append(command[1])
        (tmp_path / "env").mkdir(exist_ok=True)

    monkeypatch.setattr(bootstrap, "run", pretend)
    (tmp_path / "pyproject.toml").write_text("a", encoding="utf-8")

    def make(requirement: str) -> list[object]:
        commands.clear()
        bootstrap.make_environment(tmp_path / "env", requirement, env={}, watch=("pyproject.toml",))
        return list(commands)

    assert make("tox") == ["venv", "pip"]
    assert make("tox") == []
    assert make("tox>=4") == ["venv", "pip"]
    (tmp_path / "pyproject.toml").write_text("b", encoding="utf-8")
    assert make("tox>=4") == ["venv", "pip"]


def test_missing_system_packages_are_named_in_one_sentence(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "missing_packages", lambda: ["xvfb", "libegl1"])
    monkeypatch.setattr(bootstrap, "may_install", lambda: None)
    monkeypatch.setattr(sys, "platform", "linux")
    bootstrap.install_system_packages(needed=False)
    said = capsys.readouterr().err
    assert "sudo apt-get install xvfb libegl1'" in said
    assert said.count("\n") == 1
    with pytest.raises(SystemExit, match="1"):
        bootstrap.install_system_packages(needed=True)


def test_a_failing_command_ends_the_script_with_its_status() -> None:
    call = f"run = runpy.run_path({str(SCRIPT)!r})['run']; run(sys.executable, '-c', 'exit(3)')"
    done = subprocess.run([sys.executable, "-c", f"import runpy, sys; {call}"], check=False)
    assert done.returncode == 3
