"""Which images of a folder are frames, and in which order: never a shift without a word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from napari_ubam.study.values import counted, listed

from .errors import VideoError

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"})

_DECIMAL = re.compile(r"\d+[.,]\d+(?![.,]?\d)|\d+")
_LISTED = 5  # file names in a note


def frame_files(folder: Path) -> tuple[list[Path], tuple[str, ...]]:
    """List the images of a folder that are frames, in their order: ``frame10`` comes after ``frame9``.

    Parameters
    ----------
    folder : Path
        Folder. Hidden files, with a leading dot, are ignored.

    Returns
    -------
    files : list of Path
        The images whose names have the form of most names, such as a word and a number. If no form has the
        majority, all images.
    notes : tuple of str
        What is left out, an unusual order, and gaps in the numbers.

    Raises
    ------
    VideoError
        If the folder contains no image.
    """
    found = [f for f in folder.iterdir() if f.suffix.lower() in IMAGE_SUFFIXES and f.name[0] != "."]
    if not found:
        kinds = ", ".join(sorted(suffix[1:] for suffix in IMAGE_SUFFIXES))
        raise VideoError(
            f"{folder}: the folder contains no images ({kinds}); choose a video file or another folder."
        )
    found.sort(key=lambda file: _natural(file.name))
    one_kind, copies = _without_copies(found)
    files, others = _of_one_form(one_kind)
    left = _left_out([*copies, *others], len(files))
    files, order = _by_seconds(files)
    if len({_form(file.stem) for file in files}) > 1 and any(map(_numbers, files)):
        order = (
            "The names of the images have several forms, so their order can be wrong: "
            f"{_listed(files[:3])} come first; put other images into another folder.",
        )
    return files, (*left, *_endings(files), *order, *([] if order else _jumps(files)))


def _natural(name: str) -> list[tuple[int, int | str]]:
    parts = re.split(r"(\d+)", name.lower())
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts]


def _without_copies(files: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Leave out an image that is there in another file type, too. Types otherwise do not matter."""
    stems = Counter(file.stem for file in files)
    if len(stems) == len(files):
        return list(files), []
    frequent = Counter(file.suffix.lower() for file in files).most_common(1)[0][0]
    twice = {file.stem for file in files if file.suffix.lower() == frequent and stems[file.stem] > 1}
    copies = [file for file in files if file.stem in twice and file.suffix.lower() != frequent]
    return [file for file in files if file not in set(copies)], copies


def _of_one_form(files: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Separate the images whose names have the form of most names, if it has a number."""
    forms = [_form(file.stem) for file in files]
    form, count = Counter(forms).most_common(1)[0]
    if "#" not in form or 2 * count <= len(files):
        return list(files), []
    pairs = list(zip(files, forms, strict=True))
    return [file for file, one in pairs if one == form], [file for file, one in pairs if one != form]


def _endings(files: Sequence[Path]) -> tuple[str, ...]:
    counts = Counter(file.suffix for file in files)
    if len({suffix.lower() for suffix in counts}) < 2:
        return ()
    kinds = " and ".join(f"{count} {suffix}" for suffix, count in counts.items())
    names = ", ".join(next(file.name for file in files if file.suffix == suffix) for suffix in counts)
    return (f"The images have different endings ({kinds}, such as {names}); all of them are frames.",)


def _form(stem: str) -> str:
    return _DECIMAL.sub("#", stem.lower())


def _left_out(files: Sequence[Path], frames: int) -> tuple[str, ...]:
    if not files:
        return ()
    verb, kept = "is" if len(files) == 1 else "are", counted(frames, "frame")
    return (
        f"{counted(len(files), 'image')} {verb} left out, because the name differs from those of the {kept}, "
        f"or the frame is there in another file type: {_listed(files)}; rename what is a frame.",
    )


def _listed(files: Sequence[Path]) -> str:
    return listed((file.name for file in files), _LISTED)


def _numbers(file: Path) -> list[str]:
    return _DECIMAL.findall(file.stem)


def _by_seconds(files: list[Path]) -> tuple[list[Path], tuple[str, ...]]:
    """Sort names in decimal numbers, such as ``0.96, 1, 1.04``, if this order is the regular one."""
    numbers = [_numbers(file) for file in files]
    words = {_DECIMAL.split(file.stem)[0] for file in files}
    if len(files) < 2 or len(words) > 1 or any(len(one) != 1 for one in numbers):
        return files, ()
    last = [one[0].replace(",", ".") for one in numbers]
    if not any("." in number for number in last):
        return files, ()
    values = np.array([float(number) for number in last])
    order = np.argsort(values, kind="stable")
    steps = np.diff(values[order])
    step = float(np.median(steps))
    if not step > 0:
        return files, ()
    differs = bool((order != np.arange(len(files))).any())
    regular = np.mean(np.abs(steps / step - 1) < 0.2) >= 0.5
    if _counts(last) if differs else not regular:
        return files, ()
    ordered = [files[i] for i in order]
    note = (
        f"The names of the images are read as decimal numbers, {last[order[0]]} to {last[order[-1]]} in "
        f"steps of {step:.6g}; if these are seconds, set fps to {1 / step:.6g}."
    )
    wide = np.flatnonzero(steps > 1.5 * step)
    if not len(wide):
        return ordered, (note,)
    place = int(wide[0]) + 1
    before, after = last[order[place - 1]], last[order[place]]
    return ordered, (note, _jump(before, after, ordered[place], place))


def _counts(numbers: Sequence[str]) -> bool:
    """Whether numbers such as ``1.9, 1.10`` are two whole numbers, of which the second one counts."""
    if not all("." in number for number in numbers):
        return False
    pairs = [tuple(map(int, number.split("."))) for number in numbers]
    return all(b == (a[0], a[1] + 1) or (b[0] == a[0] + 1 and b[1] <= 1) for a, b in pairwise(pairs))


def _jumps(files: Sequence[Path]) -> tuple[str, ...]:
    """Return a note if the numbers in the file names have gaps."""
    numbers = [re.findall(r"\d+", file.stem)[-1:] for file in files]
    if not all(numbers):
        return ()
    for place, (before, after) in enumerate(pairwise(int(number[0]) for number in numbers), start=1):
        if after != before + 1:
            return (_jump(before, after, files[place], place),)
    return ()


def _jump(before: object, after: object, file: Path, place: int) -> str:
    return (
        f"The numbers in the file names jump from {before} to {after}; frames are numbered by their order, "
        f"so {file.name} is frame {place}."
    )
