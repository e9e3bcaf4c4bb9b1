"""A report as one self-contained HTML file."""

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
        Title of the picture.
    path : Path
        PNG file. It is embedded in the page.
    """

    title: str
    path: Path

    def data(self) -> str:
        """Return the file as Base64 text.

        Returns
        -------
        str
            Base64 text.
        """
        return base64.b64encode(self.path.read_bytes()).decode("ascii")


@dataclass(frozen=True)
class Part:
    """A section of a report: text, then a table, then pictures.

    Parameters
    ----------
    title : str
        Heading.
    sentences : sequence of str
        One paragraph each.
    table : DataFrame, optional
        Numbers are written with four significant digits, or with two decimals from 10.
    figures : sequence of Picture
        Pictures of the section.
    folded : bool
        Whether all pictures except the first are collapsed under their titles.
    """

    title: str
    sentences: Sequence[str] = ()
    table: pd.DataFrame | None = None
    figures: Sequence[Picture] = ()
    folded: bool = False

    def is_number(self, column: str) -> bool:
        """Check whether a column of the table is numeric.

        Parameters
        ----------
        column : str
            Name of the column.

        Returns
        -------
        bool
            True for numbers. Boolean columns are not numeric.
        """
        if self.table is None:
            return False
        values = self.table[column]
        return is_numeric_dtype(values) and not is_bool_dtype(values)

    def rows(self) -> Iterator[list[tuple[str, str]]]:
        """Iterate over the rows of the table.

        Yields
        ------
        list of (str, str)
            Column and text of each cell.
        """
        table = pd.DataFrame() if self.table is None else self.table
        for values in table.itertuples(index=False):
            yield [(str(column), _text(value)) for column, value in zip(table.columns, values, strict=True)]


@dataclass(frozen=True)
class Page:
    """Content of a report.

    Parameters
    ----------
    title, lead : str
        Title, and one line below it.
    warnings : sequence of str
        Sentences at the top of the page.
    parts : sequence of Part
        Sections.
    """

    title: str
    lead: str
    warnings: Sequence[str]
    parts: Sequence[Part]


def to_html(page: Page) -> str:
    """Convert a report to HTML. All text is escaped and all pictures are embedded.

    Parameters
    ----------
    page : Page
        Content of the report.

    Returns
    -------
    str
        HTML document.
    """
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
