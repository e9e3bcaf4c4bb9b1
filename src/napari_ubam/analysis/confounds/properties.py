"""Properties of recordings that should not explain a difference: columns of the study, session, light."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from napari_ubam.study import Study

FEWEST = 5  # different numbers; fewer are taken for names, such as camera 1 and 2
BRIGHTNESS = "brightness"
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")


@dataclass(frozen=True)
class Property:
    """A property of recordings.

    Parameters
    ----------
    name : str
        Such as ``camera``.
    values : mapping of str to (str or float)
        Value of each recording. Recordings without a value are left out.
    numeric : bool
        Whether values are numbers, which have an order.
    date : bool
        Whether values are days.
    """

    name: str
    values: Mapping[str, str | float]
    numeric: bool = False
    date: bool = False


def properties_of(
    study: Study, by: str = "", brightness: Mapping[str, float] | None = None
) -> list[Property]:
    """List the properties of the recordings of a study that have more than one value.

    Parameters
    ----------
    study : Study
    by : str
        Column whose values are compared; it is no property then.
    brightness : mapping of str to float, optional
        Brightness of recordings.

    Returns
    -------
    list of Property
        Group, session, the columns of the user, and brightness. Dates with a time of day give two.
    """
    labels = {name: {one.name: str(getattr(one, name)) for one in study} for name in ("group", "session")}
    columns = {
        name: {one.name: one.metadata[name] for one in study if one.metadata.get(name)}
        for name in study.metadata_columns
    }
    found = [Property(name, dict(values)) for name, values in labels.items() if name != by]
    for name, texts in columns.items():
        if name != by:
            found += _read(name, texts)
    if brightness:
        inside = {name: value for name, value in brightness.items() if name in study.names}
        found.append(Property(BRIGHTNESS, inside, numeric=True))
    return [one for one in found if len(set(one.values.values())) > 1]


def property_table(properties: Sequence[Property], study: Study) -> pd.DataFrame:
    """Put the properties of all recordings into a table.

    Parameters
    ----------
    properties : sequence of Property
    study : Study

    Returns
    -------
    DataFrame
        One row for each recording: ``recording, subject``, and a column for each property.
    """
    table = pd.DataFrame({"recording": study.names, "subject": [one.subject for one in study]})
    for one in properties:
        if one.name not in table:
            table[one.name] = table["recording"].map(dict(one.values))
    return table


def _read(name: str, texts: Mapping[str, str]) -> list[Property]:
    """Read a column as numbers, times of day or dates if all its values are such, else as names."""
    readers: tuple[tuple[Callable[[str], float], bool], ...] = (
        (float, False),
        (_hours, False),
        (_day, True),
    )
    for reader, date in readers:
        try:
            values = {key: reader(text) for key, text in texts.items()}
        except ValueError:
            continue
        if not np.isfinite(list(values.values())).all():
            continue
        if reader is float and len(set(values.values())) < FEWEST:
            break
        found = [Property(name, dict(values), numeric=True, date=date)]
        if date and any(_of_day(text) for text in texts.values()):
            hours = {key: _of_day(text) for key, text in texts.items()}
            found.append(Property(f"{name} (time of day)", dict(hours), numeric=True))
        return found
    return [Property(name, dict(texts))]


def _hours(text: str) -> float:
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError(text)
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return hours + minutes / 60 + seconds / 3600


def _day(text: str) -> float:
    return float(datetime.datetime.fromisoformat(text.strip()).date().toordinal())


def _of_day(text: str) -> float:
    time = datetime.datetime.fromisoformat(text.strip()).time()
    return time.hour + time.minute / 60 + time.second / 3600
