"""What other packages add to this one, found by their entry points."""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any


def load_entry_points(group: str, register: Callable[[Any], object], kind: str) -> None:
    """Register what other packages declare; one that fails must not hide the others.

    Parameters
    ----------
    group : str
        Group of the entry points, such as ``"napari_ubam.families"``.
    register : callable
        Called with each object that is found.
    kind : str
        What the objects are, for the log.
    """
    for point in entry_points(group=group):
        try:
            register(point.load())
        except Exception:
            logging.getLogger("napari_ubam").exception("The %s %s cannot be loaded.", kind, point.value)
