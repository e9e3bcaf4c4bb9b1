"""What the panels remember between sessions; declared in the manifest, shown in napari's preferences."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from napari.settings import get_plugin_settings

DEFAULTS: dict[str, Any] = {
    "preset": "small",
    "device": "auto",
    "minutes": 10.0,
    "reference": "",
    "factor": 2.0,
    "smoothing_ms": 50.0,
}


def remembered(name: str) -> Any:
    """Value of a setting; the default where napari does not know the plugin's settings.

    Parameters
    ----------
    name : str
        A key of `DEFAULTS`.
    """
    with suppress(KeyError, AttributeError):
        return getattr(get_plugin_settings("napari-ubam").work, name)
    return DEFAULTS[name]


def remember(**values: Any) -> None:
    """Keep settings for the next time; values that the manifest does not allow are left out."""
    with suppress(KeyError, AttributeError):
        kept = get_plugin_settings("napari-ubam").work
        for name, value in values.items():
            with suppress(ValueError):
                setattr(kept, name, value)
