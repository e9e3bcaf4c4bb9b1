"""Subjects that are followed from a baseline on: generated codes with a known severity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from napari_ubam.analysis import AnalysisError, AnalysisInputs, Codes
from napari_ubam.analysis.recovery import (
    RECOVERY,
    conclusions,
    equivalence,
    overlaps,
    own_margin,
    session_order,
    session_table,
    similarities,
)
from napari_ubam.analysis.recovery.curves import decisions, recovered_from
from napari_ubam.report import DARK_LOOK, recovery_figure
from napari_ubam.runfolder.tables import Result
from napari_ubam.study import Recording, Roi, Study

SIZE, FRAMES = 8, 120
SEVERITY = {"0": 0.0, "1": 1.5, "7": 1.0, "14": 0.5, "28": 0.0}


def subject(name: str, seed: int, severity: Mapping[str, float], group: str = "lesion") -> list[Codes]:
    """Record a subject in sessions; a third of the frames moves where nobody else goes."""
    rng = np.random.default_rng(seed)
    own, found = 0.2 * rng.normal(size=SIZE), []
    for session, size in severity.items():
        phase = rng.uniform(0, 6) + np.cumsum(rng.normal(0.4, 0.1, FRAMES))
        codes = 0.1 * rng.normal(size=(FRAMES, SIZE)) + own
        codes[:, 0] += np.cos(phase)
        codes[:, 1] += np.sin(phase)
        codes[np.arange(FRAMES) // 4 % 3 == 0, -1] += size
        codes = codes.astype(np.float32)
        shared = (np.arange(FRAMES) / 30, np.arange(FRAMES), np.ones(FRAMES, bool))
        found.append(Codes(f"{name}-{session}", name, group, session, codes, codes, *shared))
    return found


def herd(
    count: int, severity: Mapping[str, float] = SEVERITY, group: str = "lesion", seed: int = 0
) -> list[Codes]:
    each = [subject(f"{group}{n}", 100 * seed + n, severity, group) for n in range(count)]
    return [one for own in each for one in own]


def sessions_of(codes: Sequence[Codes]) -> dict[str, str]:
    return {one.name: one.session for one in codes}


def analyse(codes: Sequence[Codes], **values: object) -> Result:
    """Compute the analysis without a run."""
    study = Study(
        [
            Recording(
                video=Path("walk.mp4"),
                name=one.name,
                subject=one.subject,
                group=one.group,
                session=one.session,
                roi=Roi(x=number, y=0, width=32, height=32),
            )
            for number, one in enumerate(codes)
        ]
    )
    inputs = AnalysisInputs(study, lambda: codes, lambda: None)
    return replace(RECOVERY.compute(inputs, RECOVERY.parse({"resamples": 500, **values})), name="recovery")


@pytest.fixture(scope="module")
def result() -> Result:
    sham = herd(4, dict.fromkeys(SEVERITY, 0.0), "sham", seed=7)
    return analyse([*herd(6), *sham], baseline="0", margin=0.02)


def test_the_curve_follows_the_severity_and_ends_at_the_baseline(result: Result) -> None:
    curves = result.tables["recovery_curves"]
    own = curves[(curves["measure"] == "change") & (curves["group"] == "lesion")].set_index("session")
    planted = [SEVERITY[one] for one in own.index]
    assert spearmanr(-own["mean"], planted).statistic > 0.9
    assert own["n"].tolist() == [6] * 5
    assert (own["low"] <= own["mean"]).all()
    assert own.loc["0", "mean"] == pytest.approx(0)
    tested = result.tables["recovery"].set_index(["group", "session"])
    assert tested.loc[("lesion", "1"), "state"] == "not recovered"
    assert tested.loc[("lesion", "28"), "state"] == "recovered"
    assert tested.loc[("lesion", "28"), "p"] < 0.05
    assert result.facts["recovered_from"]["lesion"] == "28"
    assert result.facts["subjects"] == {"lesion": 6, "sham": 4}
    reference = curves[(curves["measure"] == "change_reference") & (curves["group"] == "lesion")]
    assert reference.set_index("session")["mean"].idxmin() == "1"


def test_sentences_tell_recovery_from_no_loss(result: Result) -> None:
    said = RECOVERY.sentences(result)
    assert "lesion: equivalent to the baseline from session 28 on." in said
    assert any(one.startswith("lesion, session 1 (n = 6): mean change of similarity") for one in said)
    assert (
        "two one-sided tests at 5% against a margin of 0.02 (given); each takes the larger p of Student's t"
        in said[-1]
    )
    assert any(
        "The baseline is one session (0), so what differs from day to day" in one for one in result.warnings
    )


def test_equivalence_of_few_subjects_tells_what_it_cannot_see(result: Result) -> None:
    said = " ".join(RECOVERY.sentences(result))
    table = result.tables["recovery"]
    count = table.loc[table["state"] == "recovered", "n"].min()
    assert count == 4
    assert "66% of studies with 4 subjects contain none such, and p is too small" in said
    undecided = {**result.tables, "recovery": table.assign(state="undecided")}
    other = conclusions(replace(result, tables=undecided))
    assert not any("p is too small" in one for one in other)


def test_older_results_are_described_by_their_own_test(result: Result) -> None:
    facts = {name: value for name, value in result.facts.items() if name != "test"}
    assert "at 2.5% against a margin" in RECOVERY.sentences(replace(result, facts=facts))[-1]


def test_subjects_with_a_baseline_of_one_session_are_named() -> None:
    days = {"-1": 0.0, "0": 0.0, "1": 0.5}
    short = [one for one in subject("short", 60, days) if one.session != "-1"]
    result = analyse([*herd(4, days), *short], baseline="-1,0", margin=0.02)
    assert any("The baseline of short is one session, so what differs" in one for one in result.warnings)
    assert not any("The baseline of" in one for one in analyse(herd(4, days), baseline="-1,0").warnings)


def test_what_was_never_lost_is_no_recovery(result: Result) -> None:
    values = result.tables["recovery_subjects"]
    sham = decisions(values, ["sham"], list(SEVERITY), 0.1)
    since = recovered_from(sham, list(SEVERITY))
    assert since == {"sham": "1"}
    told = conclusions(
        replace(
            result,
            tables={**result.tables, "recovery": sham},
            facts={**result.facts, "recovered_from": since},
        )
    )
    assert "sham: equivalent to the baseline from session 1 on. No loss was found before, so this is no " in (
        " ".join(told)
    )
    # A fixed sequence from the last session back: what follows a gap does not count.
    gap = sham.assign(state=["recovered", "undecided", "recovered", "recovered"])
    assert recovered_from(gap, list(SEVERITY)) == {"sham": "14"}
    assert recovered_from(gap.assign(state="undecided"), list(SEVERITY)) == {"sham": ""}


def test_every_subject_is_in_the_figure(result: Result) -> None:
    for figure in (recovery_figure(result), recovery_figure(result, DARK_LOOK)):
        first = figure.axes[0]
        thin = [line for line in first.lines if line.get_linewidth() < 0.75]
        assert len(thin) == 10
        assert len(figure.axes) == 4


def test_a_baseline_is_as_similar_to_itself_as_an_equal_day_to_it() -> None:
    """Held-out parts of the baseline must not look closer than new windows of the same kind."""
    same = {"-1": 0.0, "0": 0.0, "1": 0.0}
    codes = herd(12, same)
    order = ["-1", "0", "1"]  # with a single day the bias is not zero, and the result warns
    table = session_table(similarities(codes, sessions_of(codes), order, order[:2]).stretches, order)
    later = table.loc[table["session"] == "1", "change"]
    assert abs(later.mean()) < 3 * later.std() / np.sqrt(len(later))


def test_a_session_before_the_baseline_is_left_out() -> None:
    result = analyse(herd(4, {"-1": 0.5, "0": 0.0, "1": 0.0}), baseline="0")
    assert result.facts["sessions"] == ["0", "1"]
    assert set(result.tables["recovery_subjects"]["session"]) == {"0", "1"}
    assert any("Session -1 is before the end of the baseline" in one for one in result.warnings)


@pytest.mark.parametrize(("count", "shape"), [(4, 1.0), (6, 1.0), (6, 4.0), (8, 1.0), (12, 1.0)])
def test_wrong_equivalence_at_the_edge_of_the_margin_is_rare(count: int, shape: float) -> None:
    """The true mean is the margin; shape 1 has a skewness of 2. Short version of benchmarks/statistics."""
    generator, studies = np.random.default_rng([count, int(shape)]), 1500
    loss = (generator.gamma(shape, 1, (studies, count)) - shape) / np.sqrt(shape) + 3
    found = [equivalence(-one, 3.0) for one in loss]
    share = np.mean([one.state == "recovered" for one in found])
    assert 0 < share < 0.05 + 1.645 * np.sqrt(0.05 * 0.95 / studies)
    assert all((one.p < 0.05) == (one.state == "recovered") for one in found)


def test_a_clear_equivalence_is_found() -> None:
    changes = 0.1 * np.random.default_rng(0).normal(size=6)
    sure = equivalence(changes, 3.0)
    assert (sure.state, sure.n) == ("recovered", 6)
    assert sure.low < sure.change < sure.high
    assert equivalence(-changes, 3.0).p == pytest.approx(sure.p)  # both directions alike


def test_both_directions_leave_the_margin() -> None:
    values = np.array([-1.0, 0.0, 1.0, 0.5, -0.5])
    assert equivalence(values + 9, 3.0).state == "not recovered"
    assert equivalence(values - 9, 3.0).state == "not recovered"
    assert equivalence(values - 3, 3.0).state == "undecided"
    few = equivalence(values[:3], 3.0)
    assert (few.n, few.state) == (3, "not tested")
    assert np.isnan(few.p)
    with pytest.raises(ValueError, match="must be above 0"):
        equivalence(values, 0.0)


def test_recordings_of_a_session_count_once() -> None:
    codes = herd(4)
    halves = [
        replace(one, name=f"{one.name}{part}", **{name: getattr(one, name)[rows] for name in _ARRAYS})
        for one in codes
        for part, rows in (("a", slice(0, 60)), ("b", slice(60, 120)))
    ]
    whole, cut = (analyse(one, margin=0.02).tables["recovery"] for one in (codes, halves))
    assert cut["n"].tolist() == whole["n"].tolist() == [4] * 4
    np.testing.assert_allclose(cut["change"], whole["change"], atol=0.01)


_ARRAYS = ("posture", "behaviour", "times", "frames", "valid")


def test_the_discriminant_is_not_learned_from_the_subject_that_it_is_applied_to() -> None:
    """A subject with noise of its own separates its sessions only if it is learned from."""
    codes = herd(5, {"0": 0.0, "1": 1.5})
    order, sessions = ["0", "1"], sessions_of(codes)
    found = overlaps(codes, sessions, order, ["0"]).set_index(["subject", "session"])["overlap"]
    assert found.xs("1", level="session").mean() < found.xs("0", level="session").mean() - 0.1
    swapped = [
        replace(one, session={"0": "1", "1": "0"}[one.session]) if one.subject == "lesion0" else one
        for one in codes
    ]
    again = overlaps(swapped, sessions_of(swapped), order, ["0"]).set_index(["subject", "session"])["overlap"]
    # Its own labels do not change its direction, and so only swap which session is the baseline.
    assert again["lesion0", "1"] == pytest.approx(found["lesion0", "1"], abs=1e-9)
    assert again["lesion1", "1"] != pytest.approx(found["lesion1", "1"], abs=1e-9)
    assert overlaps(herd(2, {"0": 0.0, "1": 1.5}), sessions, order, ["0"]).empty


def test_the_margin_of_the_baseline_is_its_spread_within_subjects() -> None:
    table = pd.DataFrame(
        {
            "subject": ["a", "a", "b", "b", "a"],
            "baseline": [True, True, True, True, False],
            "similarity": [0.8, 0.9, 0.3, 0.4, 0.0],
        }
    )
    assert own_margin(table) == pytest.approx(1.5 * np.sqrt(0.01 / 2))


def test_sessions_are_ordered_by_number_by_the_study_or_by_hand() -> None:
    assert session_order(["10", "2", "-1", "2"]) == ["-1", "2", "10"]
    assert session_order(["pre", "post", "late"]) == ["pre", "post", "late"]
    assert session_order(["late", "pre"], ["pre", "late"]) == ["pre", "late"]
    with pytest.raises(AnalysisError, match="There is no session 'never'"):
        session_order(["pre"], ["never"])


def test_subjects_without_a_baseline_are_named_and_left_out() -> None:
    late = [one for one in subject("new", 50, SEVERITY) if one.session != "0"]
    result = analyse([*herd(4), *late], margin=0.02)
    assert "new" not in set(result.tables["recovery_subjects"]["subject"])
    assert "new: no recording of the baseline, so left out." in result.warnings
    short = subject("short", 51, SEVERITY)
    short[0] = replace(short[0], valid=np.arange(FRAMES) < 20)
    result = analyse([*herd(4), *short], margin=0.02)
    assert any(
        one.startswith("short is left out, since its baseline cannot be used") for one in result.warnings
    )


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"baseline": "5"}, "session has no value '5'; choose the baseline among 0, 1"),
        ({"baseline": "1"}, "No session follows the baseline (session = 1)"),
        ({"by": "day"}, "no sessions in a column 'day'; choose one of session"),
    ],
)
def test_what_cannot_be_followed_is_refused_in_a_sentence(values: dict[str, str], sentence: str) -> None:
    codes = herd(2, {"0": 0.0, "1": 0.0})
    with pytest.raises(AnalysisError) as refused:
        analyse(codes, **values)
    assert sentence in str(refused.value)


def test_few_subjects_are_described_and_not_tested() -> None:
    result = analyse(herd(2), margin=0.02)
    assert set(result.tables["recovery"]["state"]) == {"not tested"}
    assert "lesion has 2 of the 4 subjects that a test needs" in " ".join(result.warnings)
    states = result.tables["recovery_subjects"].set_index(["subject", "session"])["state"]
    assert states["lesion0", "1"] == "not recovered"
    assert recovery_figure(result).axes
