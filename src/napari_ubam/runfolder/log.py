"""The log of a run: one JSON object per line. It can be read while it grows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd


def append(path: Path | None, event: str, **values: Any) -> None:
    """Append one event to a log.

    Parameters
    ----------
    path : Path or None
        Log file. It is created if needed. None: nothing is written.
    event : str
        Name of the event.
    **values : object
        More fields of the event. They must be serialisable as JSON.
    """
    if path is None:
        return
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = json.dumps({"time": now, "event": event, **values})
    with path.open("a+b") as file:
        file.seek(0, 2)
        if file.tell():  # a killed process can leave an incomplete line: start a new one
            file.seek(-1, 2)
            incomplete = file.read(1) != b"\n"
            file.write(b"\n" * incomplete)
        file.write(line.encode() + b"\n")


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """Read the events of a log.

    Parameters
    ----------
    path : Path
        Log file. It need not exist.

    Yields
    ------
    dict
        Fields of one event. Incomplete lines are skipped.
    """
    if not path.is_file():
        return
    for line in path.read_text("utf-8", errors="replace").split("\n")[:-1]:
        try:
            yield json.loads(line)
        except ValueError:
            continue


def history(path: Path) -> pd.DataFrame:
    """Read the learning curves of a run.

    Parameters
    ----------
    path : Path
        ``log.jsonl`` of the run.

    Returns
    -------
    DataFrame
        Columns ``stage``, ``step``, ``seconds`` and one column per loss, in the order of the steps. If a
        killed training repeated steps, only the last values are kept.
    """
    rows: dict[str, list[dict[str, Any]]] = {}
    for line in lines(path):
        stage = line.get("stage", "")
        if line["event"] == "begin":
            rows[stage] = [row for row in rows.get(stage, []) if row["step"] <= line["step"]]
        elif line["event"] == "losses":
            row = {"stage": stage, "step": line["step"], "seconds": line["seconds"], **line["losses"]}
            rows.setdefault(stage, []).append(row)
    flat = [row for part in rows.values() for row in part]
    return pd.DataFrame(flat, columns=None if flat else ["stage", "step", "seconds"])
