"""Set up and run the project with nothing but Python, pip and the standard library.

``make`` calls this script. It installs uv into ``.tools`` with pip, which needs neither ``venv`` nor
``ensurepip`` and leaves the system's Python alone; uv then makes the environments. A second run finds
them ready.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
CONSTRAINTS = "requirements/constraints-cpu.txt"  # relative: uv splits the variable at spaces
OVERRIDES = "requirements/overrides-tests.txt"
OLDEST = (3, 11)
TOX = ("tox>=4.30", "tox-uv>=1.29")

# What Qt needs to open a window and Xvfb to give it a screen: file or program, and Debian's package with it.
LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
}
PROGRAMS = {"Xvfb": "xvfb", "xauth": "xauth"}


def run(*command: object, env: dict[str, str] | None = None) -> None:
    """Run a command in the project's folder; leave with its exit status if it fails."""
    words = [str(word) for word in command]
    status = subprocess.run(words, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, check=False).returncode
    if status:
        sys.exit(status if status > 0 else 1)


def quietly(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command and keep what it prints."""
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def missing_packages() -> list[str]:
    """Debian packages whose library or program this machine lacks."""
    missing = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    for library, package in LIBRARIES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            missing.append(package)
    return missing


def may_install() -> list[str] | None:
    """Words to put before apt-get, or None where we may not install packages."""
    if shutil.which("apt-get") is None:
        return None
    if os.geteuid() == 0:
        return []
    sudo = ["sudo", "-n"]
    return sudo if shutil.which("sudo") and quietly(*sudo, "true").returncode == 0 else None


def install_system_packages(needed: bool) -> None:
    """Install the packages that a window needs where we may, else say in one sentence which are missing."""
    missing = missing_packages() if sys.platform == "linux" else []
    sudo = may_install() if missing else None
    if sudo is not None:
        print("Installing system packages:", *missing, flush=True)
        apt = [
            *sudo,
            "env",
            "DEBIAN_FRONTEND=noninteractive",
            "apt-get",
            "-qq",
            "-o",
            "DPkg::Lock::Timeout=300",
        ]
        steps = (
            quietly(*apt, "update"),
            quietly(*apt, "install", "-y", "--no-install-recommends", *missing),
        )
        missing = missing_packages()
        if missing:
            print(*(step.stderr.strip() for step in steps), sep="\n", file=sys.stderr)
    if missing:
        print(
            "System packages are missing that a napari window needs: install them with 'sudo apt-get install "
            f"{' '.join(missing)}', or what your system calls them.",
            file=sys.stderr,
        )
        if needed:
            sys.exit(1)


def find_links() -> list[str]:
    """Folders and pages that pip is configured to look for wheels in."""
    listing = quietly(sys.executable, "-m", "pip", "config", "list").stdout.splitlines()
    values = [
        line.partition("=")[2].strip("'\"")
        for line in listing
        if line.partition("=")[0].endswith(".find-links")
    ]
    places = [place for value in values for place in value.replace("\\n", " ").split()]
    return list(dict.fromkeys(places))


def environment() -> dict[str, str]:
    """Variables for uv and tox, such that Linux gets torch without several gigabytes of CUDA.

    Where pip was told of places with wheels, uv is told of the same ones, and no other host is asked.
    Elsewhere the CPU build comes from PyTorch's own index. What the caller has set stands.
    """
    env = {**os.environ, "UV_CONSTRAINT": CONSTRAINTS, "UV_OVERRIDE": OVERRIDES, "UV_NO_PROGRESS": "1"}
    env.pop("VIRTUAL_ENV", None)
    if sys.platform == "linux" and not {"UV_FIND_LINKS", "UV_TORCH_BACKEND"} & set(env):
        places = find_links()
        if places:
            env["UV_FIND_LINKS"] = ",".join(places)
        else:
            env["UV_TORCH_BACKEND"] = "cpu"
    return env


def fingerprint(*parts: str) -> str:
    """Digest of all that an environment depends on: it is made anew when one of them changes."""
    digest = hashlib.sha256("\0".join((str(ROOT), sys.executable, sys.version, *parts)).encode())
    return digest.hexdigest()


def uv() -> Path:
    """Path of our own uv, installed by pip if need be."""
    folder = TOOLS / "uv"
    program = folder / "bin" / "uv"
    if not program.exists():
        if quietly(sys.executable, "-m", "pip", "--version").returncode:
            sys.exit(
                f"{sys.executable} has no pip: install it, on Debian with 'apt-get install python3-pip'."
            )
        # A target folder may not be combined with settings for user installs or virtual environments.
        env = {**os.environ, "PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "PIP_ROOT_USER_ACTION": "ignore"}
        shutil.rmtree(folder, ignore_errors=True)
        pip = (sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check", "install")
        run(*pip, "--target", folder, "uv>=0.9", env=env)
    return program


def make_environment(
    folder: Path, *requirements: str, env: dict[str, str], watch: tuple[str, ...] = ()
) -> Path:
    """Make a virtual environment unless it stands already; return its folder of programs."""
    stamp = folder / "ready"
    wanted = fingerprint(*requirements, *((ROOT / name).read_text(encoding="utf-8") for name in watch))
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        print(f"Setting up {folder.relative_to(ROOT)} ...", flush=True)
        if folder.is_file():  # a tool's pointer to an environment elsewhere
            folder.unlink()
        run(uv(), "venv", "--quiet", "--clear", "--python", sys.executable, folder, env=env)
        run(uv(), "pip", "install", "--quiet", "--python", folder, *requirements, env=env)
        stamp.write_text(wanted, encoding="utf-8")
    return folder / "bin"


def project_environment() -> Path:
    """Make ``.venv`` with the package itself, editable, and all that development needs."""
    watch = ("pyproject.toml", CONSTRAINTS, OVERRIDES)
    return make_environment(ROOT / ".venv", "--editable", ".[dev]", env=environment(), watch=watch)


def demo() -> None:
    """Render a sample study and run the main job on it."""
    install_system_packages(needed=False)
    programs = project_environment()
    run(programs / "napari-ubam", "demo", "demo")


def venv() -> None:
    """Set up ``.venv`` for development."""
    install_system_packages(needed=False)
    programs = project_environment()
    print(f"Ready: . {shlex.quote(str(programs / 'activate'))}")


def tox(names: str) -> None:
    """Run environments of tox.ini with the Python at hand."""
    if {"py", "lowest"} & set(names.split(",")):
        install_system_packages(needed=True)
    env = environment()
    programs = make_environment(TOOLS / "tox", *TOX, env=env)
    run(programs / "tox", "run", "-e", names, env=env)


def main() -> None:
    """Run the command that the command line names."""
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:2]))
        sys.exit(
            f"{sys.executable} is Python {found}, 3.11 or newer is needed: try 'make PYTHON=python3.11 ...'."
        )
    parser = argparse.ArgumentParser(description="Set up and run the project.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("demo", help="run the main job on example videos")
    commands.add_parser("venv", help="set up .venv for development")
    commands.add_parser("tox", help="run tox environments").add_argument(
        "names", help="for example lint,docs,py"
    )
    arguments = parser.parse_args()
    if arguments.command == "tox":
        tox(arguments.names)
    else:
        {"demo": demo, "venv": venv}[arguments.command]()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
