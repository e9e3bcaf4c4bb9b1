"""Check for confounds: groups, sessions or subjects that differ in camera or light."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import comb

import numpy as np

from napari_ubam.study.values import counted

from .facts import Problem, RecordingFacts, Severity
from .permutation import permutation_p, sign_flip_p

ALPHA = 0.05


@dataclass(frozen=True)
class _Property:
    """A property of the videos that should not depend on the group."""

    name: str
    more: str  # description of a larger value
    unit: str
    value: Callable[[RecordingFacts], float | None]
    relative: float  # smallest relevant difference, as a fraction of the mean
    absolute: float  # smallest relevant difference in the unit of the property
    remedy: str
    digits: int = 0

    @property
    def cause(self) -> str:
        """Possible cause of a difference."""
        return "light" if self.name == "brightness" else "camera"


PROPERTIES = (
    _Property(
        "frame size", "a larger frame", "pixels", lambda f: float(np.sqrt(f.width * f.height)), 0.02, 1.0,
        "record or scale all videos with the same size",
    ),
    _Property(
        "region size", "a larger region", "pixels", lambda f: float(max(f.crop_width, f.crop_height)), 0.1,
        1.0, "use regions of the same size for all subjects",
    ),
    _Property(
        "frame rate", "a higher frame rate", "fps", lambda f: f.fps, 0.01, 0.1,
        "record or resample all videos with the same frame rate", 1,
    ),
    _Property(
        "brightness", "a brighter image", "grey levels", lambda f: f.brightness, 0.0, 5.0,
        "record all subjects under the same light",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class _Comparison:
    """Comparison of two levels of a factor in one property, with one value per subject."""

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
        """Smallest possible p-value with this number of subjects."""
        a, b = map(len, self.values)
        return 2 / 2**a if self.paired else (2 if a == b else 1) / comb(a + b, a)

    @property
    def separated(self) -> bool:
        """Whether all values of one level are larger than all values of the other."""
        a, b = self.values
        if self.paired:
            signs = {int(np.sign(y - x)) for x, y in zip(a, b, strict=True)}
            return len(signs) == 1 and 0 not in signs
        return min(a) > max(b) or max(a) < min(b)


def confound_problems(recordings: Sequence[RecordingFacts]) -> list[Problem]:
    """Find properties of camera or light that are confounded with group or session.

    Parameters
    ----------
    recordings : sequence of RecordingFacts
        All readable recordings.

    Returns
    -------
    list of Problem
        A warning for each property that differs between groups or sessions, and a note for each property
        that differs only between subjects.
    """
    problems: list[Problem] = []
    factors = ("group",) if _one_to_one(recordings) else ("group", "session")
    whole = all((f.crop_height, f.crop_width) == (f.height, f.width) for f in recordings)
    for prop in PROPERTIES:
        if prop.name == "region size" and (whole or problems):
            continue  # the region would give the same result as the frame
        found = [text for factor in factors for text in _factor(recordings, prop, factor)]
        problems.extend(Problem(severity=Severity.WARNING, text=text) for text in found)
        if not found:
            problems.extend(_between_subjects(recordings, prop))
    return problems


def _one_to_one(recordings: Sequence[RecordingFacts]) -> bool:
    """Whether each group is exactly one session."""
    pairs = {(f.group, f.session) for f in recordings}
    return len(pairs) == len({group for group, _ in pairs}) == len({session for _, session in pairs})


def _pairs(factor: str, levels: Sequence[str]) -> list[tuple[str, str]]:
    if factor == "group":
        return list(combinations(levels, 2))
    # Sessions are compared with the earliest one, which is the reference. 2 comes before 10.
    ordered = sorted(levels, key=lambda level: (len(level) if level.isdigit() else 99, level))
    return [(ordered[0], level) for level in ordered[1:]]


def _factor(recordings: Sequence[RecordingFacts], prop: _Property, factor: str) -> list[str]:
    """Compare one property between the levels of a factor. Return a sentence for each relevant difference."""
    levels: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for facts in recordings:
        value = prop.value(facts)
        if value is not None:
            levels[getattr(facts, factor)][facts.subject].append(value)
    means = {level: {s: float(np.mean(v)) for s, v in subjects.items()} for level, subjects in levels.items()}
    compared = [_compare(prop, a, b, means) for a, b in _pairs(factor, list(means))] if means else []
    if factor == "session":
        # Sessions are only compared within the same subjects, because subjects differ anyway.
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
    # The level with the larger mean comes first.
    if np.mean(values[0]) < np.mean(values[1]):
        names, values = names[::-1], values[::-1]
    a, b = (f"{factor} {name!r}" for name in names)
    ranges = f"{_span(values[0], prop.digits)} versus {_span(values[1], prop.digits)} {prop.unit}"
    sizes = [len(side) for side in values]
    remedy = f"{prop.remedy}, because the {prop.cause} could explain a difference in behaviour"
    if comparison.paired:
        who = f"in the {'same subject' if sizes[0] == 1 else f'same {sizes[0]} subjects'}"
        kind = "in each of them" if comparison.separated and sizes[0] > 1 else "on average"
        how = "" if sizes[0] == 1 else f"{kind}, "
        head = f"{a} has {prop.more} than {b} {who} ({how}{ranges})"
    elif comparison.separated:
        subjects = "the only subject of {} has" if sizes[0] == 1 else "all subjects of {} have"
        others = "the only subject" if sizes[1] == 1 else "all subjects"
        head = f"{subjects.format(a)} {prop.more} than {others} of {b} ({ranges})"
    else:
        head = f"{a} has {prop.more} than {b} on average ({ranges})"
    test = f"p = {comparison.p:.2g} with {_counted(sizes, comparison.paired)}"
    if comparison.smallest_p > ALPHA:
        test += ", too few to exclude chance"
    verb = "is" if comparison.separated else "may be"
    return f"{factor} {verb} confounded with {prop.name}: {head}, {test}; {remedy}."


def _counted(sizes: Sequence[int], paired: bool) -> str:
    if paired:
        return counted(sizes[0], "subject")
    return f"{sizes[0]} and {counted(sizes[1], 'subject')}"


def _span(values: Sequence[float], digits: int) -> str:
    low, high = f"{min(values):.{digits}f}", f"{max(values):.{digits}f}"
    return low if low == high else f"{low} to {high}"


def _between_subjects(recordings: Sequence[RecordingFacts], prop: _Property) -> list[Problem]:
    """Note a property that differs between subjects, or a brightness that identifies them."""
    values: dict[str, list[float]] = defaultdict(list)
    for facts in recordings:
        value = prop.value(facts)
        if value is not None:
            values[facts.subject].append(value)
    if len(values) < 2:
        return []
    if prop.name == "brightness":
        return _identified_by_light(values, prop)
    means = {subject: float(np.mean(found)) for subject, found in values.items()}
    low, high = min(means, key=means.__getitem__), max(means, key=means.__getitem__)
    if prop.name == "region size" or means[high] - means[low] < max(
        prop.absolute, prop.relative * means[high]
    ):
        return []
    text = (
        f"the {prop.name} differs between subjects, from {means[low]:.{prop.digits}f} ({low}) to "
        f"{means[high]:.{prop.digits}f} {prop.unit} ({high}), but not between groups; {prop.remedy}."
    )
    return [Problem(severity=Severity.NOTE, text=text)]


def _identified_by_light(values: Mapping[str, Sequence[float]], prop: _Property) -> list[Problem]:
    spans = sorted((min(found), max(found)) for found in values.values())
    apart = all(after[0] - before[1] >= prop.absolute for before, after in pairwise(spans))
    # Single recordings always differ. Only two or more per subject show that brightness identifies it.
    if not apart or len(values) < 3 or min(map(len, values.values())) < 2:
        return []
    text = f"brightness alone identifies all {len(values)} subjects; {prop.remedy}."
    return [Problem(severity=Severity.NOTE, text=text)]
