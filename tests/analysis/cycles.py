"""Codes of an animal that repeats a cycle of movement."""

from __future__ import annotations

import numpy as np

from napari_ubam.analysis import Codes

RATE = 30.0  # frames per second


def walk(
    name: str, *, subject: str = "", frames: int = 200, cycle: float = 15.0, start: float = 0.0
) -> Codes:
    """Posture and window of an animal whose phase goes round once a cycle."""
    phase = 2 * np.pi * (np.arange(frames) / cycle + start)
    posture = np.stack([np.cos(phase), np.sin(phase), np.cos(2 * phase), np.full(frames, 0.3)], 1)
    valid = np.ones(frames, bool)
    valid[:3] = valid[-3:] = False
    return Codes(
        name, subject or name, "g", "0", posture, posture, np.arange(frames) / RATE, np.arange(frames), valid
    )


def phase_of(codes: Codes, rows: np.ndarray) -> np.ndarray:
    """Phase of some frames in radians."""
    return np.arctan2(codes.posture[rows, 1], codes.posture[rows, 0])
