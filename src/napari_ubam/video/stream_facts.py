"""Properties of a video stream as the container states them."""

from __future__ import annotations

from dataclasses import dataclass

import av.video.stream

from .h264 import may_hold_fields
from .packets import is_cover


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
    rate : float or None
        Frames per second in the header.
    time_base : float
        Seconds per tick of the timestamps.
    pixel_aspect : float
        Width of a pixel divided by its height.
    fields : bool
        Whether a frame can be stored as two fields, that is, as two packets.
    streams : int
        Number of video streams in the file.
    """

    container: str
    codec: str
    raw: bool
    complete: bool
    frames: int
    rate: float | None
    time_base: float
    pixel_aspect: float
    fields: bool
    streams: int

    def truncated(self, packets: int) -> bool:
        """Whether the file contains fewer frames than its header states.

        Parameters
        ----------
        packets : int
            Number of packets in the file. Some headers count fields, twice the number of frames: this does
            not count as truncated.

        Returns
        -------
        bool
            True if frames are missing at the end.
        """
        return not self.complete or (self.frames > packets and abs(self.frames - 2 * packets) > 2)

    @classmethod
    def of(cls, stream: av.video.stream.VideoStream, raw: bool, complete: bool) -> StreamFacts:
        """Read the properties of an open stream.

        Parameters
        ----------
        stream : VideoStream
            Stream of an open container.
        raw, complete : bool
            As in the attributes.

        Returns
        -------
        StreamFacts
            The properties.
        """
        rate = stream.average_rate or stream.guessed_rate
        codec = stream.codec_context.name
        return cls(
            container=stream.container.format.name,
            codec=codec,
            raw=raw,
            complete=complete,
            frames=stream.frames,
            rate=float(rate) if rate else None,
            time_base=float(stream.time_base or 0),
            pixel_aspect=float(stream.sample_aspect_ratio or 1),
            fields=codec == "h264" and may_hold_fields(stream.codec_context.extradata),
            streams=sum(not is_cover(other) for other in stream.container.streams.video),
        )
