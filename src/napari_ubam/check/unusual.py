"""Times at which a recording looks like at no other time: a hand in the picture, a cover, no light."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ubam.crops.identity import to_ranges

FRAMES = 60  # of a recording, evenly spaced
LONGEST = 20_000  # frames; each sampled frame of a longer video costs the decoding of many others
CHANGED = 25.0  # grey levels from the usual picture
SHARE = 0.25  # of the picture
TIMES = 4.0  # the lower quartile of the recording, since subjects change the picture, too
RARE = 0.5  # of the sampled frames; what is more frequent is not unusual
BRIEF = 0.25  # of the recording; what lasts longer is another light or place of the camera
FEWEST = 8  # sampled frames


def unusual_spans(
    pictures: NDArray[Any], times: NDArray[np.float64], end: float
) -> tuple[tuple[float, float], ...]:
    """Find times at which most of the picture differs from the usual picture.

    A subject that leaves the picture is not found, since it changes little of it.

    Parameters
    ----------
    pictures : ndarray of float, shape (n, y, x)
        Small pictures, grey levels 0 to 255.
    times : ndarray of float, shape (n,)
        Their times in seconds, ascending.
    end : float
        End of the recording in seconds.

    Returns
    -------
    tuple of (float, float)
        Start and stop in seconds, half-way to the usual pictures around, rounded to 0.1 s.
    """
    if len(pictures) < FEWEST:
        return ()
    usual = np.median(pictures, axis=0)
    changed = (np.abs(pictures - usual) > CHANGED).mean(axis=(1, 2))
    unusual = changed > max(SHARE, TIMES * float(np.quantile(changed, 0.25)))
    if unusual.mean() > RARE:
        return ()
    middles = np.concatenate([times[:1], (times[1:] + times[:-1]) / 2, [end]])
    spans = [(float(middles[start]), float(middles[stop])) for start, stop in to_ranges(unusual)]
    longest = BRIEF * (end - float(times[0]))
    return tuple((round(a, 1), round(b, 1)) for a, b in spans if 0.1 <= b - a <= longest)
