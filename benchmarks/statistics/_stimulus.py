"""Whether `stimulus` finds what is there, and nothing where nothing is.

``python benchmarks/statistics stimulus [--worlds 200]`` prints

- how often a response is found at p < 0.05 where there is none: in generated subjects without a response, and
  in one generated study with a strong response whose labels are moved to random times within each recording;
- how well on and off are decoded with such labels: 0.5 is chance;
- how often a planted response is found, how far its latency is off, and how often the 95% interval of the
  latency holds the planted one.

The deviation of a generated subject is noise with a correlation time of 0.5 s, averaged over a window of
0.4 s as that of real windows is. A response is added during each stimulus, later by the latency, with a
height (in standard deviations of the noise) that differs between subjects by a factor of up to three.
"Drifting": all subjects rise by two standard deviations during the recording, and have the stimulus at the
same times. "Heavy tails": the noise is raised to the third power. Frame rates are 25, 30 and 50 by turns. In
the last row the deviation is that of codes, scored by `deviation` with all subjects in the reference.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from _common import print_table
from _shares import by_chance, percent_of
from scipy.ndimage import uniform_filter1d
from scipy.signal import lfilter

from napari_ubam.analysis import Codes, deviation
from napari_ubam.analysis.stimulus import Response, Settings, Stimulated, stimulus_response

SECONDS, ON, PAUSE, RATES = 60.0, 2.0, 6.0, (25, 30, 50)
MEMORY, WINDOW = 0.5, 0.4  # seconds
SIZE = 16  # of a code
FAST = Settings(shifts=300, permutations=300, resamples=100, decoding_shifts=40)


def noise(generator: np.random.Generator, frames: int, rate: float, columns: int) -> np.ndarray:
    """Draw noise with a memory, shape (frames, columns), with a standard deviation of 1."""
    kept = np.exp(-1 / (rate * MEMORY))
    fresh = generator.normal(size=(frames + int(4 * rate), columns)) * np.sqrt(1 - kept**2)
    return np.asarray(lfilter([1], [1, -kept], fresh, axis=0))[-frames:]


def onsets(generator: np.random.Generator, same: bool) -> np.ndarray:
    """Draw when the stimulus begins: at random pauses, or at the same times in all subjects."""
    if same:
        return np.arange(4.0, SECONDS - ON - 2, ON + PAUSE)
    pauses = generator.uniform(0.6 * PAUSE, 1.4 * PAUSE, int(SECONDS / (ON + PAUSE)))
    return np.array([one for one in np.cumsum(pauses + ON) - ON if one < SECONDS - ON])


def subject(
    generator: np.random.Generator,
    number: int,
    kind: str,
    height: float = 0.0,
    late: float = 0.3,
    code: float = 0.0,
) -> Stimulated:
    """Generate a subject with one recording."""
    rate = RATES[number % len(RATES)]
    times = np.arange(int(SECONDS * rate)) / rate
    starts = onsets(generator, kind == "drifting")
    active = np.zeros(len(times))
    for start in starts:
        active += (times >= start + late) & (times < start + late + ON)
    values = noise(generator, len(times), rate, 1)[:, 0]
    values = values**3 / np.sqrt(15) if kind == "heavy tails" else values
    values = values + height * generator.uniform(0.5, 1.5) * active
    values = values + (2 * times / SECONDS if kind == "drifting" else 0.0)
    values = uniform_filter1d(values, int(WINDOW * rate) | 1)
    codes = noise(generator, len(times), rate, SIZE) + 3 * generator.normal(size=SIZE)
    codes[:, 0] += code * active
    spans = [(float(start), float(start + ON)) for start in starts]
    given = (times, codes) if code else (None, None)
    return Stimulated(f"r{number}", f"s{number}", "0", spans, times, 0.01 * values, *given)


def moved(one: Stimulated, generator: np.random.Generator) -> Stimulated:
    """Move the labels of a recording by a random time; what leaves it enters at the other end."""
    by = generator.uniform(0, SECONDS)
    spans = [((start + by) % SECONDS, (start + by) % SECONDS + stop - start) for start, stop in one.intervals]
    return replace(one, intervals=[(start, min(stop, SECONDS)) for start, stop in spans])


def scored(generator: np.random.Generator, count: int) -> list[Stimulated]:
    """Generate codes without a response, and score each subject against all others."""
    rate, frames = 10, int(SECONDS * 10)
    times = np.arange(frames) / rate
    common = 2 * generator.normal(size=(6, SIZE))
    codes = []
    for number in range(count):
        state = np.repeat(generator.integers(0, 6, frames // 5 + 1), 5)[:frames]
        found = common[state] + 0.3 * generator.normal(size=SIZE) + 0.3 * noise(generator, frames, rate, SIZE)
        found = found.astype(np.float32)
        labels = (f"r{number}", f"s{number}", "healthy", "0")
        codes.append(Codes(*labels, found, found, times, np.arange(frames), np.ones(frames, bool)))
    result = deviation(codes, [one.name for one in codes])
    made = []
    for one in result.recordings:
        spans = [(float(start), float(start + ON)) for start in onsets(generator, same=False)]
        made.append(Stimulated(one.name, one.subject, "0", spans, times, one.episodic))
    return made


def respond(recordings: Sequence[Stimulated], settings: Settings) -> Response:
    """Analyse recordings that have trials."""
    found = stimulus_response(recordings, settings)
    assert found is not None
    return found


def false_findings(worlds: Sequence[Sequence[Stimulated]], seed: int) -> list[str]:
    """Shares of worlds in which something is found, by test."""
    tables = [
        respond(world, replace(FAST, seed=seed + number)).tests.set_index("measure")
        for number, world in enumerate(worlds)
    ]
    cells = [percent_of([table.loc[state, "p"] <= 0.05 for table in tables]) for state in ("on", "after")]
    either = percent_of([table["p_adjusted"].min() <= 0.05 for table in tables])
    flips = percent_of([table.loc["on", "p_subjects"] <= 0.05 for table in tables])
    shifts = percent_of([table.loc["on", "p_shifts"] <= 0.05 for table in tables])
    return [*cells, either, flips, shifts]


def without_response(worlds: int, seed: int) -> None:
    """Print false findings of the deviation."""
    rows = []
    for kind in ("steady", "drifting", "heavy tails"):
        for count in (6, 8):
            made = [
                [
                    subject(np.random.default_rng([seed, world, number]), number, kind)
                    for number in range(count)
                ]
                for world in range(worlds)
            ]
            rows.append([f"{kind}, {count} subjects", *false_findings(made, seed)])
            print(*rows[-1], file=sys.stderr)
    made = [scored(np.random.default_rng([seed, world]), 8) for world in range(worlds)]
    rows.append(["scored against each other, 8 subjects", *false_findings(made, seed)])
    header = [
        "no response",
        "on",
        "after",
        "any, adjusted",
        "on, sign flips alone",
        "on, moved in time alone",
    ]
    title = f"False findings ({worlds} worlds; {by_chance(worlds)})"
    print_table(title, header, rows)


def moved_labels(worlds: int, seed: int) -> None:
    """Print false findings and decodability in one study with moved labels."""
    study = [
        subject(np.random.default_rng([seed, number]), number, "steady", 1.5, code=2.0) for number in range(6)
    ]
    true = respond(study, FAST).tests.set_index("measure")
    found, areas = [], []
    for world in range(worlds):
        generator = np.random.default_rng([seed, 1, world])
        tests = respond([moved(one, generator) for one in study], replace(FAST, seed=world)).tests
        found.append((tests["p"] <= 0.05).to_list())
        areas.append(0.5 + float(tests["difference"].iloc[-1]))
    rows = [
        [name, f"{true.loc[name, 'p']:.3f}", percent_of([one[place] for one in found])]
        for place, name in enumerate(("on", "after", "decodability"))
    ]
    header = ["test", "p with the true labels", "found with moved labels"]
    print_table(f"One study of 6 subjects with a response ({worlds} sets of moved labels)", header, rows)
    low, high = np.percentile(areas, [2.5, 97.5])
    print(
        f"Decodability, subjects left out: {0.5 + true.loc['decodability', 'difference']:.3f} with the true "
        f"labels; moved: mean {np.mean(areas):.3f}, 95% between {low:.3f} and {high:.3f}."
    )


def planted(worlds: int, seed: int) -> None:
    """Print what is found of planted responses, and their latency."""
    rows = []
    settings = replace(FAST, resamples=400)
    for height in (0.5, 1.0, 2.0):
        for late in (0.15, 0.6):
            found, errors, held = [], [], []
            for world in range(worlds):
                made = [
                    subject(np.random.default_rng([seed, 2, world, number]), number, "steady", height, late)
                    for number in range(8)
                ]
                one = respond(made, settings)
                found.append(bool(one.tests["p_adjusted"].iloc[0] <= 0.05))
                row = one.latency.iloc[0]
                if found[-1]:
                    errors.append(1000 * abs(row["latency"] - late))
                    held.append(bool(row["low"] - 0.025 <= late <= row["high"] + 0.025))
            within = percent_of([error <= 100 for error in errors])
            told = [
                f"{np.median(errors):.0f} ms" if errors else "none",
                f"{np.percentile(errors, 90):.0f} ms" if errors else "none",
                within,
                percent_of(held),
            ]
            rows.append([f"{height:.1f}", f"{1000 * late:.0f} ms", percent_of(found), *told])
            print(*rows[-1], file=sys.stderr)
    header = [
        "height",
        "latency",
        "found",
        "error, median",
        "90% below",
        "within 100 ms",
        "interval holds it",
    ]
    print_table(f"Planted responses, 8 subjects ({worlds} worlds)", header, rows)


def main(worlds: int, seed: int) -> None:
    """Print all tables."""
    without_response(worlds, seed)
    moved_labels(worlds, seed)
    planted(max(worlds // 2, 1), seed)
