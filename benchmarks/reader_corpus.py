"""Compare the reader with a plain decoding, for every video below a folder.

``python benchmarks/reader_corpus.py FOLDER [FRAMES]``: each file is decoded by PyAV from the first packet to
the last, and read by our reader forwards, at random and backwards. A line tells how many frames differ. At
most FRAMES frames (200 where nothing is said) are read at random, and as many backwards.
The last line has the sums, and the exit code is 1 if any frame, count or time differs.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import av
import av.error
import numpy as np
from _common import print_table

from napari_ubam.video import FrameError, VideoArray, VideoError, open_video
from napari_ubam.video.image_files import IMAGE_SUFFIXES
from napari_ubam.video.packets import open_container

NO_VIDEO = {*IMAGE_SUFFIXES, ".csv", ".md", ".txt", ".json", ".py", ".npz", ".npy", ".zip", ".toml", ".html"}
HEADER = ["file", "plain", "ours", "failed", "forwards", "random", "backwards", "times, ms", "s", "notes"]


@dataclass
class Row:
    """What one file gave."""

    name: str
    plain: int = 0
    ours: int = 0
    failed: int = 0
    forwards: int = 0
    random: int = 0
    backwards: int = 0
    times: float = 0.0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)

    @property
    def differs(self) -> bool:
        """Whether anything is not as in the plain decoding. Refused damaged frames do not count."""
        if self.plain > 0 and not self.ours:
            return False  # refused, and the note says why
        wrong = self.forwards + self.random + self.backwards
        return bool(wrong) or self.plain != self.ours - self.failed or self.times > 1.0

    def cells(self) -> list[str]:
        """Cells of the table."""
        counts = [self.plain, self.ours, self.failed, self.forwards, self.random, self.backwards]
        times = [f"{self.times:.1f}", f"{self.seconds:.1f}"]
        return [("! " if self.differs else "") + self.name, *map(str, counts), *times, " ".join(self.notes)]


def plain_decoding(path: Path) -> Iterator[av.VideoFrame]:
    """Decode the first video stream from its first packet to its last. Errors are passed over, as in players.

    By one thread: with several, FFmpeg conceals damage in another way.
    """
    container, stream = open_container(path)
    stream.codec_context.thread_count = 1
    with container:
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, av.error.FFmpegError):
                return
            with contextlib.suppress(av.error.FFmpegError):
                yield from packet.decode()


def compare(path: Path, name: str, most: int) -> Row | None:
    """Compare one file; None if neither PyAV nor the reader takes it for a video."""
    row, begin = Row(name), time.perf_counter()
    try:
        video = open_video(path, warn=False)
    except VideoError as error:
        if path.suffix.lower() in NO_VIDEO:
            return None
        row.notes = [f"refused: {str(error).partition(': ')[2]}"]
        with contextlib.suppress(VideoError):
            row.plain = sum(1 for _ in plain_decoding(path))
        return row
    row.notes, row.ours = list(video.notes), len(video)
    converter = video.source._converter  # type: ignore[attr-defined]
    plain, stamps = [], []
    for frame in plain_decoding(path):
        plain.append(_hash(converter.luma(frame)) if _same_size(frame, video) else None)
        stamps.append((frame.time, None if frame.dts is None else float(frame.dts * frame.time_base)))
    row.plain = len(plain)
    ours = dict(_read(video, range(len(video))))
    shown = [number for number in range(len(video)) if ours[number] is not None]
    row.failed = len(video) - len(shown)
    truth = dict(zip(shown, plain, strict=False))
    row.forwards = sum(ours[number] != truth.get(number) for number in shown)
    # AVI stores no presentation times: those of PyAV are guesses.
    row.times = _times_apart(video, shown, [pair[::-1] if _is_avi(path) else pair for pair in stamps])
    some = random.Random(0).sample(range(len(video)), min(most, len(video)))
    video.close()
    row.random = sum(found != ours[number] for number, found in _read(video, some))
    video.close()
    row.backwards = sum(
        found != ours[number] for number, found in _read(video, list(range(len(video)))[::-1][:most])
    )
    row.seconds = time.perf_counter() - begin
    return row


def _compared(path: Path, name: str, most: int) -> Row | None:
    """Compare one file; an error that is no refusal is a difference."""
    try:
        return compare(path, name, most)
    except Exception as error:
        return Row(name, plain=-1, notes=[f"{type(error).__name__}: {error}"])


def _read(video: VideoArray, numbers: Iterable[int]) -> Iterator[tuple[int, str | None]]:
    luma = video.luma()
    for number in numbers:
        try:
            yield number, _hash(luma[number])
        except FrameError:
            yield number, None


def _is_avi(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(12)[8:] in (b"AVI ", b"AVIX")


def _hash(image: np.ndarray) -> str:
    return hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=8).hexdigest()


def _same_size(frame: av.VideoFrame, video: VideoArray) -> bool:
    return {frame.width, frame.height} == set(video.shape[1:3])


def _times_apart(
    video: VideoArray, shown: list[int], stamps: list[tuple[float | None, float | None]]
) -> float:
    """Return the greatest difference in milliseconds, 0 where PyAV's times do not increase, or are assumed.

    As in players, presentation times count, or else the decoding time at which a frame came out.
    """
    if len(stamps) != len(shown) or video.stated_fps is None:
        return 0.0
    for known in np.array(stamps, float).T if stamps else ():
        there = np.flatnonzero(~np.isnan(known))  # the last frames come out at no packet
        if len(there) < 2 or (np.diff(known[there]) <= 0).any() or np.isnan(known[0]):
            continue
        ours = video.times[shown][there] - video.times[shown[0]]
        return float(np.abs(ours - known[there] + known[0]).max() * 1e3)
    return 0.0


def main() -> int:
    """Compare all files below a folder."""
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return 0
    folder, most = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 200
    files = [folder] if folder.is_file() else sorted(path for path in folder.rglob("*") if path.is_file())
    av.logging.set_level(av.logging.PANIC)
    rows = []
    for path in files:
        if path.suffix.lower() in NO_VIDEO:
            continue
        row = _compared(path, path.relative_to(folder).as_posix() if path != folder else path.name, most)
        if row is not None:
            rows.append(row)
            print("  ".join(row.cells()), file=sys.stderr, flush=True)
    print_table(f"Reader against a plain decoding: {folder}", HEADER, [row.cells() for row in rows])
    wrong = [row for row in rows if row.differs]
    print(f"{len(rows)} files, {len(wrong)} differ; frames that differ: ", end="")
    print(
        f"{sum(r.forwards for r in rows)} forwards, {sum(r.random for r in rows)} at random, "
        f"{sum(r.backwards for r in rows)} backwards; {sum(r.failed for r in rows)} not shown."
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as cache:  # each file is indexed anew
        os.environ["NAPARI_UBAM_CACHE"] = cache
        code = main()
    sys.exit(code)
