"""Settings that the panels remember, as declared in the manifest and shown in napari's preferences."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from napari.settings import get_plugin_settings

from napari_ubam.magnification.defaults import FACTOR, SMOOTHING_MS

DEFAULTS: dict[str, Any] = {
    "preset": "small",
    "device": "auto",
    "minutes": 10.0,
    "reference": "",
    "factor": FACTOR,
    "smoothing_ms": SMOOTHING_MS,
}


def remembered(name: str) -> Any:
    """Read a setting.

    Parameters
    ----------
    name : str
        A key of `DEFAULTS`.

    Returns
    -------
    object
        Its value; the default if napari has no settings of this plugin.
    """
    with suppress(KeyError, AttributeError):
        return getattr(get_plugin_settings("napari-ubam").work, name)
    return DEFAULTS[name]


def remember(**values: Any) -> None:
    """Keep settings for the next session.

    Parameters
    ----------
    **values
        Settings by key of `DEFAULTS`. A value that the manifest does not allow is not kept.
    """
    with suppress(KeyError, AttributeError):
        kept = get_plugin_settings("napari-ubam").work
        for name, value in values.items():
            with suppress(ValueError):
                setattr(kept, name, value)
