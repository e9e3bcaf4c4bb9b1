"""The part of a recording that tests magnify, and how often the network runs."""

from __future__ import annotations

import pytest

from napari_ubam.families import FAMILIES

REFERENCE = "group=healthy"
ONE = "impaired1"
PART = slice(40, 46)


def count_network_runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by one entry whenever a frame passes the network of the magnifier."""
    family = FAMILIES["native"]
    prepare_frame, runs = family.prepare_frame, []

    def counted(*arguments: object) -> object:
        runs.append(1)
        return prepare_frame(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(family, "prepare_frame", counted)
    return runs
