"""Figures in the widths of a journal's columns, with texts that can be read."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from PIL import Image

from exported_study import made_up
from napari_ubam.formats import export_data


def draw(width: float = 5.0) -> Figure:
    figure = Figure(figsize=(width, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1, 2], [3, 1, 2])
    axes.set_xlabel("time (s)", fontsize=10)
    axes.set_title("A title", fontsize=12)
    return figure


def test_figures_have_the_width_of_a_column(tmp_path: Path) -> None:
    data = replace(made_up(tmp_path / "videos"), figures={"subjects": draw})
    done = export_data(data, "figures", tmp_path / "out")
    names = {path.name for path in done.files}
    assert names == {f"subjects-{width}.{kind}" for width in ("89mm", "183mm") for kind in ("svg", "png")}
    for width in (89, 183):
        text = (tmp_path / "out" / f"subjects-{width}mm.svg").read_text("utf-8")
        points = re.search(r'<svg[^>]* width="([\d.]+)pt"', text)
        assert points is not None
        assert float(points[1]) == pytest.approx(width / 25.4 * 72, abs=0.5)
        assert "time (s)" in text  # text stays text, which journals edit
        sizes = [float(one) for one in re.findall(r"(?:font-size: |font: )([\d.]+)px", text)]
        assert min(sizes) >= 5
        assert max(sizes) <= 7.01
        with Image.open(tmp_path / "out" / f"subjects-{width}mm.png") as picture:
            assert picture.width == pytest.approx(width / 25.4 * 600, abs=2)


def test_a_figure_with_too_much_text_for_one_column_has_two(tmp_path: Path) -> None:
    data = replace(made_up(tmp_path / "videos"), figures={"timeline": lambda: draw(11)})
    done = export_data(data, "figures", tmp_path / "out")
    assert {path.name for path in done.files} == {"timeline-183mm.svg", "timeline-183mm.png"}
