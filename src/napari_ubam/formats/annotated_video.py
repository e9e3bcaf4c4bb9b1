"""Videos with score and episodes drawn in: each frame, and below it the percentile over time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.font_manager import findfont
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from napari_ubam.study import Roi
from napari_ubam.video import VideoWriter, open_video

from .data import THRESHOLD, ExportData, ScoredFrames, file_stems
from .output import Output, Work

WIDTH = 480  # pixels; smaller frames are enlarged, so that the text can be read
SPAN = 10.0  # seconds in the strip
QUALITY = {"crf": "20"}
PAPER, INK, PALE, GREY = (24, 26, 31), (235, 235, 235), (70, 74, 82), (150, 154, 162)
ORANGE, BLUE = (230, 159, 0), (86, 180, 233)  # Okabe and Ito


def video_outputs(data: ExportData) -> Iterator[Output]:
    """Give the annotated video of each recording.

    Parameters
    ----------
    data : ExportData

    Yields
    ------
    Output
    """
    stems = file_stems(one.name for one in data.recordings)
    for one in data.recordings:
        yield Output(f"{stems[one.name]}.mp4", partial(_write, one))


def _write(one: ScoredFrames, path: Path, work: Work) -> None:
    # At the frame rate of the file and not of the camera, so that it plays like the original.
    rated = one.recording.fps if one.recording.video.suffix.casefold() in (".tif", ".tiff") else None
    with open_video(one.recording.video, fps=rated, warn=False) as video:
        frames = [int(frame) for frame in one.frames if frame < len(video)]
        boxes = one.recording.crops(frames) or (None,) * len(frames)
        with VideoWriter(path, video.fps, options=QUALITY) as writer:
            painter: _Painter | None = None
            for row, (frame, box) in enumerate(zip(frames, boxes, strict=True)):
                work.advance(row, len(frames))
                picture = np.asarray(video[frame])
                painter = painter or _Painter(one, picture.shape[1], picture.shape[0])
                writer.write(painter.paint(picture, row, box))


@dataclass
class _Painter:
    """Draws the frames of one recording.

    Parameters
    ----------
    one : ScoredFrames
    width, height : int
        Size of a frame in pixels.
    """

    one: ScoredFrames
    width: int
    height: int

    def __post_init__(self) -> None:
        self.scale = max(WIDTH / self.width, 1.0)
        self.size = (round(self.width * self.scale), round(self.height * self.scale))
        self.text = max(self.size[0] // 34, 13)
        self.font = ImageFont.truetype(findfont("DejaVu Sans"), self.text)
        self.strip = self.text * 5
        self.times = self.one.times
        self.values = self.one.scores["episodic_percentile"].to_numpy(float)
        self.episodes = self.one.episodes.sort_values("start").reset_index(drop=True)

    def paint(self, picture: NDArray[np.uint8], row: int, box: Roi | None) -> NDArray[np.uint8]:
        """Draw one frame.

        Parameters
        ----------
        picture : ndarray of uint8, shape (y, x, c)
        row : int
            Row of the scores.
        box : Roi, optional
            Region of the subject.

        Returns
        -------
        ndarray of uint8, shape (y, x, 3)
        """
        rgb = np.repeat(picture, 3, axis=2) if picture.shape[2] == 1 else picture[..., :3]
        made = Image.new("RGB", (self.size[0], self.size[1] + self.strip), PAPER)
        made.paste(Image.fromarray(rgb).resize(self.size, Image.Resampling.BILINEAR), (0, 0))
        draw = ImageDraw.Draw(made)
        episode = self._episode(row)
        if box is not None:
            corners = (box.x, box.y, box.x + box.width, box.y + box.height)
            draw.rectangle(
                [one * self.scale for one in corners], outline=ORANGE if episode else GREY, width=2
            )
        elif episode:
            draw.rectangle([0, 0, self.size[0] - 1, self.size[1] - 1], outline=ORANGE, width=4)
        self._write_text(draw, row, episode)
        self._draw_strip(draw, row)
        return np.asarray(made)

    def _episode(self, row: int) -> int:
        """Find the number of the episode that the frame belongs to, from 1; 0 for none."""
        frame = self.one.frames[row]
        inside = (self.episodes["start"] <= frame) & (frame < self.episodes["stop"])
        return int(np.flatnonzero(inside.to_numpy())[0]) + 1 if inside.any() else 0

    def _write_text(self, draw: ImageDraw.ImageDraw, row: int, episode: int) -> None:
        top = self.size[1] + self.text // 4
        value = self.values[row]
        score = "no score" if np.isnan(value) else f"percentile {value:.0f}"
        left = f"frame {self.one.frames[row]}   {self.times[row]:.2f} s   {score}"
        draw.text((self.text // 2, top), left, fill=INK, font=self.font)
        if episode:
            right = f"episode {episode} of {len(self.episodes)}"
            at = self.size[0] - self.text // 2 - draw.textlength(right, font=self.font)
            draw.text((at, top), right, fill=ORANGE, font=self.font)

    def _draw_strip(self, draw: ImageDraw.ImageDraw, row: int) -> None:
        """Draw the percentile around the present frame, which is in the middle."""
        low, high = self.size[1] + self.strip - self.text // 3, self.size[1] + round(self.text * 1.9)
        middle, per_second = self.size[0] / 2, self.size[0] / SPAN
        now = self.times[row]

        def across(time: float) -> float:
            return float(middle + (time - now) * per_second)

        def up(value: Any) -> Any:
            return low - (low - high) * value / 100

        for start, stop in zip(self.episodes["start_time"], self.episodes["stop_time"], strict=True):
            if across(stop) > 0 and across(start) < self.size[0]:
                draw.rectangle([across(start), high, across(stop), low], fill=(92, 66, 8))
        limit = up(THRESHOLD)
        draw.line([0, limit, self.size[0], limit], fill=PALE, width=1)
        first, last = np.searchsorted(self.times, [now - SPAN / 2, now + SPAN / 2])
        points = np.stack(
            [middle + (self.times[first:last] - now) * per_second, up(self.values[first:last])], axis=1
        )
        for part in np.split(points, np.flatnonzero(np.isnan(points[:, 1]))):
            known = part[~np.isnan(part[:, 1])]
            if len(known) > 1:
                draw.line([tuple(point) for point in known.tolist()], fill=BLUE, width=2)
        draw.line([middle, high, middle, low], fill=INK, width=1)
