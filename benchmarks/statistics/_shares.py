"""Shares of studies in which something is found, and how large they can be by chance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def percent(value: float) -> str:
    """Write a share."""
    return f"{100 * value:.1f}%"


def percent_of(found: Sequence[bool] | np.ndarray) -> str:
    """Write the share that is true."""
    return percent(float(np.mean(found))) if len(found) else "none"


def by_chance(worlds: int) -> str:
    """Write which share of false findings an exact test at 5% exceeds in one of 20 benchmarks only."""
    return f"5%, by chance at most {percent(0.05 + 1.645 * np.sqrt(0.05 * 0.95 / worlds))}"
