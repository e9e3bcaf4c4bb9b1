"""Read the properties of one recording: open the video, sample its frames and close it again."""

from __future__ import annotations

import random
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_ubam.study import Recording, Roi
from napari_ubam.video import FrameError, VideoArray, VideoError, open_video

from .facts import Problem, RecordingFacts, Severity
from .movement import dominant_period, shrink, shrunk_shape
from .unusual import FRAMES, LONGEST, unusual_spans

SAMPLES = 18  # tested frames: the first, the last and 16 in between
JUMPS = 12  # frames that are read once more after a jump, if every frame is decoded
CLIP_SECONDS = 8.0  # duration of the clip in which the period of the movement is estimated
CLIP_FRAMES = (64, 512)  # minimum and maximum length of this clip
BITS = (10, 12, 14, 16)  # bit depths of cameras that store 16-bit samples
_READING = (VideoError, OSError)


@dataclass
class Probe:
    """Result of reading a recording: its properties, or a problem if it cannot be read."""

    facts: RecordingFacts | None = None
    problems: list[Problem] = field(default_factory=list)


def probe(
    recording: Recording, row: int, *, full: bool = False, tick: Callable[[float], None] | None = None
) -> Probe:
    """Read the properties of one recording.

    Parameters
    ----------
    recording : Recording
        The recording. At most one clip of reduced frames is in memory.
    row : int
        Its row in the study table.
    full : bool
        Decode every frame instead of a sample.
    tick : callable, optional
        Called with the finished fraction, 0 to 1.

    Returns
    -------
    Probe
        The properties. If the video cannot be read, they are missing and there is a problem instead.
    """
    try:
        with warnings.catch_warnings():
            # The warnings of the reader are also in its notes.
            warnings.simplefilter("ignore", UserWarning)
            with recording.open_with(open_video) as video:
                return Probe(_Prober(recording, video, full, tick or (lambda share: None)).facts(row))
    except _READING as error:
        text = str(error).strip() or f"{recording.video} cannot be read; replace it by an intact copy."
        return Probe(
            problems=[Problem(severity=Severity.ERROR, text=text, row=row, recording=recording.name)]
        )


class _Prober:
    """Sampler of one open video."""

    def __init__(
        self, recording: Recording, video: VideoArray, full: bool, tick: Callable[[float], None]
    ) -> None:
        self.recording, self.video, self.tick = recording, video, tick
        self.luma = video.luma()
        self.height, self.width = video.shape[1:3]
        self.segments = recording.segments(len(video), video.times)
        self.clips = _clips(self.segments, video.fps)
        self.bad: set[int] = set()
        self.brightest = 0.0
        self.read: set[int] = set()
        self.sums: dict[int, int] = {}
        frames = sum(map(len, self.segments))
        self.sample = _spread(self.segments, SAMPLES) if frames else []
        self.wanted = _all(self.segments) if full else iter(self.sample)
        self.again = frozenset(_spread(self.segments, JUMPS) if full and frames else ())
        watched = 0 < frames <= LONGEST and recording.track is None
        self.watched = _spread(self.segments, FRAMES) if watched else []
        sampled = len(self.sample) + len(self.watched)
        self.done, self.planned = 0, (frames if full else sampled) + sum(map(len, self.clips))

    def facts(self, row: int) -> RecordingFacts:
        video, recording = self.video, self.recording
        brightness = self._brightness()
        crop_height, crop_width = self._crop_size()
        frames = sum(map(len, self.segments))
        return RecordingFacts(
            **{name: getattr(recording, name) for name in ("name", "subject", "group", "session")},
            row=row,
            video=str(recording.video),
            video_frames=len(video),
            video_seconds=float(video.times[-1] + 1 / video.fps) if len(video) else 0.0,
            frames=frames,
            seconds=frames / video.fps,
            fps=video.fps,
            height=self.height,
            width=self.width,
            crop_height=crop_height,
            crop_width=crop_width,
            brightness=brightness,
            period=self._period(),
            unusual=self._unusual(),
            read=len(self.read),
            bad_frames=tuple(sorted(self.bad)),
            wrong_jumps=self._wrong_jumps(),
            notes=(*video.notes, *_rate_notes(recording, video)),
            fingerprint=video.fingerprint,
        )

    def _frame(self, number: int) -> NDArray[np.generic] | None:
        """Region of a frame. None if it cannot be decoded, or the region is outside the frame."""
        self.read.add(number)
        self.done += 1
        if self.done % 16 == 0:
            self.tick(self.done / self.planned)
        try:
            image = self.luma[number]
        except FrameError:
            self.bad.add(number)
            return None
        if number in self.again:
            self.sums.setdefault(number, zlib.crc32(np.ascontiguousarray(image).data))
        crops = self.recording.crops([number])
        roi = crops[0] if crops else Roi(x=0, y=0, width=self.width, height=self.height)
        inside = roi.clipped(self.height, self.width) if roi else None
        return image[inside.slices] if inside else None

    def _wrong_jumps(self) -> tuple[int, ...]:
        """Frames that look different after a jump from a closed file than they did in sequence."""
        wrong = []
        for number in random.Random(0).sample(sorted(self.sums), len(self.sums)):
            self.video.close()
            try:
                right = zlib.crc32(np.ascontiguousarray(self.luma[number]).data) == self.sums[number]
            except FrameError:
                right = False
            if not right:
                wrong.append(number)
        return tuple(sorted(wrong))

    def _brightness(self) -> float | None:
        """Mean grey level of the sampled frames, scaled to 0 to 255."""
        sample = set(self.sample)
        levels = []
        for number in self.wanted:
            region = self._frame(number)
            if region is not None and number in sample:
                self.brightest = max(self.brightest, float(region.max()))
                levels.append(float(region.mean(dtype=np.float64)))
        return float(np.mean(levels)) * self._grey_scale() if levels else None

    def _grey_scale(self) -> float:
        """Factor to grey levels from 0 to 255. 16-bit samples can have only 10, 12 or 14 used bits."""
        kind = self.luma.dtype
        if kind == np.uint8:
            return 1.0
        if not np.issubdtype(kind, np.integer):
            return 255.0
        full = next((2**bits - 1 for bits in BITS if self.brightest < 2**bits), np.iinfo(kind).max)
        return 255 / full

    def _crop_size(self) -> tuple[int, int]:
        recording = self.recording
        if recording.track is not None:
            width, height = np.median(recording.track.boxes[:, 2:], axis=0)
            return max(round(float(height)), 1), max(round(float(width)), 1)
        if recording.roi is not None:
            return recording.roi.height, recording.roi.width
        return self.height, self.width

    def _period(self) -> float | None:
        """Period of the movement in seconds: the median over one or two clips of the longest segment."""
        periods = []
        for numbers in self.clips:
            clip = self._clip(numbers)
            lag = dominant_period(clip) if len(clip) else None
            if lag is not None:
                start, stop = numbers[0], numbers[len(clip) - 1]
                seconds = self.video.times[stop] - self.video.times[start]
                periods.append(lag * seconds / (stop - start))
        return float(np.median(periods)) if periods else None

    def _unusual(self) -> tuple[tuple[float, float], ...]:
        """Find the times at which most of the region looks like at no other time."""
        shape, scale = shrunk_shape(*self._crop_size()), np.float32(self._grey_scale())
        found = [(number, self._frame(number)) for number in self.watched]
        seen = [(number, shrink(region, shape) * scale) for number, region in found if region is not None]
        if not seen:
            return ()
        numbers, pictures = zip(*seen, strict=True)
        times = self.video.times
        end = times[self.segments[-1].stop - 1] + 1 / self.video.fps
        return unusual_spans(np.stack(pictures), times[list(numbers)], float(end))

    def _clip(self, numbers: range) -> NDArray[np.float32]:
        """Reduced frames up to the first one that cannot be decoded."""
        frames: list[NDArray[np.float32]] = []
        shape = shrunk_shape(*self._crop_size())
        scale = self._grey_scale()
        for number in numbers:
            region = self._frame(number)
            if region is None:
                break
            frames.append(shrink(region, shape) * np.float32(scale))
        return np.stack(frames) if frames else np.empty((0, *shape), np.float32)


def _rate_notes(recording: Recording, video: VideoArray) -> Iterator[str]:
    """Note that the frame rate of the study replaces that of the file. This can be a typing error."""
    stated = video.stated_fps
    if recording.fps and stated and abs(recording.fps / stated - 1) > 0.01:
        yield (
            f"The study states {recording.fps:g} frames per second, the file {stated:g}: the study is used; "
            "correct the column fps if this is not the frame rate of the camera."
        )


def _all(segments: Iterable[range]) -> Iterator[int]:
    for run in segments:
        yield from run


def _clips(segments: tuple[range, ...], fps: float) -> tuple[range, ...]:
    """Choose one or two clips of the longest segment, to estimate the period of the movement."""
    if not segments:
        return ()
    run = max(segments, key=len)
    length = min(int(np.clip(CLIP_SECONDS * fps, *CLIP_FRAMES)), len(run))
    places = (1 / 3, 2 / 3) if len(run) > 4 * length else (1 / 2,)
    starts = (run.start + round((len(run) - length) * place) for place in places)
    return tuple(range(start, start + length) for start in starts)


def _spread(segments: tuple[range, ...], count: int) -> list[int]:
    """Choose evenly spaced frame numbers from all segments, including the first and the last."""
    ends = np.cumsum([len(run) for run in segments])
    places = np.unique(np.linspace(0, ends[-1] - 1, min(count, int(ends[-1]))).round().astype(np.int64))
    runs = np.searchsorted(ends, places, side="right")
    return [
        int(segments[run].start + place - (ends[run] - len(segments[run])))
        for run, place in zip(runs.tolist(), places.tolist(), strict=True)
    ]
