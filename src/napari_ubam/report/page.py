"""A report as one HTML file that needs nothing beside it."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from pandas.api.types import is_bool_dtype, is_numeric_dtype


@dataclass(frozen=True)
class Picture:
    """A picture of a report.

    Parameters
    ----------
    title : str
    path : Path
        PNG file; its content goes into the page.
    """

    title: str
    path: Path

    def data(self) -> str:
        """Content in base 64."""
        return base64.b64encode(self.path.read_bytes()).decode("ascii")


@dataclass(frozen=True)
class Part:
    """A part of a report: sentences, then a table, then pictures.

    Parameters
    ----------
    title : str
    sentences : sequence of str
    table : DataFrame, optional
        Numbers are written with four digits, those from 10 on with two decimals.
    figures : sequence of Picture
    folded : bool
        Whether all pictures but the first are folded away under their titles.
    """

    title: str
    sentences: Sequence[str] = ()
    table: pd.DataFrame | None = None
    figures: Sequence[Picture] = ()
    folded: bool = False

    def is_number(self, column: str) -> bool:
        """Whether a column of the table holds numbers."""
        if self.table is None:
            return False
        values = self.table[column]
        return is_numeric_dtype(values) and not is_bool_dtype(values)

    def rows(self) -> Iterator[list[tuple[str, str]]]:
        """Rows of the table, each as pairs of column and text."""
        table = pd.DataFrame() if self.table is None else self.table
        for values in table.itertuples(index=False):
            yield [(str(column), _text(value)) for column, value in zip(table.columns, values, strict=True)]


@dataclass(frozen=True)
class Page:
    """What a report says.

    Parameters
    ----------
    title, lead : str
        The lead is one line under the title.
    warnings : sequence of str
        Sentences that must be read first.
    parts : sequence of Part
    """

    title: str
    lead: str
    warnings: Sequence[str]
    parts: Sequence[Part]


def to_html(page: Page) -> str:
    """Write a report as HTML; all text is escaped, and all pictures are inside."""
    environment = Environment(
        loader=PackageLoader("napari_ubam.report", "."),
        autoescape=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    return environment.get_template("page.html.j2").render(page=page)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.4g}" if abs(value) < 10 else f"{value:.2f}"
    return str(value)
