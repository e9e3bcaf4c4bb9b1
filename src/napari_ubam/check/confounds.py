"""Whether groups, sessions or subjects can be told apart by the camera or the light alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import comb

import numpy as np

from .amounts import count
from .exact import permutation_p, sign_flip_p
from .report import Problem, RecordingFacts, Severity

ALPHA = 0.05


@dataclass(frozen=True)
class _Property:
    """Something that should not depend on the group."""

    name: str
    more: str  # what the subject with more of it has
    unit: str
    value: Callable[[RecordingFacts], float | None]
    relative: float  # smallest difference that matters, of the mean
    absolute: float  # and in the property's own unit
    remedy: str
    digits: int = 0

    @property
    def cause(self) -> str:
        """Whose the difference may be."""
        return "light's" if self.name == "brightness" else "camera's"


PROPERTIES = (
    _Property(
        "frame size", "a larger frame", "pixels", lambda f: float(np.sqrt(f.width * f.height)), 0.02, 1.0,
        "film or scale all videos at one size",
    ),
    _Property(
        "region size", "a larger region", "pixels", lambda f: float(max(f.crop_width, f.crop_height)), 0.1,
        1.0, "crop regions of one size around all subjects",
    ),
    _Property(
        "frame rate", "a higher frame rate", "fps", lambda f: f.fps, 0.01, 0.1,
        "film or resample all videos at one frame rate", 1,
    ),
    _Property(
        "brightness", "a brighter picture", "grey levels", lambda f: f.brightness, 0.0, 5.0,
        "film all under the same light",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class _Comparison:
    """Two levels of a factor, in one property, a value a subject each."""

    prop: _Property
    names: tuple[str, str]
    values: tuple[list[float], list[float]]
    p: float
    paired: bool

    @property
    def matters(self) -> bool:
        low, high = sorted(float(np.mean(values)) for values in self.values)
        least = max(self.prop.absolute, self.prop.relative * high)
        return (high - low >= least) and (self.separated or self.p <= ALPHA)

    @property
    def smallest_p(self) -> float:
        """Smallest p-value that so few subjects can give."""
        a, b = map(len, self.values)
        return 2 / 2**a if self.paired else (2 if a == b else 1) / comb(a + b, a)

    @property
    def separated(self) -> bool:
        """Whether every value on one side is beyond every value on the other."""
        a, b = self.values
        if self.paired:
            signs = {int(np.sign(y - x)) for x, y in zip(a, b, strict=True)}
            return len(signs) == 1 and 0 not in signs
        return min(a) > max(b) or max(a) < min(b)


def confound_problems(recordings: Sequence[RecordingFacts]) -> list[Problem]:
    """Find properties of the camera or the light by which the comparison could be explained.

    Parameters
    ----------
    recordings : sequence of RecordingFacts
        All that could be read.

    Returns
    -------
    list of Problem
        A warning for each property that separates groups or sessions, a note for each that differs
        between subjects.
    """
    problems: list[Problem] = []
    factors = ("group",) if _one_to_one(recordings) else ("group", "session")
    whole = all((f.crop_height, f.crop_width) == (f.height, f.width) for f in recordings)
    for prop in PROPERTIES:
        if prop.name == "region size" and (whole or problems):
            continue  # the region would only repeat the frame
        found = [text for factor in factors for text in _factor(recordings, prop, factor)]
        problems.extend(Problem(severity=Severity.WARNING, text=text) for text in found)
        if not found:
            problems.extend(_between_subjects(recordings, prop))
    return problems


def _one_to_one(recordings: Sequence[RecordingFacts]) -> bool:
    """Whether group and session are two names of one thing."""
    pairs = {(f.group, f.session) for f in recordings}
    return len(pairs) == len({group for group, _ in pairs}) == len({session for _, session in pairs})


def _pairs(factor: str, levels: Sequence[str]) -> list[tuple[str, str]]:
    if factor == "group":
        return list(combinations(levels, 2))
    # Sessions are compared with the earliest one, which serves as the reference; 2 comes before 10.
    ordered = sorted(levels, key=lambda level: (len(level) if level.isdigit() else 99, level))
    return [(ordered[0], level) for level in ordered[1:]]


def _factor(recordings: Sequence[RecordingFacts], prop: _Property, factor: str) -> list[str]:
    """Sentences on one property and one factor: one for each pair of levels that it tells apart."""
    levels: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for facts in recordings:
        value = prop.value(facts)
        if value is not None:
            levels[getattr(facts, factor)][facts.subject].append(value)
    means = {level: {s: float(np.mean(v)) for s, v in subjects.items()} for level, subjects in levels.items()}
    compared = [_compare(prop, a, b, means) for a, b in _pairs(factor, list(means))] if means else []
    if factor == "session":
        # Sessions of different subjects differ as subjects do; only the same subjects can tell.
        compared = [comparison for comparison in compared if comparison.paired]
    return [_sentence(comparison, factor) for comparison in compared if comparison.matters]


def _compare(prop: _Property, a: str, b: str, means: Mapping[str, Mapping[str, float]]) -> _Comparison:
    both = [subject for subject in means[a] if subject in means[b]]
    paired = bool(both) and len(both) == len(means[a]) == len(means[b])
    if paired:
        values = [means[a][s] for s in both], [means[b][s] for s in both]
        p = sign_flip_p(np.subtract(values[1], values[0]).tolist())
    else:
        values = list(means[a].values()), list(means[b].values())
        p = permutation_p(*values)
    return _Comparison(prop, (a, b), values, p, paired)


def _sentence(comparison: _Comparison, factor: str) -> str:
    prop = comparison.prop
    names, values = comparison.names, comparison.values
    # The first group that is named is the one with more.
    if np.mean(values[0]) < np.mean(values[1]):
        names, values = names[::-1], values[::-1]
    a, b = (f"{factor} {name!r}" for name in names)
    ranges = f"{_span(values[0], prop.digits)} against {_span(values[1], prop.digits)} {prop.unit}"
    sizes = [len(side) for side in values]
    remedy = f"{prop.remedy}, since a difference may otherwise be the {prop.cause} and not the behaviour's"
    if comparison.paired:
        who = f"in the {'same subject' if sizes[0] == 1 else f'same {sizes[0]} subjects'}"
        kind = "every time" if comparison.separated and sizes[0] > 1 else "on average"
        how = "" if sizes[0] == 1 else f"{kind}, "
        head = f"{a} has {prop.more} than {b} {who} ({how}{ranges})"
    elif comparison.separated:
        subjects = "the only subject" if sizes[0] == 1 else "every subject"
        others = "the only one" if sizes[1] == 1 else "every one"
        head = f"{subjects} of {a} has {prop.more} than {others} of {b} ({ranges})"
    else:
        head = f"{a} has {prop.more} than {b} on average ({ranges})"
    test = f"p = {comparison.p:.2g} with {_counted(sizes, comparison.paired)}"
    if comparison.smallest_p > ALPHA:
        test += ", too few to rule out chance"
    verb = "is" if comparison.separated else "may be"
    return f"{factor} {verb} confounded with {prop.name}: {head}, {test}; {remedy}."


def _counted(sizes: Sequence[int], paired: bool) -> str:
    if paired:
        return count(sizes[0], "subject")
    return f"{sizes[0]} and {count(sizes[1], 'subject')}"


def _span(values: Sequence[float], digits: int) -> str:
    low, high = f"{min(values):.{digits}f}", f"{max(values):.{digits}f}"
    return low if low == high else f"{low} to {high}"


def _between_subjects(recordings: Sequence[RecordingFacts], prop: _Property) -> list[Problem]:
    """Note a setting that differs between subjects, or light by which each can be named."""
    values: dict[str, list[float]] = defaultdict(list)
    for facts in recordings:
        value = prop.value(facts)
        if value is not None:
            values[facts.subject].append(value)
    if len(values) < 2:
        return []
    if prop.name == "brightness":
        return _named_by_light(values, prop)
    means = {subject: float(np.mean(found)) for subject, found in values.items()}
    low, high = min(means, key=means.__getitem__), max(means, key=means.__getitem__)
    if prop.name == "region size" or means[high] - means[low] < max(
        prop.absolute, prop.relative * means[high]
    ):
        return []
    text = (
        f"the {prop.name} differs between subjects, from {means[low]:.{prop.digits}f} ({low}) to "
        f"{means[high]:.{prop.digits}f} {prop.unit} ({high}), though not by group; {prop.remedy}."
    )
    return [Problem(severity=Severity.NOTE, text=text)]


def _named_by_light(values: Mapping[str, Sequence[float]], prop: _Property) -> list[Problem]:
    spans = sorted((min(found), max(found)) for found in values.values())
    apart = all(after[0] - before[1] >= prop.absolute for before, after in pairwise(spans))
    # One recording a subject always lies apart; two that agree are needed to say so.
    if not apart or len(values) < 3 or min(map(len, values.values())) < 2:
        return []
    text = f"brightness alone tells all {len(values)} subjects apart; film the subjects under the same light."
    return [Problem(severity=Severity.NOTE, text=text)]
