"""Groups on the map: what is planted is found, what is not there is not, and the subject is the unit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_ubam.analysis import AnalysisError, AnalysisInputs, Codes
from napari_ubam.analysis.map_compare import (
    MAP_COMPARE,
    bouts,
    compare_densities,
    find_clusters,
    subject_densities,
)
from napari_ubam.analysis.map_compare.subjects import share_table
from napari_ubam.report import DARK_LOOK
from napari_ubam.report.map_compare import map_compare_figure
from napari_ubam.runfolder.tables import Result
from napari_ubam.study import Recording, Roi, Study

SIZE, FRAMES = 12, 240


def codes_of(planted: float, each: int = 6, seed: int = 0, name_subjects: bool = False) -> list[Codes]:
    """Bouts of four behaviours; subjects of the second group spend ``planted`` of the time in a fifth."""
    generator, found = np.random.default_rng(seed), []
    centres = 4 * np.eye(SIZE)[:5]
    for number in range(2 * each):
        group = "a" if number < each else "b"
        kinds = np.repeat(generator.integers(0, 4, FRAMES // 12), 12)
        if group == "b":
            kinds[np.repeat(generator.random(FRAMES // 12) < planted, 12)] = 4
        codes = centres[kinds] + generator.normal(0, 0.5, (FRAMES, SIZE))
        if name_subjects:
            codes = codes + 20 * generator.normal(size=SIZE)
        codes, frames = codes.astype(np.float32), np.arange(FRAMES)
        found.append(
            Codes(
                f"r{number}",
                f"s{number}",
                group,
                "0",
                codes,
                codes,
                frames / 30,
                frames,
                np.ones(FRAMES, bool),
            )
        )
    return found


def result_of(codes: list[Codes], **values: object) -> Result:
    study = Study(
        [
            Recording(
                video=Path("v.mp4"),
                subject=one.subject,
                group=one.group,
                session=one.session,
                name=one.name,
                roi=Roi(x=place, y=0, width=32, height=32),  # each its own region
            )
            for place, one in enumerate(codes)
        ]
    )
    inputs = AnalysisInputs(study, lambda: codes, lambda: None)
    return MAP_COMPARE.compute(inputs, MAP_COMPARE.parse({"method": "pca", "permutations": 300, **values}))


def test_a_planted_behaviour_is_found_in_its_group() -> None:
    result = result_of(codes_of(0.4), clusters=5)
    table = result.tables["map_compare"]
    clear = table[table["p_adjusted"] < 0.05]
    best = table.loc[table["difference"].idxmax()]
    assert best["cluster"] in set(clear["cluster"])
    assert best["difference"] == pytest.approx(40, abs=12)  # percentage points
    shares = result.tables["map_compare_subjects"].set_index("level")[f"share_{best['cluster']}"]
    assert shares["a"].max() < 2  # subjects that never show it count as 0%
    assert len(result.tables["map_compare_subjects"]) == 12
    areas = result.tables["map_compare_areas"]
    assert (areas["p_adjusted"] < 0.05).any()
    said = MAP_COMPARE.sentences(result)
    assert any(f"Cluster {best['cluster']}, b against a (n = 6 and 6)" in one for one in said)
    assert "Seed 0" in said[-1]
    for figure in (map_compare_figure(result), map_compare_figure(result, DARK_LOOK)):
        assert len(figure.axes) == 4
    shown = MAP_COMPARE.readable(result)
    shares = shown["Share of time in clusters (%)"]
    assert shares.loc[0, ["cluster", "of", "against"]].tolist() == [1, "b", "a"]
    assert shown["Areas of the map"]["p adjusted"].is_monotonic_increasing
    moves = shown["Transitions, per minute"]
    assert list(moves)[:4] == ["from cluster", "to cluster", "of", "against"]
    assert not any("_" in column for table in shown.values() for column in table)


def test_subjects_that_the_map_names_are_warned_of() -> None:
    said = result_of(codes_of(0, name_subjects=True), clusters=4, individual="keep").warnings
    assert any("The map names the subject" in one for one in said)
    assert not any("names the subject" in one for one in result_of(codes_of(0), clusters=4).warnings)


def test_areas_are_found_no_more_often_than_five_percent() -> None:
    generator, found = np.random.default_rng(3), 0
    for world in range(60):
        places = generator.normal(size=(10, 1, 2)) + 0.7 * generator.normal(size=(10, 40, 2))
        owner = np.repeat(np.arange(10), 40)
        density = subject_densities(places.reshape(-1, 2), owner, (-4, 4, -4, 4), grid=20)
        areas = compare_densities(density[:5], density[5:], permutations=99, seed=world)
        found += areas.p.min(initial=1) <= 0.05
    assert found <= 6  # 3 expected; more than 6 in 5% of such series


def test_all_arrangements_are_counted_where_possible_and_pairs_are_flipped() -> None:
    generator = np.random.default_rng(0)
    first = generator.random((8, 10, 10)) * 0.1
    second = generator.random((8, 10, 10)) * 0.1
    second[:, 2:5, 2:5] += 1
    paired = compare_densities(first, second, paired=True, permutations=300)
    assert (paired.arrangements, paired.exact) == (256, True)
    assert paired.p.min() == pytest.approx(2 / 256)
    assert (paired.number[2:5, 2:5] == paired.number[3, 3]).all()
    few = compare_densities(first[:3], second[:3], permutations=300)
    assert (few.arrangements, few.exact) == (20, True)
    assert few.p.min() >= 0.1 - 1e-9  # 3 and 3 cannot reach p < 0.05


def test_short_bouts_are_joined_and_gaps_hide_transitions() -> None:
    number = np.array([1] * 10 + [2] * 2 + [1] * 5 + [3] * 8 + [2] * 9)
    times = np.r_[np.arange(25) / 10, 5 + np.arange(9) / 10]
    table = bouts(number, times, 0.3)
    assert table["cluster"].tolist() == [1, 3, 2]
    assert table["previous"].tolist() == [0, 1, 0]
    assert table["seconds"].tolist() == pytest.approx([1.7, 0.8, 0.9])


def test_a_subject_without_a_cluster_has_none_of_it_and_recordings_count_by_length() -> None:
    found = pd.DataFrame(
        {
            "subject": ["x", "x", "x", "y"],
            "level": "a",
            "cluster": [1, 2, 1, 1],
            "seconds": [1.0, 1.0, 2.0, 5.0],
            "previous": 0,
        }
    )
    table = share_table(found, 3).set_index("subject")
    assert table.loc["x", ["share_1", "share_2", "share_3"]].tolist() == [75, 25, 0]
    assert table.loc["y", "share_2"] == 0


def test_the_number_of_clusters_is_that_on_which_halves_of_the_subjects_agree() -> None:
    codes = codes_of(0)
    units = np.concatenate([one.posture for one in codes])
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    found = find_clusters(units, np.repeat(np.arange(12), FRAMES))
    assert len(found.medoid) == 4
    assert found.agreement[4] > 0.95


def test_designs_that_cannot_be_compared_are_refused() -> None:
    codes = codes_of(0)
    with pytest.raises(AnalysisError, match="cannot be compared by 'drug'"):
        result_of(codes, by="drug")
    with pytest.raises(AnalysisError, match="one subject is no group"):
        result_of(codes[:7])
    with pytest.raises(AnalysisError, match="nothing to compare"):
        result_of(codes[:6])


def test_halves_of_the_subjects_share_no_subject_if_conditions_are_compared() -> None:
    """Subjects do the same in both conditions: how well halves agree must not depend on the conditions."""
    subjects = codes_of(0, each=6, name_subjects=True)
    twice = [replace(one, name=f"{one.name}{level}", group=level) for one in subjects for level in ("a", "b")]
    once = np.concatenate([one.posture for one in subjects])
    once /= np.linalg.norm(once, axis=1, keepdims=True)
    expected = find_clusters(once, np.repeat(np.arange(12), FRAMES)).agreement
    found = result_of(twice, paired=True, individual="keep").facts["agreement"]
    assert max(expected.values()) < 0.9
    assert found["12"] == pytest.approx(expected[12], abs=0.1)
