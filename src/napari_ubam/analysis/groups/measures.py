"""What is measured of a subject, and how it is called."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """A number that describes a subject.

    Parameters
    ----------
    title : str
        Name in texts and figures.
    unit : str
    meaning : str
        What the number is, in a few words.
    """

    title: str
    unit: str
    meaning: str


MEASURES: dict[str, Measure] = {
    "episodic": Measure(
        "Episodic deviation", "cosine distance", "mean excess over the 95th percentile of the reference"
    ),
    "constant": Measure("Constant deviation", "cosine distance", "median distance to the reference"),
    "time_in_episodes": Measure("Time in episodes", "%", "share of the time that lies in episodes"),
    "episodes_per_minute": Measure("Episodes per minute", "1/min", "number of episodes in a minute"),
    "episode_seconds": Measure("Length of an episode", "s", "mean duration of the episodes"),
}
"""Measures by name: the columns of `subject_values`."""

DEFAULT = ("episodic", "constant")
"""Measures that are tested unless others are asked for. Each further one makes the adjusted p larger."""
