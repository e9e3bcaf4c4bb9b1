"""What the benchmarks share: material, CPU clocks, and tables that name the machine and the date."""

from __future__ import annotations

import datetime
import math
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path

import av
import numpy as np


def fur(seed: int, height: int, width: int) -> np.ndarray:
    """Smooth random texture with fine grain, uint8 (height, width), as filmed fur or bedding."""
    generator = np.random.default_rng(seed)
    texture = np.zeros((height, width))
    for scale, weight in ((64, 40), (16, 25), (4, 12), (1, 6)):
        coarse = generator.normal(size=(height // scale + 2, width // scale + 2))
        rows, columns = np.arange(height) / scale, np.arange(width) / scale
        top, left = rows.astype(int), columns.astype(int)
        y, x = (rows - top)[:, None], (columns - left)[None]
        corners = [coarse[np.ix_(top + dy, left + dx)] for dy in (0, 1) for dx in (0, 1)]
        texture += weight * (
            (1 - y) * ((1 - x) * corners[0] + x * corners[1]) + y * ((1 - x) * corners[2] + x * corners[3])
        )
    return np.clip(128 + texture, 0, 255).astype(np.uint8)


def film(path: Path, seconds: int, height: int, width: int, fps: int = 30, keyframes: int = 250) -> Path:
    """Film a body of fur that circles over a still ground, with camera noise, in H.264."""
    ground, body = fur(1, height, width), fur(2, height // 3, width // 3)
    generator = np.random.default_rng(3)
    noise = [generator.normal(0, 2.5, (height, width)).astype(np.int16) for _ in range(16)]
    with av.open(str(path), "w") as container:
        options = {"preset": "veryfast", "crf": "21", "g": str(keyframes)}
        stream = container.add_stream("libx264", rate=fps, options=options)
        stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
        for number in range(seconds * fps):
            image = ground.copy()
            angle = number / fps * 1.7
            top = int(height / 3 * (1 + 0.8 * np.sin(angle)))
            left = int(width / 3 * (1 + 0.8 * np.cos(angle)))
            image[top : top + body.shape[0], left : left + body.shape[1]] = body
            image = np.clip(image + noise[number % 16], 0, 255).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format="gray")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def repeat(source: Path, target: Path, times: int) -> Path:
    """Copy the packets of a file several times one after the other: an hour in seconds."""
    with av.open(str(target), "w") as new:
        copy = None
        for turn in range(times):
            with av.open(str(source)) as old:
                stream = old.streams.video[0]
                copy = copy or new.add_stream_from_template(stream)
                length = round(stream.frames / stream.average_rate / stream.time_base)
                for packet in old.demux(stream):
                    if packet.dts is not None:
                        packet.pts, packet.dts = packet.pts + turn * length, packet.dts + turn * length
                        packet.stream = copy
                        new.mux(packet)
    return target


def cpu_seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """CPU time of a call in this process, best of several: other users of the machine only add to it."""
    return min(_own_cpu(work) for _ in range(repeats))


def in_turn(
    command: Sequence[str], works: dict[str, Callable[[], object]], rounds: int = 5
) -> dict[str, float]:
    """CPU times of a command (as ``"command"``; none if empty) and of calls, taken in turn to be compared.

    Each is the best of all rounds: a machine that is busy for a while then slows all of them alike.
    """
    best: dict[str, float] = {}
    for _ in range(rounds):
        outside = {"command": _cpu_of(command)} if command else {}
        times = outside | {name: _own_cpu(work) for name, work in works.items()}
        best = {name: min(seconds, best.get(name, seconds)) for name, seconds in times.items()}
    return best


def _own_cpu(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def _cpu_of(command: Sequence[str]) -> float:
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def milliseconds(samples: Sequence[float]) -> str:
    """Median and 95th percentile of seconds, in milliseconds."""
    return f"{statistics.median(samples) * 1e3:.1f} / {np.percentile(samples, 95) * 1e3:.1f}"


def psnr(one: np.ndarray, other: np.ndarray, most: float = 99.0) -> float:
    """Measure the peak signal-to-noise ratio of pictures in decibels, at most ``most``."""
    error = float(((one - other) ** 2).mean()) if one.size else 0.0
    return min(10 * math.log10(255**2 / error), most) if error else most


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table in Markdown with the machine, the versions and the date below."""
    print(f"\n### {title}\n")
    widths = [max(len(str(row[column])) for row in (header, *rows)) for column in range(len(header))]
    for row in (header, ["-" * width for width in widths], *rows):
        cells = (str(cell).ljust(width) for cell, width in zip(row, widths, strict=True))
        print("| " + " | ".join(cells) + " |")
    packages = ", ".join(f"{name} {version(name)}" for name in ("av", "numpy", "dask", "napari"))
    today = datetime.datetime.now(datetime.UTC).date()
    print(
        f"\n{today}, {platform.system()} {platform.machine()}, {_processor()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, {packages}\n"
    )


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"
