"""Changes of the target posture of an impaired animal, for each kind of bout."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import numpy as np

from .body import LIMBS, Floats
from .bouts import Bout
from .gait import Intent

Change = Callable[[Intent, Floats, Floats], None]


def impaired(intent: Intent, bouts: list[Bout], severity: float, time: Floats) -> Intent:
    """Add bouts to the target posture of a healthy animal.

    Parameters
    ----------
    intent : Intent
        Healthy target posture of n frames.
    bouts : list of Bout
        Bouts that can overlap the frames.
    severity : float
        Strength of the bouts: 1 is clear, 2 is severe.
    time : ndarray of float64, shape (n,)
        Time of each frame in seconds.

    Returns
    -------
    Intent
        New target posture, unchanged outside the bouts.
    """
    changed = deepcopy(intent)
    for bout in bouts:
        size = severity * bout.envelope(time)
        CHANGES[bout.kind](changed, size, time)
    return changed


def _drag(intent: Intent, size: Floats, time: Floats) -> None:
    """Drag the near hind paw: it is hardly lifted, the toes are curled under and the knee is stiff."""
    degrees = size * np.pi / 180
    step = intent.steps["near hind"]
    step.lift = step.lift - 0.93 * size
    step.reach = step.reach - 0.42 * size
    step.shift = step.shift - 13 * size
    step.foot = step.foot - 16 * degrees
    step.toes = step.toes - 38 * degrees
    intent.height = intent.height - 1.5 * size
    intent.pitch = intent.pitch + 3 * degrees
    intent.tail = intent.tail - 9 * degrees


def _limp(intent: Intent, size: Floats, time: Floats) -> None:
    """Hold the near fore limb flexed with only short contact to the belt, and raise the head."""
    degrees = size * np.pi / 180
    step = intent.steps["near fore"]
    step.hold = step.hold + 7 * size
    step.reach = step.reach - 0.4 * size
    step.shift = step.shift - 3 * size
    step.foot = step.foot - 30 * degrees
    intent.pitch = intent.pitch + 3.5 * degrees
    intent.neck = intent.neck + 7 * degrees
    intent.forward = intent.forward - 3 * size


def _hunch(intent: Intent, size: Floats, time: Floats) -> None:
    """Arch the back, lower the pelvis and retract the head."""
    degrees = size * np.pi / 180
    intent.arch = intent.arch + 26 * degrees
    intent.height = intent.height - 6 * size
    intent.pitch = intent.pitch + 1.5 * degrees
    intent.neck = intent.neck + 4 * degrees
    intent.head = intent.head - 3 * degrees
    intent.tail = intent.tail - 10 * degrees
    for limb in LIMBS:
        intent.steps[limb].reach = intent.steps[limb].reach - 0.15 * size
        intent.steps[limb].shift = intent.steps[limb].shift + (3 if limb.endswith("hind") else -4) * size


def _splay(intent: Intent, size: Floats, time: Floats) -> None:
    """Lower the trunk between paws that stand too far apart, as in a weak animal, and raise the head."""
    degrees = size * np.pi / 180
    intent.height = intent.height - 7 * size
    intent.pitch = intent.pitch + 2.5 * degrees
    intent.arch = intent.arch - 10 * degrees
    intent.neck = intent.neck - 4 * degrees
    intent.head = intent.head + 10 * degrees
    intent.tail = intent.tail - 8 * degrees
    for limb in LIMBS:
        step = intent.steps[limb]
        step.lift = step.lift - 0.4 * size
        step.reach = step.reach - 0.2 * size
        step.shift = step.shift + (-5 if limb.endswith("hind") else 5) * size


def _tremor(intent: Intent, size: Floats, time: Floats) -> None:
    """Shake head and trunk, and hold them stiff and low."""
    degrees = size * np.pi / 180
    shake, late = (np.sin(2 * np.pi * 5.7 * time - lag) for lag in (0.0, 1.0))
    intent.head = intent.head + (11 * shake - 7) * degrees
    intent.neck = intent.neck + (8 * late + 8) * degrees
    intent.arch = intent.arch + (5 * late + 8) * degrees
    intent.tail = intent.tail + (6 * shake + 16) * degrees
    intent.bend = intent.bend + 18 * degrees
    intent.height = intent.height + (0.9 * late - 3.5) * size


CHANGES: dict[str, Change] = {
    "drag": _drag,
    "limp": _limp,
    "hunch": _hunch,
    "splay": _splay,
    "tremor": _tremor,
}
