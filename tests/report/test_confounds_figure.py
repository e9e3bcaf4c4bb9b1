"""Figure of confounds: a row for each property, small p filled, also of results without chance."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from napari_ubam.report.confounds import confounds_figure
from napari_ubam.report.groups import DARK_LOOK, LIGHT_LOOK
from napari_ubam.runfolder.tables import Result


def made_up(with_chance: bool = True) -> Result:
    rows = [
        {"property": "camera", "kind": "name", "codes": 0.9, "codes_p": 0.01, "constant": 0.6}
        | {"constant_p": 0.3, "episodic": np.nan, "episodic_p": np.nan},
        {"property": "brightness", "kind": "number", "codes": -0.1, "codes_p": np.nan, "constant": 0.2}
        | {"constant_p": 0.5, "episodic": 0.8, "episodic_p": 0.02},
    ]
    if with_chance:
        for row in rows:
            row |= {"codes_low": 0.3, "codes_high": 0.7, "constant_low": 0.3, "constant_high": 0.7}
            row |= {"episodic_low": np.nan, "episodic_high": np.nan}
    facts = {"subject_named": 0.4, "subject_chance": 0.1}
    return Result("confounds", {"confounds": pd.DataFrame(rows)}, facts)


def marks(figure: Figure, number: int) -> dict[float, str]:
    """Give the fill of each mark of a plot, by its place on the x axis."""
    lines = [one for one in figure.axes[number].lines if one.get_marker() not in ("None", None, "")]
    return {round(float(np.atleast_1d(one.get_xdata())[0]), 3): str(one.get_fillstyle()) for one in lines}


def test_names_and_numbers_stand_apart_and_small_p_is_filled() -> None:
    figure = confounds_figure(made_up())
    names, numbers = figure.axes
    assert [one.get_text() for one in names.get_yticklabels()][1:] == ["camera"]
    assert [one.get_text() for one in numbers.get_yticklabels()] == ["brightness"]
    assert marks(figure, 0) == {0.4: "none", 0.9: "full", 0.6: "none"}
    assert marks(figure, 1) == {-0.1: "none", 0.2: "none", 0.8: "full"}
    assert numbers.get_xlim()[0] < -1


def test_chance_is_drawn_where_it_is_known_and_colours_follow_the_page() -> None:
    def bars(figure: Figure) -> int:
        return sum(one.get_linewidth() == 5 for axes in figure.axes for one in axes.lines)

    assert bars(confounds_figure(made_up())) == 4
    assert bars(confounds_figure(made_up(with_chance=False))) == 0  # a result of an earlier version
    for look in (LIGHT_LOOK, DARK_LOOK):
        assert to_hex(confounds_figure(made_up(), look).get_facecolor()) == to_hex(look.background)


def test_the_axis_says_what_marks_of_scores_are() -> None:
    names, numbers = confounds_figure(made_up()).axes
    assert "codes: balanced accuracy" in names.get_xlabel()
    assert "constant, episodic: share of the variance of the score" in numbers.get_xlabel()
    table = made_up().tables["confounds"].assign(constant=np.nan, episodic=np.nan)
    unscored = confounds_figure(Result("confounds", {"confounds": table}, made_up().facts))
    assert unscored.axes[0].get_xlabel() == "balanced accuracy in subjects that were left out"
