"""What this installation has, and what will not work in it: for bug reports, and before the first video.

Everything is imported where it is asked, so that a broken package is one of the findings.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from pathlib import Path

LITTLE_DISK = 5 * 2**30  # bytes; crops of a study take up to some gigabytes
LITTLE_MEMORY = 4 * 2**30  # bytes
BINDINGS = ("PyQt6", "PySide6", "PyQt5", "PySide2")
LIBRARIES = ("napari", "npe2", "numpy", "pandas", "zarr", "dask", "lightning")
EXTRAS = {
    "umap-learn": "map",
    "distributed": "cluster",
    "timm": "backbones",
    "pynwb": "nwb",
    "pyarrow": "parquet",
    "h5netcdf": "xarray",
    "movement": "poses",
}
"""Packages that are optional, and the extra that brings each."""

Finding = tuple[str, list[str]]
"""A fact in words, and a sentence for each thing that will not work."""


@dataclass(frozen=True)
class Installation:
    """What was found.

    Parameters
    ----------
    facts : tuple of (str, str)
        What was asked, and the answer.
    problems : tuple of str
        A sentence for each thing that will not work.
    """

    facts: tuple[tuple[str, str], ...]
    problems: tuple[str, ...]

    def __str__(self) -> str:
        """Give plain text for a bug report."""
        width = max(len(name) for name, _ in self.facts)
        lines = [f"{name:<{width}}  {text}" for name, text in self.facts]
        found = [f"- {sentence}" for sentence in self.problems] or ["Nothing that will not work was found."]
        return "\n".join([*lines, "", *(["Will not work:"] if self.problems else []), *found])


def examine(folder: Path | None = None) -> Installation:
    """Find out what this installation has. A short video is written and read; nothing else is changed.

    Parameters
    ----------
    folder : Path, optional
        Folder in which you work, to tell its free disk space. Default: the current one.

    Returns
    -------
    Installation
    """
    place = (folder or Path.cwd()).resolve()
    asked: Sequence[tuple[str, Callable[[], Finding]]] = (
        ("napari-ubam", lambda: (_version("napari-ubam"), [])),
        ("Python", _python),
        ("system", _system),
        ("memory", _memory),
        ("torch", _torch),
        ("device", _device),
        ("decoder", _decoder),
        ("Qt", _qt),
        ("display", _display),
        ("disk", lambda: _disk(place)),
        ("caches", _caches),
        ("libraries", lambda: (", ".join(f"{name} {_version(name)}" for name in LIBRARIES), [])),
        ("optional", _extras),
    )
    facts, problems = [], []
    for name, ask in asked:
        try:
            text, found = ask()
        except Exception as error:
            reason = f"{type(error).__name__}: {error}".splitlines()[0].rstrip(".")
            text = "not known"
            found = [f"{name} cannot be examined ({reason}); install napari-ubam again."]
        facts.append((name, text))
        problems += found
    return Installation(tuple(facts), tuple(problems))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def _python() -> Finding:
    bits = 64 if sys.maxsize > 2**32 else 32
    found = [] if bits == 64 else ["torch needs a Python of 64 bits; install one."]
    return f"{platform.python_version()}, {bits} bits, {sys.executable}", found


def _system() -> Finding:
    from napari_ubam.threads import usable_cores

    return f"{platform.platform()}, {usable_cores()} usable cores", []


def _memory() -> Finding:
    import psutil

    memory = psutil.virtual_memory()
    found = []
    if memory.available < LITTLE_MEMORY:
        found.append("Less than 4 GB of memory are free; close other programs before a training.")
    return f"{_gigabytes(memory.total)}, {_gigabytes(memory.available)} free", found


def _torch() -> Finding:
    import torch

    built = torch.version.cuda or getattr(torch.version, "hip", None)
    return f"{torch.__version__}, {f'built for GPUs ({built})' if built else 'built for the CPU'}", []


def _device() -> Finding:
    import torch

    from napari_ubam.models.devices import choose_device, describe_device

    kind, found = choose_device().type, []
    if kind == "cpu" and shutil.which("nvidia-smi"):
        if torch.version.cuda:
            found.append(
                f"torch for CUDA {torch.version.cuda} finds no usable NVIDIA GPU, so the CPU is used; update "
                "the driver, or install torch for an older CUDA (pytorch.org)."
            )
        else:
            found.append(
                "There is an NVIDIA driver, but torch is built for the CPU; install torch for CUDA "
                "(pytorch.org) to train on the GPU."
            )
    if kind == "cpu" and sys.platform == "darwin" and platform.machine() == "arm64":
        found.append("torch finds no Apple GPU; macOS 12.3 or later and a Python for arm64 are needed.")
    return f"{kind}: {describe_device()}", found


def _decoder() -> Finding:
    import av
    import numpy as np

    from napari_ubam.video import open_video, write_video

    libraries = av.library_versions["libavcodec"]
    text = f"PyAV {av.__version__}, libavcodec {'.'.join(map(str, libraries))}"
    pictures = [np.full((64, 64), 20 * number, np.uint8) for number in range(9)]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            path = write_video(Path(folder) / "test.mp4", pictures, 25)
            with open_video(path, warn=False) as video:
                levels = [float(np.asarray(video.luma()[number]).mean()) for number in range(len(video))]
        except (ValueError, OSError) as error:
            return text, [f"A short MP4 video cannot be written and read: {error}"]
    if len(levels) != len(pictures) or not all(a < b for a, b in pairwise(levels)):
        return text, ["The frames of a short MP4 video come back wrong; install the package av again."]
    return f"{text}, H.264 is written and read", []


def _qt() -> Finding:
    bindings = {name: _version(name) for name in BINDINGS}
    known = [f"{name} {text}" for name, text in bindings.items() if text != "missing"]
    if not known:
        sentence = "napari has no Qt binding, so no window opens; install one: pip install PyQt6."
        return "no binding", [sentence]
    chosen = os.environ.get("QT_API", "")
    found = []
    if len(known) > 1:
        found.append(
            f"{' and '.join(known)} are both installed, which can end napari without an error; keep one."
        )
    return ", ".join(known) + (f", QT_API is {chosen}" if chosen else ""), found


def _display() -> Finding:
    if not sys.platform.startswith("linux"):
        return "the system's own", []
    names = [name for name in ("WAYLAND_DISPLAY", "DISPLAY") if os.environ.get(name)]
    if names:
        return ", ".join(f"{name}={os.environ[name]}" for name in names), []
    return "none", [
        "There is no display here, so napari and 'napari-ubam view' do not open; all other commands work."
    ]


def _disk(folder: Path) -> Finding:
    temporary = Path(tempfile.gettempdir())
    parts, found = [], []
    for what, place in (("here", folder), ("temporary folder", temporary)):
        free = shutil.disk_usage(place).free
        parts.append(f"{_gigabytes(free)} free {what} ({place})")
        if free < LITTLE_DISK:
            found.append(
                f"Less than 5 GB are free in {place}; a training of many videos may stop. Free some space."
            )
    return "; ".join(parts), found


def _caches() -> Finding:
    from napari_ubam.video.index_cache import CACHE_VARIABLE, cache_folder

    folder = cache_folder()
    if folder is None:
        return f"off ({CACHE_VARIABLE} is empty)", ["Each video is indexed anew whenever it is opened."]
    found, size = [], 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    except OSError as error:
        found.append(
            f"The cache folder {folder} cannot be written ({error.strerror or error}), so each video is "
            f"indexed anew; set {CACHE_VARIABLE} to another folder."
        )
    return f"{folder}, {size / 2**20:.0f} MB; crops and codes are kept in each run", found


def _extras() -> Finding:
    versions = {name: _version(name) for name in EXTRAS}
    have = [f"{name} {text}" for name, text in versions.items() if text != "missing"]
    lacks = [f"napari-ubam[{EXTRAS[name]}]" for name, text in versions.items() if text == "missing"]
    parts = [", ".join(have)] * bool(have) + [f"not installed: {', '.join(lacks)}"] * bool(lacks)
    return "; ".join(parts), []


def _gigabytes(size: int) -> str:
    return f"{size / 2**30:.1f} GB"
