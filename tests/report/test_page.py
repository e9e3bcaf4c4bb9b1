"""The page of a report: contents, folded parts, methods that can be copied, and figures that can be saved."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from napari_ubam.report import LIGHT_LOOK, Look, map_figure, subjects_figure
from napari_ubam.report import embedded as module
from napari_ubam.report.embedded import Picture, drawing, picture_file
from napari_ubam.report.page import Page, Part, Table, to_html
from napari_ubam.report.style import new_figure


def plot(look: Look = LIGHT_LOOK) -> Figure:
    """Draw a line with a title."""
    figure = new_figure(4, 3)
    figure.set_facecolor(look.background)
    figure.subplots().set_title("Speed of rats", color=look.text)
    return figure


def content(address: str) -> bytes:
    """Read what a data address holds."""
    return base64.b64decode(address.partition("base64,")[2])


class Links(HTMLParser):
    """Collects links, names and open elements."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if name := found.get("id"):
            self.names.append(name)
        if tag == "a":
            self.links.append(found.get("href") or "")


def test_contents_and_findings_lead_to_their_sections() -> None:
    parts = [
        Part("Subjects", ["one"], described_in="Scores"),
        Part("Map, compared", ["two"]),
        Part("Methods", methods=[("Scores", "p is a rank."), ("Map, compared", "By permutation.")]),
    ]
    read = Links()
    page = Page("Title", "lead", ["Light differs."], parts, {"Map, compared": "Nothing differs."})
    text = to_html(page)
    read.feed(text)
    inside = [link.removeprefix("#") for link in read.links if link.startswith("#")]
    assert {"subjects", "map-compared", "methods", "methods-scores"} <= set(inside)
    assert set(inside) <= set(read.names)
    assert text.index("Light differs.") < text.index("Nothing differs.") < text.index("<h2")
    assert text.count("data-copies") == 2 + 1 + 1  # each, all, and the script
    assert text.startswith("<!doctype html>")


def test_long_tables_are_folded_and_empty_cells_stay_empty() -> None:
    short = Table(pd.DataFrame({"p": [0.5, np.nan], "of": ["x", None]}), "Short")
    long = Table(pd.DataFrame({"p": np.arange(40) / 40}), "Long")
    text = to_html(Page("Title", "lead", [], [Part("One", (), [short, long])]))
    assert "<summary>Long (40 rows)</summary>" in text
    assert "<summary>Short" not in text
    assert '<p class="title">Short (2 rows)</p>' in text  # which of several tables this is
    assert '<p class="title">' not in to_html(Page("Title", "lead", [], [Part("One", (), [short])]))
    assert list(short.texts()) == [[("p", "0.5"), ("of", "x")], [("p", ""), ("of", "")]]


def test_a_figure_is_a_drawing_for_light_and_dark_that_can_be_saved() -> None:
    made = drawing("Speed", plot, "speed")
    light, dark = content(made.source), content(made.dark)
    assert b"Speed of rats" in light  # text stays text
    assert b"#1e2129" in dark.lower()
    assert b"#1e2129" not in light.lower()
    assert drawing("Speed", plot, "speed").source == made.source  # the same each time
    text = to_html(Page("Title", "lead", [], [Part("One", pictures=[made])]))
    saved = re.search(r'download="speed.svg" href="([^"]+)"', text)
    assert saved
    assert content(saved[1]) == light
    assert 'media="screen and (prefers-color-scheme: dark)"' in text


def test_a_figure_of_another_package_has_one_look() -> None:
    made = drawing("Other", lambda: new_figure(2, 2), "other")
    assert made.dark == ""
    assert 'class="light"' in to_html(Page("Title", "lead", [], [Part("One", pictures=[made])]))


def test_a_drawing_that_is_too_large_becomes_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_DRAWING", 1000)
    made = drawing("Speed", plot, "speed")
    assert made.source.startswith("data:image/webp")
    assert made.file_name == "speed.webp"


def test_a_picture_from_a_file_is_smaller(tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    Image.new("RGB", (3000, 300), "white").save(path)
    made = picture_file("wide", path)
    path.write_bytes(content(made.source))
    assert Image.open(path).size == (1200, 120)
    assert made.size == len(made.source)


def test_a_clip_has_a_picture_for_readers_who_want_no_motion() -> None:
    clip = Picture(
        "rat1", "data:image/webp;base64,AA", 0, still="data:image/webp;base64,BB", caption="rat1: 2 s"
    )
    text = to_html(Page("Title", "lead", [], [Part("One", pictures=[clip], beside=True)]))
    assert '(prefers-reduced-motion: reduce)" srcset="data:image/webp;base64,BB"' in text
    assert "rat1: 2 s" in text


def test_figures_of_scores_and_map_have_a_dark_look() -> None:
    table = pd.DataFrame({"x": [0.0, 1.0], "y": [1.0, 0.0], "group": ["a", "b"]})
    made = drawing("Map", lambda look: map_figure(table, "group", look), "map")
    assert made.dark not in ("", made.source)
    assert b"<image" in content(made.source)  # points are pixels, however many
    rows = {"subject": ["a", "b"], "group": ["h", "i"], "session": ["0", "0"], "reference": [True, False]}
    values = {f"{part}{end}": [0.1, 0.2] for part in ("episodic", "constant") for end in ("", "_p", "_q")}
    subjects = pd.DataFrame({**rows, **values, "smallest_p": [0.5, 0.5]})
    figure = subjects_figure(subjects, look=Look("#101010", "#fafafa", "#777777", ("#eeeeee", "#00ff00")))
    assert figure.get_facecolor()[:3] == pytest.approx((16 / 255,) * 3)
    assert figure.axes[0].title.get_color() == "#fafafa"
