"""Figures of subjects, learning curves and neighbours, and their files."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from napari_ubam.report import loss_curves, neighbour_sheet, save, subjects_figure


def table() -> pd.DataFrame:
    """Table of four reference subjects, a healthy one and two ill ones, one of them in two sessions."""
    rows = [(f"rat{number}", "healthy", "0", 0.1 + 0.01 * number, 0.5, np.nan, True) for number in range(4)]
    rows += [
        ("well", "healthy", "0", 0.12, 0.4, 0.4, False),
        ("ill0", "ill", "0", 0.3, 0.2, 0.3, False),
        ("ill0", "ill", "7", 0.2, 0.2, 0.3, False),
        ("ill1", "ill", "0", np.nan, np.nan, np.nan, False),
    ]
    columns = ["subject", "group", "session", "episodic", "episodic_p", "episodic_q", "reference"]
    found = pd.DataFrame(rows, columns=columns).assign(n_reference=4, smallest_p=0.2)
    constant = {
        "constant": 10 * found["episodic"],
        "constant_p": 0.6,
        "constant_q": found["episodic_q"] + 0.1,
    }
    return found.assign(**constant)


def test_subjects_are_shown_by_group_with_p_and_q() -> None:
    figure = subjects_figure(table())
    axes, constant = figure.axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == [
        *(f"rat{number}, session 0" for number in (3, 2, 1, 0)),
        "well, session 0",
        "ill0, session 0",
        "ill0, session 7",
        "ill1, session 0",
    ]
    texts = [text.get_text() for text in axes.texts]
    headings = [text for text in texts if "n = " in text]
    assert headings == ["healthy, reference (n = 4)", "healthy (n = 1)", "ill (n = 2)"]
    assert [text for text in texts if "q = " in text] == ["p = 0.400, q = 0.400"] + [
        "p = 0.200, q = 0.300"
    ] * 2
    assert texts.count("p = 0.500") == 4
    assert texts[-1] == "no score"
    beside = [text.get_text() for text in constant.texts]
    assert beside[4:6] == ["p = 0.600, q = 0.500", "p = 0.600, q = 0.400"]
    assert axes.get_title().startswith("Episodic")
    assert constant.get_title().startswith("Constant")


def test_the_range_of_the_reference_is_shaded() -> None:
    figure = subjects_figure(table())
    (shade,) = figure.axes[0].patches
    assert (shade.get_x(), shade.get_x() + shade.get_width()) == pytest.approx((0.1, 0.13))
    (other,) = figure.axes[1].patches
    assert (other.get_x(), other.get_x() + other.get_width()) == pytest.approx((1.0, 1.3))
    (text,) = figure.legends[0].get_texts()
    assert text.get_text() == "range of the reference (n = 4); smallest possible p = 0.200"


def test_within_subjects_the_baselines_of_others_are_no_range() -> None:
    figure = subjects_figure(table(), within=True)
    assert not any(axes.patches for axes in figure.axes)
    assert figure.legends == []
    assert figure.get_suptitle() == "Subjects compared with their own baseline"


def test_one_session_is_not_repeated() -> None:
    figure = subjects_figure(table()[lambda rows: rows["session"] == "0"])
    assert figure.axes[0].get_yticklabels()[0].get_text() == "rat3"


def test_every_loss_of_every_stage_has_a_panel() -> None:
    steps, contrast = range(0, 2000, 10), np.linspace(9, 1, 200)
    posture = pd.DataFrame({"stage": "posture", "step": steps, "seconds": 1.0, "contrast": contrast})
    behaviour = pd.DataFrame(
        {"stage": "behaviour", "step": [0, 50], "shuffle": [0.7, 0.2], "contrast": [3, 2.0]}
    )
    figure = loss_curves(pd.concat([posture, behaviour]))
    assert [axes.get_title() for axes in figure.axes if axes.lines] == [
        "posture: contrast",
        "behaviour: contrast",
        "behaviour: shuffle",
    ]
    values, smooth = figure.axes[0].lines
    assert list(values.get_ydata()) == pytest.approx(np.linspace(9, 1, 200))
    assert list(smooth.get_ydata())[20:-20] == pytest.approx(np.linspace(9, 1, 200)[20:-20], abs=0.1)
    assert [list(line.get_xdata()) for line in figure.axes[2].lines] == [[0, 50]]


def test_a_history_without_losses_is_refused() -> None:
    with pytest.raises(ValueError, match="has no loss"):
        loss_curves(pd.DataFrame({"stage": [], "step": []}))


def test_neighbours_are_shown_next_to_their_frame() -> None:
    grey, colour = np.zeros((6, 9), np.uint8), np.full((6, 9, 3), 200, np.uint8)
    rows = [
        (grey, "rat0, frame 3", [colour, grey[..., None]], ["rat1, frame 8", "rat2, frame 9"]),
        (colour, "rat1, frame 5", [grey], ["rat0, frame 1"]),
    ]
    figure = neighbour_sheet(rows)
    shown = [(axes.get_title(), axes.images[0].get_array().shape[:2]) for axes in figure.axes if axes.images]
    assert [title for title, _ in shown] == [
        "rat0, frame 3",
        "rat1, frame 8",
        "rat2, frame 9",
        "rat1, frame 5",
        "rat0, frame 1",
    ]
    assert {shape for _, shape in shown} == {(6, 9)}
    with pytest.raises(ValueError, match="no frame to show"):
        neighbour_sheet([])


def test_a_figure_is_written_atomically(tmp_path: Path) -> None:
    path = save(subjects_figure(table()), tmp_path / "new" / "subjects.png")
    with Image.open(path) as image:
        assert image.info["dpi"] == pytest.approx((150, 150), abs=0.1)
        assert image.info["Software"] == f"napari-ubam {version('napari-ubam')}"
        before = image.size
    broken = Figure()
    broken.savefig = lambda *_, **__: (_ for _ in ()).throw(OSError("disk full"))  # type: ignore[method-assign]
    with pytest.raises(OSError, match="disk full"):
        save(broken, path)
    assert [file.name for file in path.parent.iterdir()] == ["subjects.png"]
    with Image.open(path) as image:
        assert image.size == before
