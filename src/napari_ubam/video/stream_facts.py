"""Properties of a video stream as the container states them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av.video.stream

from .h264 import may_hold_fields
from .index import NO_TIME
from .packet_sources import is_raw
from .packets import Demuxed, is_cover

TYPED_CODECS = frozenset(
    ["h264", "hevc", "mpeg1video", "mpeg2video", "mpeg4", "vp8", "vp9", "av1", "libdav1d", "libaom-av1"]
)
"""Decoders that tell for each picture whether it refers to others, also if the first pictures do not."""


@dataclass(frozen=True)
class StreamFacts:
    """Properties of a stream from the container. They are used only if the packets agree with them.

    Attributes
    ----------
    container, codec : str
        FFmpeg names.
    raw : bool
        Whether this is an elementary stream without a container.
    complete : bool
        Whether the file was read to its end without an error.
    frames : int
        Number of frames in the header, 0 if unknown.
    truncated : bool
        Whether the file contains fewer frames than its header states.
    rate : float or None
        Frames per second in the header.
    coded_rate : float or None
        Frames per second in the codec data. Many encoders write there what is no frame rate.
    time_base : float
        Seconds per tick of the timestamps.
    pixel_aspect : float
        Width of a pixel divided by its height.
    fields : bool
        Whether a frame can be stored as two fields, that is, as two packets.
    streams : int
        Number of video streams in the file.
    intra_only : bool
        Whether no picture of this codec refers to others.
    """

    container: str
    codec: str
    raw: bool
    complete: bool
    frames: int
    truncated: bool
    rate: float | None
    coded_rate: float | None
    time_base: float
    pixel_aspect: float
    fields: bool
    streams: int
    intra_only: bool

    @property
    def trusts_types(self) -> bool:
        """Whether the decoder always tells which pictures refer to others."""
        return self.codec in TYPED_CODECS

    @property
    def rates(self) -> tuple[float, ...]:
        """Frame rates that the stream states."""
        return tuple(rate for rate in (self.rate, self.coded_rate) if rate)

    @classmethod
    def of(cls, stream: av.video.stream.VideoStream, demuxed: Demuxed, path: Path) -> StreamFacts:
        """Read the properties of an open stream.

        Parameters
        ----------
        stream : VideoStream
            Stream of an open container.
        demuxed : Demuxed
            Its packets.
        path : Path
            The file.

        Returns
        -------
        StreamFacts
            The properties.
        """
        rate, coded = stream.average_rate or stream.guessed_rate, stream.codec_context.framerate
        codec = stream.codec_context.name
        container = stream.container.format.name
        if is_raw(container):
            rate = coded or rate  # the other one is FFmpeg's own, 25
        return cls(
            container=container,
            codec=codec,
            raw=is_raw(container),
            complete=demuxed.complete,
            frames=stream.frames,
            truncated=not demuxed.complete or _ends_early(stream.frames, demuxed, container, path),
            rate=float(rate) if rate else None,
            coded_rate=float(coded) if coded else None,
            time_base=float(stream.time_base or 0),
            pixel_aspect=float(stream.sample_aspect_ratio or 1),
            fields=codec == "h264" and may_hold_fields(stream.codec_context.extradata),
            streams=sum(not is_cover(other) for other in stream.container.streams.video),
            intra_only=stream.codec_context.codec.intra_only,
        )


def _ends_early(stated: int, demuxed: Demuxed, container: str, path: Path) -> bool:
    """Whether packets are missing at the end. Some headers count fields, twice the number of frames."""
    packets = len(demuxed.table) + demuxed.empty
    if container == "avi" and packets:
        # FFmpeg skips packets without data, which repeat the last picture. Each of them takes one tick.
        dts = demuxed.table[:, 1]
        packets = max(packets, int(dts.max()) + 1 if (dts != NO_TIME).all() else 0)
    missing = stated > packets and abs(stated - 2 * packets) > 2
    return missing and not (container == "avi" and _is_whole_riff(path))


def _is_whole_riff(path: Path) -> bool:
    """Whether the file is as long as its header says. Then what seems to be missing are repeated pictures."""
    size, place = path.stat().st_size, 0
    with path.open("rb") as file:
        while place + 12 <= size:
            file.seek(place)
            head = file.read(8)
            if head[:4] != b"RIFF":
                break
            length = int.from_bytes(head[4:], "little")
            if not length or length == 0xFFFFFFFF:
                return False
            place += 8 + length + length % 2
    return 0 < place <= size + 1
