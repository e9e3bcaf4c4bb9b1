"""Key points in HDF5 files of DeepLabCut and SLEAP, read by h5py alone: no pickle is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .pickled_names import texts_of
from .poses import Poses, PosesError, poses_of
from .tables import ONE, points_by_column

if TYPE_CHECKING:
    import h5py

_SLEAP = {"tracks", "node_names"}


def read_hdf5(path: Path) -> Poses:
    """Read an HDF5 file of DeepLabCut or an analysis file of SLEAP.

    Parameters
    ----------
    path : Path
        ``.h5`` of DeepLabCut, single or several animals, predictions or labels; or ``.analysis.h5`` of SLEAP.

    Returns
    -------
    Poses

    Raises
    ------
    PosesError
        If h5py is not installed, or it is neither.
    """
    try:
        import h5py
    except ImportError:
        raise PosesError(
            f"{path.name} is an HDF5 file, which needs h5py; install it with pip install "
            "'napari-ubam[poses]', or export the key points as CSV."
        ) from None
    try:
        file = h5py.File(path, "r")
    except OSError:
        raise PosesError(
            f"{path.name} is no complete HDF5 file; export the key points again, or as CSV."
        ) from None
    with file:
        if set(file) >= _SLEAP:
            return _of_sleap(path, file)
        groups = [one for one in file.values() if isinstance(one, h5py.Group)]
        for group in groups:
            if "table" in group:
                return _of_table(path, group["table"])
            if {"block0_values", "axis1"} <= set(group) or "block0_values" in group:
                return _of_fixed(path, group)
    raise PosesError(
        f"{path.name} holds neither key points of DeepLabCut nor an analysis of SLEAP; export them as CSV."
    )


def _of_sleap(path: Path, file: h5py.File) -> Poses:
    """Read ``tracks`` (track, axis, node, frame) and ``point_scores`` (track, node, frame)."""
    positions = np.asarray(file["tracks"], np.float64).transpose(3, 0, 2, 1)
    count = len(positions)
    nodes = _texts(file["node_names"])
    names = _texts(file["track_names"]) if "track_names" in file else []
    names = names or [ONE.replace("0", str(n)) for n in range(positions.shape[1])]
    if "point_scores" in file:
        likelihood = np.asarray(file["point_scores"], np.float64).transpose(2, 0, 1)
    else:
        likelihood = np.full(positions.shape[:-1], np.nan)
    return Poses(
        np.arange(count, dtype=np.int64), positions, likelihood, tuple(names), tuple(nodes), path=path
    )


def _of_table(path: Path, table: h5py.Dataset) -> Poses:
    """Read what pandas wrote in the format "table", as DeepLabCut does for predictions."""
    rows = table[()]
    blocks = [name for name in rows.dtype.names if name.startswith("values_block_")]
    columns: list[Sequence[str]] = []
    values = []
    for block in blocks:
        names = _pickled(path, table.attrs.get(f"{block}_kind"))
        columns += names
        values += list(np.asarray(rows[block], np.float64).reshape(len(rows), -1).T)
    levels = [name for name in rows.dtype.names if name not in blocks]
    labels = [_label(row[name] for name in levels) for row in rows]
    return _labelled(path, columns, values, labels)


def _of_fixed(path: Path, group: h5py.Group) -> Poses:
    """Read what pandas wrote in the format "fixed"."""
    columns = _index(path, group, "block0_items")
    values = list(np.asarray(group["block0_values"], np.float64).T)
    labels = [_label(one) for one in _index(path, group, "axis1")]
    return _labelled(path, columns, values, labels)


def _index(path: Path, group: h5py.Group, name: str) -> list[tuple[Any, ...]]:
    """Read an index: one level as it is, several as texts and their numbers."""
    levels = int(group.attrs.get(f"{name}_nlevels", 1))
    if levels == 1 and name in group:
        return [(one,) for one in _plain(path, group[name])]
    parts = []
    for level in range(levels):
        texts = _plain(path, group[f"{name}_level{level}"])
        parts.append([texts[int(number)] for number in group[f"{name}_label{level}"][()]])
    return list(zip(*parts, strict=True))


def _plain(path: Path, data: h5py.Dataset) -> list[Any]:
    if data.dtype.kind == "O":
        raise _as_csv(path)
    return [one.decode() if isinstance(one, bytes) else one for one in data[()].tolist()]


def _labelled(
    path: Path, columns: Sequence[Sequence[str]], values: Sequence[Any], labels: Sequence[str]
) -> Poses:
    if len(columns) != len(values) or any(len(column) not in (3, 4) for column in columns):
        raise PosesError(f"{path.name} holds no key points of DeepLabCut; export them as CSV.")
    points = points_by_column(columns, values)
    if all(label.isdecimal() for label in labels):
        return poses_of(points, [int(label) for label in labels], path=path)
    return poses_of(points, np.arange(len(labels)), labels, path)


def _pickled(path: Path, stored: Any) -> list[Sequence[str]]:
    try:
        names = texts_of(bytes(stored))
    except (ValueError, KeyError, IndexError, TypeError, UnicodeDecodeError):
        raise _as_csv(path) from None
    if not isinstance(names, list) or not all(isinstance(one, tuple) for one in names):
        raise _as_csv(path)
    return [tuple(map(str, one)) for one in names]


def _label(parts: Any) -> str:
    return "/".join(one.decode() if isinstance(one, bytes) else str(one) for one in parts)


def _texts(data: h5py.Dataset) -> list[str]:
    return [one.decode() if isinstance(one, bytes) else str(one) for one in data[()].tolist()]


def _as_csv(path: Path) -> PosesError:
    return PosesError(
        f"{path.name} stores the names of its key points in a way that could run a program; export it as CSV "
        "(DeepLabCut: analyze_videos with save_as_csv=True)."
    )
