"""A report as one self-contained HTML file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from napari_ubam.study.values import counted

from .embedded import Picture

LONG = 15  # rows; longer tables are folded


@dataclass(frozen=True)
class Table:
    """A table of a report.

    Parameters
    ----------
    rows : DataFrame
        Numbers are written with four significant digits, or with two decimals from 10.
    title : str
        Title, shown above the table.
    folded : bool, optional
        Whether only the title is shown until the reader opens it. Default: if it has more than 15 rows.
    """

    rows: pd.DataFrame
    title: str = "Table"
    folded: bool | None = None

    @property
    def is_folded(self) -> bool:
        """Whether only the title is shown at first."""
        return len(self.rows) > LONG if self.folded is None else self.folded

    @property
    def heading(self) -> str:
        """Title with the number of rows."""
        return f"{self.title} ({counted(len(self.rows), 'row')})"

    def is_number(self, column: str) -> bool:
        """Check whether a column is numeric.

        Parameters
        ----------
        column : str
            Name of the column.

        Returns
        -------
        bool
            True for numbers. Boolean columns are not numeric.
        """
        values = self.rows[column]
        return is_numeric_dtype(values) and not is_bool_dtype(values)

    def texts(self) -> Iterator[list[tuple[str, str]]]:
        """Iterate over the rows.

        Yields
        ------
        list of (str, str)
            Column and text of each cell.
        """
        columns = [str(one) for one in self.rows.columns]
        for values in self.rows.itertuples(index=False):
            yield [(column, _text(value)) for column, value in zip(columns, values, strict=True)]


@dataclass(frozen=True)
class Part:
    """A section of a report: warnings, sentences, pictures, tables.

    Parameters
    ----------
    title : str
        Heading.
    sentences : sequence of str
        One paragraph each.
    tables : sequence of Table
    pictures : sequence of Picture
    warnings : sequence of str
        Sentences in a box at the head of the section.
    folded : bool
        Whether all pictures except the first are collapsed under their titles.
    beside : bool
        Whether the pictures stand side by side where there is room, as clips do.
    methods : sequence of (str, str)
        Title and text of paragraphs for the methods section of a paper, each with a button that copies it.
    described_in : str
        Title of the paragraph that describes the methods of this section. Empty: none.
    """

    title: str
    sentences: Sequence[str] = ()
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()
    warnings: Sequence[str] = ()
    folded: bool = False
    beside: bool = False
    methods: Sequence[tuple[str, str]] = ()
    described_in: str = ""

    @property
    def anchor(self) -> str:
        """Name of the section in links."""
        return anchor(self.title)


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
    found : mapping of str to str
        What was found, in a sentence or two for each section, by its title.
    """

    title: str
    lead: str
    warnings: Sequence[str]
    parts: Sequence[Part]
    found: Mapping[str, str] = field(default_factory=dict)


def anchor(title: str) -> str:
    """Give the name of a section or a paragraph in links.

    Parameters
    ----------
    title : str

    Returns
    -------
    str
        Letters, digits and hyphens.
    """
    return re.sub(r"\W+", "-", title.casefold()).strip("-") or "section"


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
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    return environment.get_template("page.html.j2").render(page=page, anchor=anchor)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.4g}" if abs(value) < 10 else f"{value:.2f}"
    return str(value)
