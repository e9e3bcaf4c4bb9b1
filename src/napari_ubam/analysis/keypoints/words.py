"""What the comparison with key points found, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from napari_ubam.analysis.groups.words import p_text
from napari_ubam.analysis.shown import shown
from napari_ubam.runfolder.tables import Result
from napari_ubam.study.values import counted


def conclusions(result: Result) -> list[str]:
    """Write what was found in sentences.

    Parameters
    ----------
    result : Result
        Of the analysis ``"keypoints"``.

    Returns
    -------
    list of str
    """
    facts, methods = result.facts, result.tables["keypoints_methods"].set_index("method")
    points = result.tables["keypoints"].query("method == 'code'").sort_values("r2")
    unit = facts["unit"]
    shares = dict(zip(methods.index.astype(str), methods["r2"].tolist(), strict=True))
    own = methods.loc["code", ["error", "error_of_mean"]].to_numpy(float)
    others = ", ".join(f"{name} {share:.2f}" for name, share in shares.items() if name != "code")
    said = [
        f"In {_left_out(facts)}, the codes explain R² = {shares['code']:.2f} of "
        f"{counted(len(facts['keypoints']), 'key point')} ({others}; {facts['labelled_frames']} frames).",
        f"The median error is {own[0]:.1f} {unit}; the mean position, without any "
        f"code, is off by {own[1]:.1f}.",
    ]
    if len(points) > 1:
        best, worst = points.iloc[-1], points.iloc[0]
        said.append(
            f"Best is {best['keypoint']} (R² = {best['r2']:.2f}), worst {worst['keypoint']} "
            f"({worst['r2']:.2f})."
        )
    said += [_difference(str(name), row, unit) for name, row in methods.iterrows() if pd.notna(row.get("p"))]
    said.append(
        "A low R² shows that a linear reading of the codes does not give the point, not that the codes hold "
        "nothing of it."
    )
    return said


def methods_text(facts: Mapping[str, Any]) -> str:
    """Tell how it was computed, for a methods section.

    Parameters
    ----------
    facts : mapping of str to object
        Of the analysis ``"keypoints"``.

    Returns
    -------
    str
    """
    asked = facts.get("parameters", {})
    tested = (
        " Errors of the methods were compared within subjects by sign flips; the interval is a percentile "
        "bootstrap over subjects."
        if facts["left_out"] == "subject"
        else ""
    )
    return (
        f"Key points were read by ridge regression from the {asked.get('kind', 'posture')} codes of "
        f"{facts['labelled_frames']} frames (n = {counted(facts['subjects'], 'subject')}), with "
        f"{_left_out(facts)} and the penalty chosen by leaving out parts of the others in turn. R² is "
        f"against the mean of the frames that were learnt from. Points with a likelihood below "
        f"{asked.get('likelihood', 0.6):g} were gaps. Compared with {asked.get('components', 64)} principal "
        f"components of the pixels and with histograms of oriented gradients. Seed {facts['seed']}.{tested}"
    )


def _left_out(facts: Mapping[str, Any]) -> str:
    if facts["left_out"] == "subject":
        return f"{counted(facts['subjects'], 'subject')} left out in {counted(facts['parts'], 'part')}"
    gap = float(facts.get("gap", 0))
    around = f", {gap:g} s around each not learnt from" if gap else ""
    return f"{counted(facts['parts'], 'block')} of time left out one by one{around}"


def _difference(name: str, row: pd.Series, unit: str) -> str:
    interval = f"95% interval {row['low']:.2f} to {row['high']:.2f}, " if pd.notna(row["low"]) else ""
    return (
        f"The error of the codes minus that of {name} is {row['difference']:.2f} {unit} ({interval}"
        f"n = {int(row['n'])} subjects, {p_text(row['p'])}; smallest possible {p_text(row['smallest_p'])})."
    )


def readable_tables(result: Result) -> Mapping[str, pd.DataFrame]:
    """Give the tables of key points with titles for names.

    Parameters
    ----------
    result : Result
        Of the analysis ``"keypoints"``.

    Returns
    -------
    dict of str to DataFrame
        By their titles: methods, key points, and subjects.
    """
    errors = {"error": "error (px)", "error_of_mean": "of the mean position"}
    compared = {"n": "n", "difference": "codes minus this", "low": "95% from", "high": "to"}
    shares = {"r2": "R²", "r2_x": "R² in x", "r2_y": "R² in y"}
    method = {"method": "method"}
    tests = {"p": "p", "smallest_p": "smallest p"}
    methods = result.tables["keypoints_methods"]
    counts = pd.Series([None if pd.isna(one) else int(one) for one in methods["n"]], dtype=object)
    return {
        "Methods": shown(methods.assign(n=counts), method | {"r2": "R²"} | errors | compared | tests),
        "Key points": shown(
            result.tables["keypoints"],
            {"keypoint": "key point"} | method | {"n_frames": "frames"} | shares | errors,
        ),
        "Subjects": shown(
            result.tables["keypoints_subjects"],
            {"subject": "subject"} | method | {"n_frames": "frames", "error": "error (px)"},
        ),
    }
