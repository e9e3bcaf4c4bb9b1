"""Marks on layers: which recording each belongs to, and what it shows of it. Needs neither Qt nor napari."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

Role = Literal["recording", "score", "magnified", "reference", "difference", "arrows", "preview", "region"]
"""What a layer shows of its recording."""

MARK = "ubam"
"""Key of the mark in the metadata of a layer."""


def mark(
    arguments: dict[str, Any], recording: str, video: str | Path, role: Role, **more: Any
) -> dict[str, Any]:
    """Note in the arguments of a layer which recording it belongs to.

    Parameters
    ----------
    arguments : dict
        Arguments of the layer; they are not changed.
    recording : str
        Name of the recording.
    video : str or Path
        File of the recording.
    role : str
        What the layer shows of the recording.
    **more
        Further entries of the mark.

    Returns
    -------
    dict
        The arguments, with the mark in their metadata.
    """
    note = {"recording": recording, "video": str(video), "role": role, **more}
    return {**arguments, "metadata": {**(arguments.get("metadata") or {}), MARK: note}}


def noting(arguments: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Add entries to the mark in the arguments of a layer.

    Parameters
    ----------
    arguments : dict
        Result of `mark`; it is not changed.
    **more
        Entries, such as ``of``: the recordings that the reference selected when the layer was made.

    Returns
    -------
    dict
    """
    metadata = arguments["metadata"]
    return {**arguments, "metadata": {**metadata, MARK: {**metadata[MARK], **more}}}


def mark_of(layer: Any) -> dict[str, Any]:
    """Find the mark of a layer.

    Parameters
    ----------
    layer : napari.layers.Layer

    Returns
    -------
    dict
        Empty for a layer of the user.
    """
    found = layer.metadata.get(MARK)
    return found if isinstance(found, dict) and "role" in found else {}


def belongs_to(layer: Any) -> tuple[str, str] | None:
    """Tell which recording a layer belongs to.

    Parameters
    ----------
    layer : napari.layers.Layer

    Returns
    -------
    (str, str) or None
        Name of the recording, and role of the layer. None for a layer of the user.
    """
    found = mark_of(layer)
    return (str(found["recording"]), str(found["role"])) if found else None
