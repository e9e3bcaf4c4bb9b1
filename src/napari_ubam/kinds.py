"""The two kinds of codes, with or without the individual, and the two parts of a deviation."""

from __future__ import annotations

from typing import Literal, get_args

Kind = Literal["posture", "behaviour"]
"""``"posture"``: code of a frame. ``"behaviour"``: code of the window centred on a frame."""

KINDS: tuple[Kind, ...] = get_args(Kind)
"""All kinds, posture first."""

PARTS = ("episodic", "constant")
"""Parts of the deviation of windows: what rises above the own level, and what is always there."""

NEIGHBOURS_KIND: Kind = "posture"
"""Codes that are compared to find the neighbours of a frame, unless chosen otherwise."""

MAP_KIND: Kind = "behaviour"
"""Codes that are mapped, unless chosen otherwise."""

Individual = Literal["remove", "keep"]
"""``"remove"``: the mean code of each subject in each session is taken out. ``"keep"``: codes as stored."""

INDIVIDUAL: Individual = "remove"
"""What neighbours and map do, unless chosen otherwise."""
