"""Clips of the strongest episodes beside their magnification, made for the report and kept in the run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image as Images

from napari_ubam.crops.levels import levels_of
from napari_ubam.errors import UbamError, os_error_sentence
from napari_ubam.files import write_atomic
from napari_ubam.magnification.defaults import FACTOR
from napari_ubam.magnification.prepare import magnification
from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled
from napari_ubam.report.clips import HEIGHTS, SMOOTH, WIDEST_PANE, animation
from napari_ubam.report.style import Image, format_time
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.paths import EPISODES, MAGNIFIER
from napari_ubam.runfolder.recordings import read_recordings
from napari_ubam.runfolder.tables import Result
from napari_ubam.study import Recording, StudyError
from napari_ubam.study.filters import condition
from napari_ubam.versions import versions
from napari_ubam.video import open_video

CLIPS = 6
"""Number of subjects whose strongest episode is shown."""

LAYOUT = 1  # of the clips; another one makes them again
SHORTEST, LONGEST = 2.0, 4.0  # seconds that a clip shows
MARGIN = 0.15  # of the region, around it
BLOCK = 8  # frames in memory at full size


@dataclass(frozen=True)
class Clip:
    """The strongest episode of a subject.

    Parameters
    ----------
    title, caption : str
        What it shows.
    path, still : Path
        Animated WebP file, and one of its frames.
    """

    title: str
    caption: str
    path: Path
    still: Path


@dataclass(frozen=True)
class _Wanted:
    """What a clip is made of.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    recording : Recording
    episode : dict
        Row of the table of episodes.
    scores : Result
        Scores of the run.
    device : str
        For the magnification.
    """

    folder: Path
    recording: Recording
    episode: dict[str, Any]
    scores: Result
    device: str

    @property
    def reference(self) -> str:
        """Filter of the reference that the episode deviates from."""
        reference = str(self.scores.facts["reference"])
        if self.scores.facts.get("within") == "subject":
            return f"{reference} and {condition('subject', self.recording.subject)}"
        return reference

    @property
    def fps(self) -> float:
        """Frames per second, by the times of the scores."""
        one = self.episode
        seconds = one["stop_time"] - one["start_time"]
        return (one["stop"] - one["start"]) / seconds if seconds > 0 else SMOOTH

    @property
    def name(self) -> str:
        """Name of the files without their ending. It changes with everything that the clip depends on."""
        facts, one = self.scores.facts, self.recording
        codes = {row["name"]: row["codes"] for row in facts.get("recordings", ())}
        video, magnifier = one.video.stat(), self.folder / MAGNIFIER
        depends = {
            "layout": LAYOUT,
            "recording": [one.name, str(one.roi), one.start, one.stop, video.st_size, video.st_mtime_ns],
            "episode": [int(self.episode["start"]), int(self.episode["stop"]), int(self.episode["peak"])],
            "codes": [codes.get(one.name), *(codes.get(name) for name in facts["reference_recordings"])],
            "reference": self.reference,
            "factor": FACTOR,
            "model": dict(facts.get("model", {})),
            "magnifier": hashlib.sha256(magnifier.read_bytes()).hexdigest() if magnifier.is_file() else "",
        }
        digest = hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()[:10]
        stem = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in one.name)[:60]
        return f"{stem}-{int(self.episode['start'])}-{digest}"


def make_clips(
    folder: Path,
    scores: Result,
    count: int = CLIPS,
    *,
    device: str = "auto",
    progress: ProgressCallback,
    cancel: Cancel | None = None,
) -> tuple[list[Clip], list[str]]:
    """Make clips of the strongest episodes, or take those that are there. Outdated ones are removed.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    scores : Result
        Its scores.
    count : int
        Number of subjects. The strongest episode of each is shown.
    device : str
        Compute device of the magnification.
    progress : callable
        Called with the progress of the stage ``"clips"``.
    cancel : object with ``is_set()``, optional
        Stops the work when set. Finished clips are kept.

    Returns
    -------
    clips : list of Clip
        The strongest subject first.
    notes : list of str
        Sentences about clips that could not be made.
    """
    clips: list[Clip] = []
    notes: list[str] = []
    rows = strongest_episodes(scores, count)
    recordings = _recordings(folder) if rows else {}
    for number, row in enumerate(rows):
        check_cancelled(cancel)
        name = str(row["recording"])
        progress(Progress("clips", number, len(rows), detail=name))
        if name not in recordings:
            notes.append(f"{name}: no clip, since it is no longer in the study of this run.")
            continue
        try:
            clips.append(_clip(_Wanted(folder, recordings[name], row, scores, device), cancel))
        except (UbamError, OSError) as error:
            said = os_error_sentence(error) if isinstance(error, OSError) else str(error)
            notes.append(f"{name}: no clip ({said.rstrip('.')}).")
    progress(Progress("clips", len(rows), len(rows)))
    kept = {path.name for one in clips for path in (one.path, one.still, _facts_file(one.path))}
    for old in (folder / EPISODES).glob("*-*"):
        if old.suffix in (".webp", ".json") and old.name not in kept:
            old.unlink(missing_ok=True)
    return clips, notes


def strongest_episodes(scores: Result, count: int) -> list[dict[str, Any]]:
    """Choose the strongest episode of each of the strongest subjects.

    Parameters
    ----------
    scores : Result
    count : int
        Number of subjects.

    Returns
    -------
    list of dict
        Rows of the table of episodes, with ``subject``, ``group`` and ``session``. The subject with the
        largest episodic deviation comes first. Recordings of the reference are left out.
    """
    subjects, episodes = scores.tables["subjects"], scores.tables["episodes"]
    labels = pd.DataFrame(
        [
            (one["name"], one["subject"], one["group"], one["session"])
            for one in scores.facts.get("recordings", ())
        ],
        columns=["recording", "subject", "group", "session"],
    )
    others = episodes[~episodes["recording"].isin(scores.facts["reference_recordings"])]
    if labels.empty or others.empty or count < 1:
        return []
    order = subjects[~subjects["reference"]].groupby("subject")["episodic"].max()
    found = others.merge(labels, on="recording").sort_values("excess", ascending=False)
    best = found.drop_duplicates("subject")
    best = best.assign(order=best["subject"].map(order)).sort_values("order", ascending=False)
    return [{str(key): value for key, value in row.items()} for row in best.head(count).to_dict("records")]


def _recordings(folder: Path) -> dict[str, Recording]:
    try:
        return {one.name: one for one in read_recordings(folder)}
    except (RunError, StudyError, OSError):
        return {}


def _facts_file(path: Path) -> Path:
    return path.with_suffix(".json")


def _clip(wanted: _Wanted, cancel: Cancel | None) -> Clip:
    """Give a clip: the one that is there, or a new one."""
    path = wanted.folder / EPISODES / f"{wanted.name}.webp"
    still = path.with_name(f"{path.stem}-still.webp")
    facts_file = _facts_file(path)
    if not (facts_file.is_file() and path.is_file() and still.is_file()):
        facts = _make(wanted, path, still, cancel)
        write_atomic(facts_file, (json.dumps(facts, indent=2) + "\n").encode())
    facts = json.loads(facts_file.read_text(encoding="utf-8"))
    return Clip(_title(wanted.episode), _caption(wanted.episode, facts), path, still)


def _make(wanted: _Wanted, path: Path, still: Path, cancel: Cancel | None) -> dict[str, Any]:
    """Render a clip, and write it. Give the facts that are written beside it."""
    one = wanted.recording
    with one.open_with(open_video, warn=False) as video:
        there = one.frames(len(video))
        height, width = int(video.shape[1]), int(video.shape[2])
    numbers = _frame_numbers(wanted, there)
    box = _box(one, numbers, height, width)
    facts: dict[str, Any] = {"frames": [int(numbers[0]), int(numbers[-1]) + 1], "fps": wanted.fps}
    panes: list[tuple[str, list[Image]]] = [("original", [])]
    blocks = _originals(wanted.recording, numbers)
    if (wanted.folder / MAGNIFIER).is_file():
        try:
            blocks, magnified = _magnified(wanted, numbers, cancel)
            panes.append((f"generated: deviation × {FACTOR:g}", []))
            facts |= {"magnified": magnified}
        except UbamError as error:
            facts |= {"why_not_magnified": str(error)}
    for block in blocks:
        check_cancelled(cancel)
        for (_, frames), images in zip(panes, block, strict=True):
            frames += [_small(image[box]) for image in images]
    step = _step(wanted.fps)
    marked = [wanted.episode["start"] <= number < wanted.episode["stop"] for number in numbers]
    made = animation(panes, wanted.fps / step, marked)
    write_atomic(path, made.content)
    write_atomic(still, made.still)
    return {**facts, "shown_frames": made.frames, "shown_fps": made.fps, "versions": versions()}


def _step(fps: float) -> int:
    """Every how many frames one is shown; a screen need not show more than 30 a second."""
    return max(1, round(fps / SMOOTH))


def _frame_numbers(wanted: _Wanted, there: range) -> NDArray[np.int64]:
    """Choose the frames: the episode, or if it is long the seconds around its peak; at least two seconds."""
    first, last, peak = (int(wanted.episode[name]) for name in ("start", "stop", "peak"))
    if first not in there or last - 1 not in there:
        raise RunError(
            f"its video has frames {there.start} to {there.stop - 1}, and the episode frames {first} to "
            f"{last - 1}; score the study again."
        )
    count = last - first
    least, most = round(SHORTEST * wanted.fps), round(LONGEST * wanted.fps)
    if count > most:
        first = min(max(peak - most // 2, first), last - most)
        count = most
    elif count < least:
        first -= (least - count) // 2
        count = least
    count = min(count, len(there))
    first = min(max(first, there.start), there.stop - count)
    return np.arange(first, first + count, _step(wanted.fps))


def _box(one: Recording, numbers: NDArray[np.int64], height: int, width: int) -> tuple[slice, slice]:
    """Give the part of the frame that holds the subject during the clip, with a margin."""
    boxes = [box for box in one.crops(numbers.tolist()) or () if box is not None]
    if not boxes:
        return slice(0, height), slice(0, width)
    left, top = min(box.x for box in boxes), min(box.y for box in boxes)
    right, bottom = max(box.x + box.width for box in boxes), max(box.y + box.height for box in boxes)
    x, y = round(MARGIN * (right - left)), round(MARGIN * (bottom - top))
    return (
        slice(max(int(top) - y, 0), min(int(bottom) + y, height)),
        slice(max(int(left) - x, 0), min(int(right) + x, width)),
    )


def _magnified(
    wanted: _Wanted, numbers: NDArray[np.int64], cancel: Cancel | None
) -> tuple[Iterator[list[Sequence[Image]]], dict[str, Any]]:
    """Give the frames in blocks, original and magnified, and the facts of the magnification."""
    made = magnification(
        wanted.folder,
        wanted.recording.name,
        wanted.reference,
        FACTOR,
        frames=slice(int(numbers[0]), int(numbers[-1]) + 1),
        device=wanted.device,
        cancel=cancel,
    )

    def blocks() -> Iterator[list[Sequence[Image]]]:
        for some in _blocks(numbers):
            yield [*made.renderer.render_factors(some, (1.0, FACTOR))]

    return blocks(), dict(made.metadata)


def _originals(one: Recording, numbers: NDArray[np.int64]) -> Iterator[list[Sequence[Image]]]:
    with one.open_with(open_video, warn=False) as video:
        levels = levels_of(one, video)
        for some in _blocks(numbers):
            images = [np.asarray(video[number]) for number in some]
            yield [[image if levels is None else levels.apply(image) for image in images]]


def _blocks(numbers: NDArray[np.int64]) -> Iterator[list[int]]:
    for start in range(0, len(numbers), BLOCK):
        yield numbers[start : start + BLOCK].tolist()


def _small(image: Image) -> Image:
    """Shrink a frame to the largest size of a clip, so that long clips need little memory."""
    height, width = image.shape[:2]
    scale = min(HEIGHTS[0] / height, WIDEST_PANE / width)
    if scale >= 1:
        return image.copy()
    grey = image.shape[-1] == 1
    picture = Images.fromarray(image[..., 0] if grey else image)
    small = np.asarray(picture.resize((round(width * scale), round(height * scale)), Images.Resampling.BOX))
    return small[..., None] if grey else small


def _title(episode: dict[str, Any]) -> str:
    name, subject = str(episode["recording"]), str(episode["subject"])
    labels = [str(episode["group"]), f"session {episode['session']}"]
    return f"{subject} ({', '.join(labels)})" + ("" if name == subject else f", recording {name}")


def _caption(episode: dict[str, Any], facts: dict[str, Any]) -> str:
    said = (
        f"{_title(episode)}: {format_time(episode['start_time'])} to {format_time(episode['stop_time'])}, "
        f"percentile {episode['peak_percentile']:.1f} at the peak (frame {episode['peak']:.0f})."
    )
    found = facts.get("magnified")
    if found is None:
        why = facts.get("why_not_magnified")
        return f"{said} Not magnified: {why}" if why else said
    unclear, count = len(found.get("within_the_reference", ())), facts["frames"][1] - facts["frames"][0]
    doubt = (
        f" In {unclear} of {count} frames the subject differs from the reference no more than its recordings "
        "differ from each other: there it may show the individual and no deviation."
        if unclear
        else ""
    )
    return f"{said} Right: generated, the deviation from {found['reference']} × {found['factor']:g}.{doubt}"
