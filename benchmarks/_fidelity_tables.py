"""Tables and floors of the fidelity benchmark, from the numbers of all seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from _common import print_table

from napari_ubam.analysis import STATISTICS
from napari_ubam.sample import KINDS

Numbers = dict[str, Any]
BySeed = list[Numbers]  # of one method

MARGIN = 0.02  # by which the codes have to explain more than the best baseline, in every seed
LIGHT_RISE = 0.05  # of the mean deviation that counts as none
COLUMNS: tuple[tuple[str, Callable[[Numbers], float], str], ...] = (
    ("R²", lambda n: n["r2"], ".3f"),
    ("R², mean of joints", lambda n: n["r2_joints"], ".3f"),
    ("subject named (chance {:.3f})", lambda n: n["subject_named"], ".2f"),
    ("AUROC frame", lambda n: n["auroc_frame"], ".3f"),
    ("AUROC window", lambda n: n["auroc_window"], ".3f"),
    ("pooled frame", lambda n: n["auroc_frame_pooled"], ".3f"),
    ("pooled window", lambda n: n["auroc_window_pooled"], ".3f"),
    ("pooled episodic", lambda n: n["auroc_episodic_pooled"], ".3f"),
    ("over 95th, posture (%)", lambda n: 100 * n["over95_posture"], ".1f"),
    ("over 95th, behaviour (%)", lambda n: 100 * n["over95_behaviour"], ".1f"),
    ("over 95th, episodic (%)", lambda n: 100 * n["over95_episodic"], ".1f"),
)
LIGHT: tuple[tuple[str, Callable[[Numbers], float], str], ...] = (
    ("light, posture (%)", lambda n: 100 * n["light_change_posture"], "+.1f"),
    ("light, behaviour (%)", lambda n: 100 * n["light_change_behaviour"], "+.1f"),
    ("over 95th in other light, posture (%)", lambda n: 100 * n["light_over95_posture"], ".1f"),
    ("over 95th in other light, behaviour (%)", lambda n: 100 * n["light_over95_behaviour"], ".1f"),
)
LEGEND = """\
R²: part of the joint angles of held-out animals that ridge regression from posture explains, all joints
together (weighed by their variance), and the mean over joints. Subject named: accuracy of telling the
held-out animals apart by posture, learned on the first part of each recording.
AUROC: deviant frames (envelope over 0.5) against others (under 0.05) by posture deviation (frame) and by
behaviour deviation (window), mean over the impaired recordings and pooled over all held-out ones. Over
95th: frames of held-out healthy animals over the 95th percentile of the reference; 5 is right. Gap: the
least deviant impaired animal minus the most deviant healthy one by {statistic}, in units of
the reference animals' mean; pairs of an impaired and a healthy animal that are ranked rightly. Light:
change of the mean deviation of the held-out healthy animals when only the lamp is another. True joint
angles, standardised, tell what these measures give when posture is known exactly; codes that weigh the
joints in another way may reach more.
"""


class Floor(NamedTuple):
    """What a method has to reach."""

    name: str
    required: str
    value: float
    passed: bool


def spread(values: Sequence[float], style: str) -> str:
    """Mean and standard deviation over seeds, without those where the measure is not defined."""
    known = [value for value in values if np.isfinite(value)]
    if not known:
        return "–"
    text = f"{np.mean(known):{style}}"
    return text if len(known) == 1 else f"{text} ± {np.std(known, ddof=1):{style.lstrip('+')}}"


def show(found: dict[str, BySeed], network: str, statistic: str, title: str) -> None:
    """Print all tables.

    Parameters
    ----------
    found : dict of str to list
        Numbers of each seed by method.
    network : str
        The method that has to reach the floors.
    statistic : str
        Deviation of whole subjects in the main table.
    title : str
        Of the main table.
    """
    rows = [_row(name, seeds, statistic) for name, seeds in found.items()]
    chance = next(iter(found.values()))[0]["chance"]
    header = ["method", *(name.format(chance) for name, _, _ in COLUMNS), "gap", "pairs ranked", "all ranked"]
    print_table(title, [*header, *(name for name, _, _ in LIGHT)], rows)
    print(LEGEND.format(statistic=statistic.replace("_", " ")))
    print_table("AUROC by kind of deviation, frame / window", ["method", *KINDS], _kind_rows(found))
    by_statistic = [
        [name, *(_pairs(seeds, statistic) for statistic in STATISTICS)] for name, seeds in found.items()
    ]
    print_table("Pairs ranked by other statistics of subjects", ["method", *STATISTICS], by_statistic)
    if network in found:
        checked = [
            [floor.name, floor.required, f"{floor.value:.3f}", "yes" if floor.passed else "NO"]
            for floor in floors(found, network, statistic)
        ]
        print_table(f"Floors of {network}", ["what", "floor", "reached", "passed"], checked)


def floors(found: dict[str, BySeed], network: str, statistic: str) -> list[Floor]:
    """Compare a method's means over the seeds with what it has to reach.

    Parameters
    ----------
    found : dict of str to list
        Numbers of each seed by method.
    network : str
        Name of the method.
    statistic : str
        Deviation of whole subjects.

    Returns
    -------
    list of Floor
    """
    seeds = found[network]

    def at_least(name: str, key: str, least: float) -> Floor:
        value = _mean(seeds, key)
        return Floor(name, f">= {least:.2f}", value, value >= least)

    ranked = [one["ranking"][statistic]["gap"] > 0 for one in seeds]
    return [
        at_least("R²", "r2", 0.90),
        *_margin(found, seeds),
        at_least("AUROC frame", "auroc_frame", 0.90),
        at_least("AUROC window", "auroc_window", 0.97),
        at_least("AUROC episodic, pooled over videos", "auroc_episodic_pooled", 0.95),
        *(
            _controls(f"control frames over the 95th, {code}", _mean(seeds, f"over95_{code}"))
            for code in OVER
        ),
        Floor("every impaired over every healthy", "all seeds", float(np.mean(ranked)), all(ranked)),
        *(_light(code, _mean(seeds, f"light_change_{code}")) for code in CODES),
    ]


CODES = ("posture", "behaviour")
OVER = (*CODES, "episodic")
NO_BASELINE = ("napari-ubam", "the same encoder", "true joint angles")


def _margin(found: dict[str, BySeed], seeds: BySeed) -> list[Floor]:
    """Difference to the best baseline, in the seed where it is least."""
    baselines = [numbers for name, numbers in found.items() if not name.startswith(NO_BASELINE)]
    if not baselines:
        return []
    best = [max(numbers[number]["r2"] for numbers in baselines) for number in range(len(seeds))]
    least = min(one["r2"] - other for one, other in zip(seeds, best, strict=True))
    return [Floor("R² over the best baseline's, worst seed", f">= {MARGIN}", least, least >= MARGIN)]


def _controls(name: str, share: float) -> Floor:
    return Floor(name, "0.03 to 0.08", share, 0.03 <= share <= 0.08)


def _light(code: str, rise: float) -> Floor:
    return Floor(
        f"rise of the deviation in other light, {code}", f"<= {LIGHT_RISE}", rise, rise <= LIGHT_RISE
    )


def _mean(seeds: BySeed, key: str) -> float:
    return float(np.mean([one[key] for one in seeds]))


def _row(name: str, seeds: BySeed, statistic: str) -> list[str]:
    ranks = [one["ranking"][statistic] for one in seeds]
    gaps = [rank["gap"] / rank["reference"] if rank["reference"] else float("nan") for rank in ranks]
    ordered = sum(rank["gap"] > 0 for rank in ranks)
    return [
        name,
        *(spread([of(one) for one in seeds], style) for _, of, style in COLUMNS),
        spread(gaps, "+.2f"),
        _pairs(seeds, statistic),
        f"{ordered} of {len(seeds)} seeds",
        *(spread([of(one) for one in seeds], style) for _, of, style in LIGHT),
    ]


def _pairs(seeds: BySeed, statistic: str) -> str:
    ranks = [one["ranking"][statistic] for one in seeds]
    return f"{np.mean([rank['pairs'] for rank in ranks]):.1f} of {ranks[0]['of_pairs']}"


def _kind_rows(found: dict[str, BySeed]) -> list[list[str]]:
    rows = []
    for name, seeds in found.items():
        cells = (
            " / ".join(
                spread([one["kinds"][kind][level] for one in seeds], ".2f") for level in ("frame", "window")
            )
            for kind in KINDS
        )
        rows.append([name, *cells])
    return rows
