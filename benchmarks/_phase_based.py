"""Phase-based motion magnification, to compare with (Wadhwa et al., SIGGRAPH 2013).

A complex steerable pyramid by FFT; every subband's phase is moved away from that of its mean over the
recording. It knows of no reference group: what it makes larger is all motion.
"""

from __future__ import annotations

import numpy as np

OCTAVES, ORIENTATIONS = 4, 4
PIECE = 50  # frames that are transformed at once


def phase_magnified(crops: np.ndarray, frames: np.ndarray, factor: float) -> np.ndarray:
    """Magnify motion about the mean of a recording.

    Parameters
    ----------
    crops : (t, y, x) uint8 array
        All frames.
    frames : (n,) int array
        Those to magnify.
    factor : float
        1 leaves them as they are.

    Returns
    -------
    (n, y, x) uint8 array
    """
    bands, rest = filters(crops.shape[1:])
    wanted = np.fft.fft2(crops[frames].astype(np.float64))
    total = np.fft.ifft2(wanted * rest**2).real
    for band, half in bands:
        mean = np.zeros(crops.shape[1:], complex)
        for start in range(0, len(crops), PIECE):
            part = np.fft.fft2(crops[start : start + PIECE].astype(np.float64))
            mean += np.fft.ifft2(part * band * half).sum(0)
        found = np.fft.ifft2(wanted * band * half)
        away = np.angle(found * np.conj(mean))
        moved = (found * np.exp(1j * (factor - 1) * away)).real
        total += np.fft.ifft2(np.fft.fft2(moved) * band).real
    result: np.ndarray = np.rint(total).clip(0, 255).astype(np.uint8)
    return result


def filters(shape: tuple[int, int]) -> tuple[list[tuple[np.ndarray, np.ndarray]], np.ndarray]:
    """Give bands with what makes them analytic, and the filter of the rest; their squares add up to 1."""
    y, x = (np.fft.fftfreq(side) for side in shape)
    radius = 2 * np.hypot(y[:, None], x[None])
    angle = np.arctan2(y[:, None], x[None])
    octave = np.log2(np.maximum(radius, 1e-6))
    low = np.ones(shape)
    bands, squares = [], np.zeros(shape)
    for number in range(OCTAVES + 1):
        ramp = np.clip(octave + number + 0.5, -1, 0) + 1  # 0 an octave below the edge, 1 at it
        pass_low = np.cos(np.pi / 2 * ramp)
        if number:
            ring = low * np.sqrt(1 - pass_low**2)
            for turn in range(ORIENTATIONS):
                off = np.cos(angle - np.pi * turn / ORIENTATIONS)
                band = ring * np.abs(off) ** (ORIENTATIONS - 1) * _scale()
                bands.append((band, np.where(off > 0, 2.0, 0.0)))
                squares += band**2
        low = low * pass_low
    return bands, np.sqrt(np.clip(1 - squares, 0, 1))


def _scale() -> float:
    """Make the squares of all orientations add up to 1."""
    angles = np.pi * np.arange(ORIENTATIONS) / ORIENTATIONS
    return float(1 / np.sqrt((np.cos(0.3 - angles) ** (2 * (ORIENTATIONS - 1))).sum()))
