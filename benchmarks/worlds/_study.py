"""A study in a folder: videos, table of the recordings, truth, and a sheet with pictures of every subject."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from _cast import JUDGE, Subject, Truth, cast
from PIL import Image, ImageDraw

from napari_ubam.video import write_video

FPS = 30.0
# With x264's macroblock tree and AVX-512, the same pictures give other bytes each time.
OPTIONS = {"preset": "veryfast", "threads": "1", "x264-params": "mbtree=0"}
Picture = npt.NDArray[np.uint8]


class World(Protocol):
    """What a world's module has."""

    KINDS: tuple[str, ...]
    SIZE: tuple[int, int]

    def truth_of(self, subject: Subject, frames: int, fps: float, factor: float = 1.0) -> Truth:
        """Compute the movement; needs no renderer."""

    def render(
        self,
        subject: Subject,
        truth: Truth,
        size: tuple[int, int],
        fps: float,
        frames: Sequence[int] | None = None,
    ) -> Iterator[Picture]:
        """Render the frames, RGB of shape (y, x, 3)."""

    def quality(self, subject: Subject) -> str:
        """Return the CRF of the video, a number as text."""


class RefusedError(SystemExit):
    """The request cannot be met."""


def make_study(
    world: World,
    folder: Path,
    *,
    seed: int,
    reference: int = 8,
    impaired: int = 6,
    frames: int = 450,
    size: tuple[int, int] | None = None,
    judge: bool = False,
    say: Callable[[str], None] = print,
) -> None:
    """Write a study. Recordings that the folder already has are not rendered again.

    Parameters
    ----------
    world : module
        See `World`.
    folder : Path
        Created if needed.
    seed : int
        Random seed; the same seed gives the same study.
    reference, impaired : int
        Number of healthy and of impaired subjects.
    frames : int
        Of each recording, at 30 per second.
    size : tuple of int, optional
        Width and height of the videos in pixels. Default: as the world likes it.
    judge : bool
        Allows a seed of the judge.
    say : callable
        Is told what has been written.

    Raises
    ------
    RefusedError
        If the seed belongs to the judge and ``judge`` is not set, or the folder has another study.
    """
    if seed >= JUDGE and not judge:
        raise RefusedError(
            f"Seed {seed} belongs to the judge (from {JUDGE} on), to which nothing is tuned: choose a "
            "smaller one, or add --judge for a final measurement."
        )
    name = Path(str(world.__file__)).stem  # type: ignore[attr-defined]
    recipe = {"world": name, "seed": seed, "reference": reference, "impaired": impaired, "frames": frames}
    recipe["size"] = list(size or world.SIZE)
    _claim(folder, recipe)
    subjects = cast(world.KINDS, seed, reference, impaired)
    for subject in subjects:
        if not (folder / "videos" / f"{subject.name}.mp4").exists():
            _film(world, subject, frames, size or world.SIZE, folder)
            say(f"{subject.name}: {subject.kind or 'healthy'}, {subject.course}, severity {subject.severity}")
    _write_tables(folder, subjects)
    _contact_sheet(folder, subjects)


def _claim(folder: Path, recipe: dict[str, object]) -> None:
    """Note what the folder holds, and refuse a folder with something else."""
    note = folder / "world.json"
    text = json.dumps(recipe) + "\n"
    if note.exists() and note.read_text("utf-8") != text:
        raise RefusedError(f"{folder} has another study, {note.read_text('utf-8').strip()}; choose another.")
    for part in ("videos", "truth", "pictures"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    note.write_text(text, "utf-8")


def _film(world: World, subject: Subject, frames: int, size: tuple[int, int], folder: Path) -> None:
    truth = world.truth_of(subject, frames, FPS)
    place = getattr(world, "seen", None)  # worlds in which the subject moves through the picture
    np.savez(
        folder / "truth" / f"{subject.name}.npz",
        angles=truth.angles.astype(np.float32),
        joints=np.array(truth.joints),
        deviating=truth.deviating,
        envelope=truth.envelope.astype(np.float32),
        kind=subject.kind,
        course=subject.course,
        severity=subject.severity,
        **(place(subject, truth, size) if place else {}),
    )
    kept = _chosen(truth)
    shown: dict[int, Picture] = {}

    def watched() -> Iterator[Picture]:
        for number, picture in enumerate(world.render(subject, truth, size, FPS)):
            if number in kept:
                shown[number] = picture
            yield picture

    path = folder / "videos" / f"{subject.name}.mp4"
    draft = path.with_name(f"{subject.name}.part.mp4")
    write_video(draft, watched(), FPS, options=OPTIONS | {"crf": world.quality(subject)})
    draft.replace(path)
    row = Image.fromarray(np.concatenate([shown[number] for number in kept], axis=1))
    row.save(folder / "pictures" / f"{subject.name}.png")


def _chosen(truth: Truth) -> list[int]:
    """Return six frames: three without deviation, and three of a bout if there is one."""
    frames = len(truth.envelope)
    calm, bout = np.flatnonzero(truth.envelope <= 0.01), np.flatnonzero(truth.envelope >= 0.99)
    calm, bout = (calm if len(calm) else bout), (bout if len(bout) else calm)
    step = 6 if frames > 60 else 1
    chosen: list[int] = []
    for numbers in (calm, bout):
        begin = int(numbers[len(numbers) // 3]) if len(numbers) else 0
        begin += 3 * step * (begin in chosen)
        chosen += [min(begin + step * n, frames - 1) for n in range(3)]
    return chosen


def _write_tables(folder: Path, subjects: Sequence[Subject]) -> None:
    rows = [(f"videos/{who.name}.mp4", who.name, who.group, 0) for who in subjects]
    _write_rows(folder / "study.csv", ("video", "subject", "group", "session"), rows)
    truth = []
    for who in subjects:
        with np.load(folder / "truth" / f"{who.name}.npz") as kept:
            share = float(kept["deviating"].mean())
        truth.append((who.name, who.group, who.kind, who.course, who.severity, f"{share:.3f}"))
    header = ("recording", "group", "kind", "course", "severity", "deviating_share")
    _write_rows(folder / "truth.csv", header, truth)


def _write_rows(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def _contact_sheet(folder: Path, subjects: Sequence[Subject]) -> None:
    """Put the pictures of all subjects below each other: three calm frames, then three of a bout."""
    strips = []
    for who in subjects:
        strip = Image.open(folder / "pictures" / f"{who.name}.png").convert("RGB")
        strip = strip.resize((strip.width // 2, strip.height // 2), Image.Resampling.BOX)
        text = f"{who.name}  {who.kind} {who.course} {who.severity or ''}"
        ImageDraw.Draw(strip).text((4, 2), text, fill=(255, 255, 0), stroke_width=1, stroke_fill=(0, 0, 0))
        strips.append(np.asarray(strip))
    Image.fromarray(np.concatenate(strips)).save(folder / "sheet.png")
