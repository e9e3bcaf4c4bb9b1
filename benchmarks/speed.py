"""Speed, as ratios within one run: machines differ and are shared.

``python benchmarks/speed.py reader [FILE ...]``: CPU time of the reader against
``ffmpeg -threads 1 -f null``.
``python benchmarks/speed.py scrub``: time a step of the slider takes in a napari viewer on a one-hour video
(needs a screen or Xvfb).
``python benchmarks/speed.py neighbours [QUERIES REFERENCES SUBJECTS]``: the search for nearest neighbours
against its matrix products alone (100000 1000000 50 where nothing is said: about ten minutes).
``python benchmarks/speed.py scale [RECORDINGS SECONDS ...] [--scheduler ADDRESS]``: time and memory of the
commands on long studies with generated embeddings.
``python benchmarks/speed.py networks``: the networks of each preset, the published one among them.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import dask.array as da
import imageio_ffmpeg
import numpy as np
from _common import cpu_seconds, film, in_turn, milliseconds, print_table, repeat
from _speed_networks import networks
from threadpoolctl import threadpool_limits

from napari_ubam.analysis.neighbour_blocks import BLOCK_BYTES, query_blocks, reference_blocks
from napari_ubam.analysis.neighbours import neighbours as nearest
from napari_ubam.video import VideoArray, open_video

POSTURE, WINDOW = 257, 13  # numbers of a posture, and postures of a window, of the preset tiny


def reader(files: list[Path], folder: Path) -> None:
    """Compare the reader with ffmpeg on each file."""
    if not files:
        files = [
            repeat(film(folder / "a.mp4", 20, 720, 1280), folder / "720p.mp4", 6),
            repeat(film(folder / "b.mp4", 20, 480, 640, keyframes=30), folder / "480p, GOP 30.mp4", 6),
        ]
    rows = [_reader_row(path) for path in files]
    header = ["file", "RGB", "Y plane", "dask, RGB", "random", "step back", "backwards", "ffmpeg, fps"]
    targets = ["target", "0.75", "0.90", "0.55", "<= 0.5", "<= 0.5", "", ""]
    print_table("Reader against ffmpeg", header, [targets, *rows])
    print(
        "RGB, Y plane, dask: rate relative to ffmpeg's decoding alone, without conversion. Random: cost of\n"
        "a random frame with nothing cached, in groups of pictures read from end to end. Step back,\n"
        "backwards: cost of a frame in frames of ffmpeg's decoding, back through frames just shown, and\n"
        "from the end of the file.\n"
    )
    hour = repeat(film(folder / "minute.mp4", 60, 480, 640), folder / "hour.mp4", 60)
    print_table("An hour of video", ["what", "cost"], _hour_rows(hour))


def _reader_row(path: Path) -> list[str]:
    video = open_video(path)
    frames = len(video)
    spread = random.Random(0).sample([round(at) for at in np.linspace(0, frames - 1, 40)], 40)
    last = min(100, frames - 1)

    def afresh(read: Callable[[], object]) -> Callable[[], None]:
        def run() -> None:
            video.close()
            read()

        return run

    ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-threads", "1", "-i", str(path)]
    taken = in_turn(
        [*ffmpeg, "-map", "0:v:0", "-f", "null", "-"],
        {
            "rgb": afresh(lambda: _pass_by(video)),
            "luma": afresh(lambda: _pass_by(video.luma())),
            "dask": afresh(lambda: da.store(video.to_dask(), _Nowhere(), lock=False)),
            "random": lambda: [_forgetful(video, number) for number in spread],
            "there": afresh(lambda: _pass_by(video, range(last + 1))),
            "back": lambda: _pass_by(video, range(last, -1, -1)),
            "backwards": afresh(lambda: _pass_by(video, range(frames - 1, -1, -1))),
        },
    )
    frame = taken["command"] / frames
    group = frames / len(video._source._index.keys)  # type: ignore[attr-defined]
    return [
        f"{path.name}, {video.shape[2]}x{video.shape[1]}, {frames} frames",
        *(f"{taken['command'] / taken[name]:.2f}" for name in ("rgb", "luma", "dask")),
        f"{taken['random'] / len(spread) / (group * taken['rgb'] / frames):.2f}",
        f"{taken['back'] / (last + 1) / frame:.2f}",
        f"{taken['backwards'] / frames / frame:.2f}",
        f"{1 / frame:.0f}",
    ]


def _pass_by(video: VideoArray, numbers: Iterable[int] | None = None) -> None:
    """Read frames and keep none."""
    for _ in video if numbers is None else map(video.frame, numbers):
        pass


def _forgetful(video: VideoArray, number: int) -> None:
    """Read a frame with nothing cached, from an open file."""
    decoder = video._source._decoder  # type: ignore[attr-defined]
    decoder._cache.clear()
    decoder._run = None
    video[number]


class _Nowhere:
    """Target that forgets what dask stores in it."""

    def __setitem__(self, key: object, value: np.ndarray) -> None:
        pass


def _hour_rows(path: Path) -> list[list[str]]:
    os.environ["NAPARI_UBAM_CACHE"] = str(path.parent / "cache")
    indexing = cpu_seconds(lambda: open_video(path), 1)
    cached = cpu_seconds(lambda: open_video(path))
    video = open_video(path)
    lazy = video.to_dask()
    middle = len(video) // 2
    video[middle]
    direct = cpu_seconds(lambda: [video[middle] for _ in range(100)]) / 100
    sliced = cpu_seconds(lambda: [np.asarray(lazy[middle]) for _ in range(100)]) / 100
    return [
        ["frames", f"{len(video)}"],
        ["index, first time (CPU s)", f"{indexing:.2f}"],
        ["index, from the cache (CPU s)", f"{cached:.3f}"],
        ["a single-frame slice of the dask array, beyond reading it (ms)", f"{(sliced - direct) * 1e3:.3f}"],
        ["a cached frame as RGB (ms)", f"{direct * 1e3:.2f}"],
    ]


def scrub(folder: Path) -> None:
    """Time slider steps in a real window."""
    import napari
    from qtpy.QtWidgets import QApplication

    path = repeat(film(folder / "minute.mp4", 60, 480, 640), folder / "hour.mp4", 60)
    viewer = napari.Viewer(show=True)
    begin = time.perf_counter()
    viewer.open(str(path), plugin="napari-ubam")
    opening = time.perf_counter() - begin
    frames = viewer.layers[0].data.shape[0]

    def steps(numbers: Iterable[int]) -> list[float]:
        taken = []
        for number in numbers:
            begin = time.perf_counter()
            viewer.dims.set_current_step(0, number)
            QApplication.processEvents()
            taken.append(time.perf_counter() - begin)
        return taken

    start = frames // 2
    steps(range(start - 20, start))
    rows = [
        ["forwards", milliseconds(steps(range(start, start + 200)))],
        ["backwards", milliseconds(steps(range(start + 199, start - 1, -1)))],
        ["backwards from elsewhere", milliseconds(steps(range(start + 9000, start + 8800, -1)))],
        ["at random", milliseconds(steps(random.Random(0).sample(range(frames), 60)))],
        ["the same frame again (napari alone)", milliseconds(steps([start, start + 1] * 30))],
    ]
    rows.append(["opening, first time", f"{opening * 1e3:.0f}"])
    print_table(f"Scrubbing through {frames} frames of 640x480 (ms a step)", ["way", "median / p95"], rows)
    viewer.close()


def neighbours(queries: int = 100_000, references: int = 1_000_000, subjects: int = 50) -> None:
    """Compare the search for nearest neighbours with the products it is made of."""
    generator = np.random.default_rng(0)
    codes = [generator.standard_normal((count, POSTURE), dtype=np.float32) for count in (queries, references)]
    owners = np.arange(references) * subjects // references
    before = _peak_bytes()
    begin = time.perf_counter()
    searching = cpu_seconds(lambda: nearest(*codes, reference_subjects=owners), 1)
    waiting = time.perf_counter() - begin
    memory = _peak_bytes() - before
    begins = _window_owners(owners)

    def by_windows() -> None:
        nearest(*codes, reference_subjects=begins, window=WINDOW)

    windows = cpu_seconds(by_windows, 1)
    memory_of_windows = _peak_bytes() - before
    products = cpu_seconds(lambda: _products(*codes, owners), 1)
    for _ in range(4 if products < 10 else 0):  # in turn, since short runs depend on the other users
        searching = min(searching, cpu_seconds(lambda: nearest(*codes, reference_subjects=owners), 1))
        windows = min(windows, cpu_seconds(by_windows, 1))
        products = min(products, cpu_seconds(lambda: _products(*codes, owners), 1))
    rows = [
        ["matrix products alone (CPU s)", f"{products:.1f}", ""],
        ["search (CPU s)", f"{searching:.1f}", ""],
        ["search / products", f"{searching / products:.2f}", "<= 1.3"],
        ["search (s)", f"{waiting:.1f}", ""],
        ["memory beyond the codes (MB)", f"{memory / 1e6:.0f}", "< 1000"],
        [f"search for windows of {WINDOW} (CPU s)", f"{windows:.1f}", ""],
        ["search for windows / products", f"{windows / products:.2f}", "<= 1.6"],
        ["memory of both beyond the codes (MB)", f"{memory_of_windows / 1e6:.0f}", "< 1000"],
    ]
    among = f"{references} of {subjects} subjects"
    title = f"Nearest neighbours of {queries} codes among {among}, {POSTURE} numbers each"
    print_table(title, ["what", "measured", "target"], rows)


def _window_owners(owners: np.ndarray) -> np.ndarray:
    """Subject of the window that begins at each reference; -1 where it would reach into the next subject."""
    begins = owners.copy()
    begins[: 1 - WINDOW][owners[: 1 - WINDOW] != owners[WINDOW - 1 :]] = -1
    begins[1 - WINDOW :] = -1
    return begins


def _products(queries: np.ndarray, references: np.ndarray, owners: np.ndarray) -> None:
    """Form all products in the blocks of the search and forget them."""
    buffer = np.empty(2**23, np.float32)  # as much as the search reserves
    with threadpool_limits(1, user_api="blas"):
        for block in reference_blocks(references, owners):
            width = len(block.index)
            for rows in query_blocks(len(queries), width, BLOCK_BYTES):
                out = buffer[: (rows.stop - rows.start) * width].reshape(-1, width)
                np.matmul(queries[rows], block.codes.T, out=out)


def _peak_bytes() -> int:
    """Most memory that this process has held so far; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _scale(arguments: list[str], folder: Path) -> None:
    from speed_scale import scale  # loads torch

    scale(arguments, folder)


def main() -> None:
    """Run the benchmark that is asked for."""
    what, *files = sys.argv[1:] or ["reader"]
    if what in ("-h", "--help"):
        print(__doc__)
        return
    benchmarks = {"reader": lambda folder: reader([Path(file) for file in files], folder), "scrub": scrub}
    benchmarks["networks"] = lambda _: networks()
    benchmarks["scale"] = lambda folder: _scale(files, folder)
    benchmarks["neighbours"] = lambda _: neighbours(*map(int, files))
    if what not in benchmarks:
        raise SystemExit(f"There is no benchmark '{what}'; choose one of: {', '.join(benchmarks)}.")
    with tempfile.TemporaryDirectory() as folder:
        benchmarks[what](Path(folder))


if __name__ == "__main__":
    main()
