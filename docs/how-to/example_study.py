"""Draw a small study: eight mice on a treadmill, five healthy and three that drag a hind paw.

Every video is six seconds long. The mice differ in coat and size, and the stride of each has a known
period, so the study is also useful to test an analysis. As it happens in laboratories, the second group
was recorded under a dimmer lamp.
"""

# --8<-- [start:imports]
import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from napari_ubam.video import write_video

# --8<-- [end:imports]

WIDTH, HEIGHT, FPS, SECONDS = 256, 144, 30.0, 6.0
GROUND = 122.0
Y, X = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
WALL = 0.66 - 0.0012 * Y + 0.03 * np.sin(X / 37) + 0.015 * np.sin(X / 5 + Y / 11)
BELT = GROUND + 1 < Y
ALONG_BELT = (X + 0.6 * (Y - GROUND))[BELT] / 64  # in marks


@dataclass(frozen=True)
class Mouse:
    """Properties of one animal; lengths in pixels, times in seconds, angles in radians."""

    name: str
    group: str
    coat: tuple[float, float, float]  # RGB, 0 to 1
    size: float  # 1 is average
    period: float  # of one stride
    swing: float = 0.55  # of a healthy leg
    drag: float = 0.0  # of the near hind paw: 0 is healthy, 1 does not move
    lamp: float = 1.0
    seed: int = 0


class Canvas:
    """An RGB image on which shapes with soft edges are painted."""

    def __init__(self, background: np.ndarray) -> None:
        self.pixels = background.copy()

    def stroke(self, start, end, radii, colour, fur=None) -> None:
        """Paint a limb: a line of points (x, y) that is `radii` thick at its ends."""
        (x0, y0), (x1, y1) = start, end
        reach = max(radii) + 2
        columns = slice(max(int(min(x0, x1) - reach), 0), int(max(x0, x1) + reach) + 1)
        rows = slice(max(int(min(y0, y1) - reach), 0), int(max(y0, y1) + reach) + 1)
        x, y = X[rows, columns] - x0, Y[rows, columns] - y0
        length = max((x1 - x0) ** 2 + (y1 - y0) ** 2, 1e-6)
        along = np.clip((x * (x1 - x0) + y * (y1 - y0)) / length, 0, 1)
        radius = radii[0] + along * (radii[1] - radii[0])
        above = y - along * (y1 - y0)
        cover = np.clip(0.5 + radius - np.hypot(x - along * (x1 - x0), above), 0, 1)
        light = 0.95 - 0.3 * above / np.maximum(radius, 1)  # lit from above
        if fur is not None:
            light = light * fur[rows, columns]
        region = self.pixels[rows, columns]
        region += cover[..., None] * (np.asarray(colour, np.float32) * light[..., None] - region)


@cache
def fur_of(seed: int, rise: float) -> np.ndarray:
    """Draw the fur of a mouse over the whole image, (y, x), where the body stands `rise` pixels lower."""
    rng = np.random.default_rng(seed)
    waves = rng.normal(0, 0.35, (10, 2)) + (0.15, 0.5)
    phases = rng.uniform(0, 2 * np.pi, 10)
    angles = [a * X + b * (Y - rise) + phase for (a, b), phase in zip(waves, phases, strict=True)]
    return (1 + 0.035 * np.sin(angles).sum(0)).astype(np.float32)


def background(mouse: Mouse, time: float) -> np.ndarray:
    """Draw the wall and the belt. Its marks move by one distance per stride."""
    mark = np.cos(2 * np.pi * (ALONG_BELT + time / mouse.period)) > 0.93
    grey = WALL.copy()
    grey[BELT] = 0.32 + 0.1 * mark
    return grey[..., None] * np.array([1.0, 0.98, 0.94], np.float32)


def leg(joint, phase, swing, scale, hind):
    """Return knee, ankle and toe, each (x, y), of a leg at a phase of its stride (0 to 2 pi)."""
    lift = max(0.0, np.cos(phase)) * swing
    upper = swing * np.sin(phase) + (0.35 if hind else -0.15)
    lower = swing * np.sin(phase - 0.5) + (-0.45 if hind else 0.1) - 1.1 * lift * (1 if hind else -0.6)
    knee = (joint[0] + 17 * scale * np.sin(upper), joint[1] + 17 * scale * np.cos(upper))
    ankle = (knee[0] + 16 * scale * np.sin(lower), knee[1] + 16 * scale * np.cos(lower))
    ankle = (ankle[0], min(ankle[1], GROUND - 2))
    return knee, ankle, (ankle[0] + 9 * scale, min(ankle[1] + 2 + 3 * lift, GROUND))


def draw(mouse: Mouse, time: float) -> np.ndarray:
    """Draw one frame, (y, x, 3) uint8."""
    stride = 2 * np.pi * time / mouse.period
    bob = 1.2 * np.sin(2 * stride)
    scale, coat = mouse.size, np.asarray(mouse.coat)
    hip, shoulder = (98.0, 84 + bob), (98 + 56 * scale, 88 - bob)
    canvas, fur = Canvas(background(mouse, time)), fur_of(mouse.seed, round(4 * bob) / 4)
    skin = 0.35 * coat + (0.5, 0.36, 0.34)

    def draw_leg(joint, phase, hind, colour, drag=0.0):
        knee, ankle, toe = leg(joint, phase, mouse.swing * (1 - drag), scale, hind)
        canvas.stroke(joint, knee, ((10 if hind else 7) * scale, 5 * scale), colour, fur)
        canvas.stroke(knee, ankle, (4.5 * scale, 2.6 * scale), colour, fur)
        canvas.stroke(ankle, toe, (2.4 * scale, 1.8 * scale), skin * colour / coat)

    low_hip, low_shoulder = (hip[0] - 4, hip[1] + 10), (shoulder[0] + 2, shoulder[1] + 8)
    draw_leg(low_hip, stride + np.pi, True, 0.7 * coat)
    draw_leg(low_shoulder, stride, False, 0.7 * coat)
    tail = [(hip[0] - 20 * scale - 13 * k, hip[1] + 2 + 5 * np.sin(stride - k) * k / 4) for k in range(6)]
    for k, (start, end) in enumerate(pairwise(tail)):
        canvas.stroke(start, end, (3.2 - 0.5 * k, 2.7 - 0.5 * k), skin)
    canvas.stroke(hip, shoulder, (25 * scale, 19 * scale), coat, fur)
    draw_leg(low_hip, stride, True, 0.95 * coat, mouse.drag)
    draw_leg(low_shoulder, stride + np.pi, False, 0.95 * coat)
    nose = (shoulder[0] + 46 * scale, shoulder[1] + 2 + bob)
    canvas.stroke((shoulder[0] + 17 * scale, shoulder[1] - 8), nose, (14 * scale, 4 * scale), coat, fur)
    ear, eye = (shoulder[0] + 14 * scale, shoulder[1] - 22), (shoulder[0] + 29 * scale, shoulder[1] - 7)
    canvas.stroke(ear, ear, (8 * scale, 8 * scale), 0.8 * skin)
    canvas.stroke(eye, eye, (2.2, 2.2), (0.03, 0.03, 0.04))
    canvas.stroke(nose, nose, (2.4, 2.4), (0.55, 0.32, 0.32))
    noise = np.random.default_rng((mouse.seed, round(time * FPS)))
    grain = 0.012 * noise.standard_normal(canvas.pixels.shape, np.float32)
    return np.clip(255 * (mouse.lamp * canvas.pixels + grain), 0, 255).astype(np.uint8)


def frames(mouse: Mouse) -> Iterator[np.ndarray]:
    """Yield the frames of a mouse's video."""
    for number in range(round(SECONDS * FPS)):
        yield draw(mouse, number / FPS)


def mice() -> list[Mouse]:
    """Return five healthy mice and three impaired ones."""
    rng = np.random.default_rng(20)
    coats = [(0.42, 0.33, 0.25), (0.30, 0.29, 0.28), (0.58, 0.50, 0.40), (0.38, 0.36, 0.34)]
    animals = []
    for number in range(8):
        impaired = number >= 5
        mouse = Mouse(
            name=f"mouse{number + 1}",
            group="impaired" if impaired else "healthy",
            coat=coats[number % 4],
            size=float(rng.uniform(0.94, 1.05)),
            period=float(rng.uniform(0.56, 0.64)),
            drag=float(rng.uniform(0.6, 0.8)) if impaired else 0.0,
            lamp=float(rng.normal(0.82 if impaired else 1.0, 0.01)),
            seed=number,
        )
        animals.append(mouse)
    return animals


# --8<-- [start:write]
def write_study(folder: Path) -> Path:
    """Write the videos and the table of the study to a folder; return the path of the table."""
    (folder / "videos").mkdir(parents=True, exist_ok=True)
    rows = [("video", "subject", "group", "session")]
    for mouse in mice():
        video = write_video(folder / "videos" / f"{mouse.name}.mp4", frames(mouse), fps=FPS)
        rows.append((video.relative_to(folder).as_posix(), mouse.name, mouse.group, "0"))
    table = folder / "study.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return table


# --8<-- [end:write]

if __name__ == "__main__":
    print(write_study(Path(sys.argv[1] if len(sys.argv) > 1 else "example")))
