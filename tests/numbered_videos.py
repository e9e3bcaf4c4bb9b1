"""Videos whose pixels carry their frame number, made with PyAV's own encoders."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import av.bitstream
import numpy as np

FRAMES = 100
HEIGHT, WIDTH = 96, 128
BITS, BLOCK = 12, 8


def picture(number: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """Grey image, uint8 (height, width): the number as black and white blocks above a moving texture."""
    y, x = np.mgrid[:height, :width]
    image = 110 + 50 * np.sin((x + 3 * number) / 9) * np.cos((y - number) / 7)
    for bit in range(BITS):
        block = slice(bit * BLOCK, (bit + 1) * BLOCK)
        image[: 2 * BLOCK, block] = 230 if number >> bit & 1 else 25
    return image.astype(np.uint8)


def number_in(image: np.ndarray) -> int:
    """Read the number of a frame, shape (y, x), (y, x, 1) or (y, x, 3), of any depth."""
    grey = image.reshape(*image.shape[:2], -1).mean(-1)
    strip = grey[4 : 2 * BLOCK - 4]
    blocks = [strip[:, bit * BLOCK + 2 : (bit + 1) * BLOCK - 2].mean() for bit in range(BITS)]
    middle = (grey.max() + grey.min()) / 2
    return sum(1 << bit for bit, value in enumerate(blocks) if value > middle)


@dataclass(frozen=True)
class Recipe:
    """How a test video is encoded."""

    suffix: str
    codec: str
    options: dict[str, str] = field(default_factory=dict)
    pixel_format: str = "yuv420p"
    container: dict[str, str] = field(default_factory=dict)
    size: tuple[int, int] = (HEIGHT, WIDTH)
    muxer: str | None = None
    rate: int = 25
    b_frames: int | None = None
    stamps: Callable[[int], int] = int


X264 = {"preset": "ultrafast", "crf": "12"}


def _x264(parameters: str) -> dict[str, str]:
    return {"preset": "veryfast", "crf": "12", "x264-params": f"scenecut=0:{parameters}"}


RECIPES: dict[str, Recipe] = {
    "h264 one keyframe, B-frames": Recipe(".mp4", "libx264", _x264("keyint=250:bframes=3")),
    "h264 GOP 12": Recipe(".mp4", "libx264", _x264("keyint=12:bframes=2")),
    "h264 open GOP": Recipe(".mp4", "libx264", _x264("keyint=12:bframes=3:open-gop=1")),
    "h264 intra refresh": Recipe(".mp4", "libx264", _x264("keyint=20:intra-refresh=1:bframes=0")),
    "h264 mov": Recipe(".mov", "libx264", _x264("keyint=15:bframes=2")),
    "h264 mkv": Recipe(".mkv", "libx264", _x264("keyint=15:bframes=2")),
    "h264 mts": Recipe(".mts", "libx264", _x264("keyint=15:bframes=2"), muxer="mpegts"),
    "h264 interlaced mts": Recipe(".mts", "libx264", _x264("keyint=15:bframes=2:tff=1"), muxer="mpegts"),
    "h264 open GOP mts": Recipe(".mts", "libx264", _x264("keyint=12:bframes=3:open-gop=1"), muxer="mpegts"),
    "h264 avi": Recipe(".avi", "libx264", _x264("keyint=15:bframes=0")),
    "h264 B-frames avi": Recipe(".avi", "libx264", _x264("keyint=15:bframes=2")),
    "h264 raw": Recipe(".h264", "libx264", _x264("keyint=15:bframes=0"), muxer="h264"),
    "h264 raw, B-frames": Recipe(".h264", "libx264", _x264("keyint=15:bframes=3"), muxer="h264"),
    "h264 10 bit": Recipe(".mp4", "libx264", _x264("keyint=15"), pixel_format="yuv420p10le"),
    "h264 full range": Recipe(".mp4", "libx264", _x264("keyint=15"), pixel_format="yuvj420p"),
    "h264 grey": Recipe(".mkv", "libx264", _x264("keyint=15"), pixel_format="gray"),
    "h264 4:4:4, odd size": Recipe(
        ".mp4", "libx264", _x264("keyint=15"), pixel_format="yuv444p", size=(97, 131)
    ),
    "h264 fragmented": Recipe(
        ".mp4",
        "libx264",
        _x264("keyint=15:bframes=2"),
        container={"movflags": "frag_keyframe+empty_moov+default_base_moof"},
    ),
    "h264 variable rate": Recipe(
        ".mp4", "libx264", _x264("keyint=15:bframes=2"), stamps=lambda n: 2 * n + n // 7 * 3 + n % 2
    ),
    "h264 offset start": Recipe(".mkv", "libx264", _x264("keyint=15:bframes=2"), stamps=lambda n: n + 1000),
    "h264 negative timestamps": Recipe(
        ".mkv",
        "libx264",
        _x264("keyint=15:bframes=0"),
        container={"avoid_negative_ts": "disabled"},
        stamps=lambda n: n - 10,
    ),
    "hevc": Recipe(
        ".mp4", "libx265", {"preset": "ultrafast", "x265-params": "keyint=12:bframes=3:log-level=none"}
    ),
    "hevc mkv, one keyframe": Recipe(
        ".mkv", "libx265", {"preset": "ultrafast", "x265-params": "keyint=250:log-level=none"}
    ),
    "mpeg4 avi": Recipe(".avi", "mpeg4", {"g": "12", "qscale": "2"}),
    "mpeg4 B-frames avi": Recipe(".avi", "mpeg4", {"g": "12", "bf": "2"}, b_frames=2),
    "mpeg4 B-frames mp4": Recipe(".mp4", "mpeg4", {"g": "12", "bf": "2"}, b_frames=2),
    "mpeg4 odd size": Recipe(".avi", "mpeg4", {"g": "12"}, size=(99, 133)),
    "mjpeg avi": Recipe(".avi", "mjpeg", {"qscale": "2"}, pixel_format="yuvj420p"),
    "mjpeg mov": Recipe(".mov", "mjpeg", {"qscale": "2"}, pixel_format="yuvj420p"),
    "mpeg2 ts": Recipe(".ts", "mpeg2video", {"g": "12", "bf": "2"}, muxer="mpegts", b_frames=2),
    "mpeg2 interlaced ts": Recipe(
        ".ts", "mpeg2video", {"g": "12", "flags": "+ildct+ilme"}, muxer="mpegts", b_frames=2
    ),
    "mpeg2 program stream": Recipe(".mpg", "mpeg2video", {"g": "12"}, muxer="mpeg", b_frames=2),
    "vp9 webm": Recipe(
        ".webm", "libvpx-vp9", {"g": "15", "deadline": "realtime", "cpu-used": "8", "crf": "20"}
    ),
    "vp9 alternate references": Recipe(
        ".webm",
        "libvpx-vp9",
        {"g": "30", "cpu-used": "5", "auto-alt-ref": "1", "lag-in-frames": "16", "b": "300k"},
    ),
    "av1 mkv": Recipe(".mkv", "libsvtav1", {"preset": "12", "g": "16", "svtav1-params": "crf=20"}),
    "ffv1 mkv": Recipe(".mkv", "ffv1", {}, pixel_format="gray"),
    "ffv1 grey 10 bit": Recipe(".mkv", "ffv1", {}, pixel_format="gray10le"),
    "raw rgb avi": Recipe(".avi", "rawvideo", {}, pixel_format="bgr24"),
    "prores mov": Recipe(".mov", "prores", {}, pixel_format="yuv422p10le"),
}


@contextmanager
def _same_priority() -> Iterator[None]:
    """Take back the real-time priority that SVT-AV1 gives to the thread of a superuser.

    The process and its children would else stop all other processes, Xvfb and other tests among them.
    """
    yield
    if hasattr(os, "sched_setscheduler") and os.sched_getscheduler(0) != os.SCHED_OTHER:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def encode(path: Path, recipe: Recipe, frames: int = FRAMES, first: int = 0) -> Path:
    """Write a test video whose frame i carries the number ``first + i``."""
    height, width = recipe.size
    options = {"format": recipe.muxer, "options": recipe.container}
    with _same_priority(), av.open(str(path), "w", **options) as container:
        stream = container.add_stream(recipe.codec, rate=recipe.rate, options=recipe.options)
        stream.width, stream.height, stream.pix_fmt = width, height, recipe.pixel_format
        stream.codec_context.time_base = Fraction(1, recipe.rate)
        if recipe.b_frames is not None:
            stream.codec_context.max_b_frames = recipe.b_frames
        for number in range(frames):
            grey = picture(first + number, height, width)
            frame = av.VideoFrame.from_ndarray(grey, format="gray").reformat(format=recipe.pixel_format)
            frame.pts, frame.time_base = recipe.stamps(number), Fraction(1, recipe.rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def remux(source: Path, target: Path, shift: int = 0, **options: str) -> Path:
    """Copy packets into another file, their timestamps shifted by a number of frames."""
    with av.open(str(source)) as old, av.open(str(target), "w", options=options) as new:
        stream = old.streams.video[0]
        copy = new.add_stream_from_template(stream)
        ticks = round(shift / stream.average_rate / stream.time_base)
        for packet in old.demux(stream):
            if packet.dts is None:
                continue
            packet.pts += ticks
            packet.dts += ticks
            packet.stream = copy
            new.mux(packet)
    return target


def packets_of(path: Path) -> Iterator[tuple[int, int, bool]]:
    """Byte offset, length and keyframe flag of every video packet."""
    with av.open(str(path)) as container:
        for packet in container.demux(video=0):
            if packet.size:
                yield packet.pos, packet.size, packet.is_keyframe
