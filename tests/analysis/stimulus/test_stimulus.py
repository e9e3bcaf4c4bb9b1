"""Stimuli inside recordings: trials, curves, latency, decoding, and no response where there is none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from napari_ubam.analysis.stimulus import Response, Settings, Stimulated, stimulus_response

SECONDS, ON, PAUSE, SIZE = 40.0, 2.0, 5.0, 8
QUICK = Settings(shifts=200, resamples=200, decoding_shifts=20)


def subject(
    number: int,
    *,
    height: float = 0.0,
    late: float = 0.3,
    code: float | None = None,
    rate: int = 25,
    seed: int = 0,
) -> Stimulated:
    """Generate noise of short memory with a response that begins ``late`` seconds after each onset."""
    generator = np.random.default_rng([seed, number])
    times = np.arange(int(SECONDS * rate)) / rate
    starts = np.arange(3 + generator.uniform(0, 2), SECONDS - 5, ON + PAUSE)
    active = np.zeros(len(times))
    for start in starts:
        active += (times >= start + late) & (times < start + late + ON)
    width = int(0.4 * rate)
    values = np.convolve(generator.normal(size=len(times)) + height * active, np.ones(width) / width, "same")
    codes = None
    if code is not None:
        codes = generator.normal(size=(len(times), SIZE)) + 3 * generator.normal(size=SIZE)
        codes[:, 0] += code * active
    spans = [(float(start), float(start + ON)) for start in starts]
    return Stimulated(f"r{number}", f"s{number}", "0", spans, times, values, times, codes)


def respond(recordings: Sequence[Stimulated], settings: Settings = QUICK) -> Response:
    found = stimulus_response(recordings, settings)
    assert found is not None
    return found


def only(spans: Sequence[tuple[float, float]], seconds: float = 20.0, rate: float = 10.0) -> Stimulated:
    """Make a recording whose deviation is its time."""
    times = np.arange(int(seconds * rate)) / rate
    return Stimulated("r", "s", "0", spans, times, times)


def test_a_planted_response_is_found_with_its_latency_at_any_frame_rate() -> None:
    rates = (20, 25, 30, 50, 120, 250, 25, 30)
    late = 0.4
    found = respond([subject(one, height=1.5, late=late, rate=rate) for one, rate in enumerate(rates)])
    on, after = found.tests.iloc[0], found.tests.iloc[1]
    assert (on["measure"], on["n"], on["arrangements"]) == ("on", 8, 256)  # subjects, not trials
    assert on["p_subjects"] == pytest.approx(2 / 256)
    assert on["p"] == max(on["p_subjects"], on["p_shifts"])
    assert on["p_adjusted"] < 0.05
    assert on["low"] < on["difference"] < on["high"]
    assert on["difference"] == pytest.approx(1.5 * (ON - late) / ON, abs=0.2)
    assert after["difference"] < on["difference"] / 2
    row = found.latency.iloc[0]
    assert row["latency"] == pytest.approx(late, abs=0.1)
    assert row["low"] - 0.05 <= late <= row["high"] + 0.05
    assert row["until"] == pytest.approx(late + ON, abs=0.1)


def test_a_decrease_has_a_latency_too() -> None:
    found = respond([subject(one, height=-1.5, late=0.6) for one in range(6)])
    assert found.tests["difference"][0] < 0
    assert found.latency["latency"][0] == pytest.approx(0.6, abs=0.1)


def test_the_stimulus_is_decoded_in_subjects_that_were_left_out() -> None:
    shown = respond([subject(one, code=1.5) for one in range(6)])
    row = shown.tests.set_index("measure").loc["decodability"]
    assert row["p"] == pytest.approx(max(2 / 64, 1 / 21))  # the smallest that is possible
    assert row["difference"] > 0.15
    curve = shown.mean[shown.mean["measure"] == "decodability"]
    during = curve[(curve["time"] > 0.5) & (curve["time"] < ON)]
    assert curve.loc[curve["time"] < 0, "value"].mean() == pytest.approx(0.5, abs=0.05)
    assert (during["value"] > during["chance_high"]).mean() > 0.8
    hidden = respond([subject(one, code=0.0) for one in range(6)]).subjects["decodability"]
    assert hidden.mean() == pytest.approx(0.5, abs=0.06)
    own = [subject(one, code=0.0) for one in range(6)]
    for number, one in enumerate(own):  # what only the own subject does at the stimulus helps nobody else
        assert one.codes is not None
        active = np.zeros(len(one.times), bool)
        for start, stop in one.intervals:
            active |= (one.times >= start) & (one.times < stop)
        one.codes[active, 1 + number] += 3
    assert respond(own).subjects["decodability"].mean() < 0.6


def test_nothing_is_found_without_a_response() -> None:
    worlds, settings = 15, Settings(shifts=100, resamples=100)
    most = 0.05 + 1.645 * np.sqrt(0.05 * 0.95 / worlds)
    p = np.array(
        [
            respond([subject(one, seed=1 + world) for one in range(6)], settings).tests["p"]
            for world in range(worlds)
        ]
    )
    assert (p <= 0.05).mean(0).max() <= most


def test_a_common_trend_is_no_response() -> None:
    trend = [subject(one) for one in range(6)]
    recordings = [
        Stimulated(one.name, one.subject, "0", one.intervals, one.times, one.times + 0.01 * one.deviation)
        for one in trend
    ]
    on = respond(recordings).tests.iloc[0]
    assert on["p_subjects"] < 0.05  # on comes later than off in each trial of each subject
    assert on["p"] > 0.3


def test_states_are_means_over_their_times() -> None:
    found = respond([only([(5.0, 7.0), (14.0, 16.0)])])
    assert (found.periods.before, found.periods.after, found.periods.varies) == (2.0, 2.0, False)
    assert found.trials[["off", "on", "after"]].to_numpy() == pytest.approx(
        np.array([[4.0, 6.0, 8.0], [13.0, 15.0, 17.0]]), abs=0.05
    )
    assert found.subjects["on_change"][0] == pytest.approx(2.0)


def test_one_subject_is_described_and_not_tested() -> None:
    first = only([(5.0, 7.0), (14.0, 16.0)])
    again = Stimulated("again", "s", "1", first.intervals, first.times, first.deviation)
    found = respond([first, again])
    assert found.tests["n"].tolist() == [1, 1]
    assert found.subjects["trials"].tolist() == [4]
    assert found.tests[["p", "p_subjects", "p_shifts", "low"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("spans", "used", "notes"),
    [
        ([(17.5, 22.0)], [True], ["the recording ends before it stops"]),
        ([(-1.0, 2.0), (8.0, 11.0)], [False, True], ["began before the recording", ""]),
        ([(0.2, 3.2), (10.0, 13.0)], [False, True], ["too little time off before it", ""]),
        ([(5.0, 6.0), (6.05, 8.0)], [True], [""]),  # they touch
        ([(30.0, 32.0), (6.0, 8.0)], [True], [""]),  # outside
    ],
)
def test_stimuli_at_the_ends_of_a_recording(
    spans: list[tuple[float, float]], used: list[bool], notes: list[str]
) -> None:
    found = respond([only(spans)])
    assert found.trials["used"].tolist() == used
    assert found.trials["note"].tolist() == notes
    last = found.trials.iloc[-1]
    assert last["after_stop"] <= 20.0


def test_onsets_nearer_than_the_window_share_the_time_between_them() -> None:
    found = respond([only([(5.0, 6.0), (8.0, 9.0)])], Settings(before=3, after=3))
    second = found.trials.iloc[1]
    assert second["off_start"] == 6.0
    assert found.trials["after_stop"][0] == 8.0
    assert set(found.trials["note"]) == {"another one is nearer than the time off or the time after"}


def test_frames_without_a_value_are_left_out() -> None:
    one = only([(5.0, 7.0), (14.0, 16.0)])
    values = np.where((one.times > 5.5) & (one.times < 6.0), np.nan, 1.0)
    found = respond([Stimulated("r", "s", "0", one.intervals, one.times, values)])
    assert found.trials[["off", "on", "after"]].to_numpy() == pytest.approx(1.0)
    lost = np.where((one.times > 5.0) & (one.times < 7.0), np.nan, 1.0)
    found = respond([Stimulated("r", "s", "0", one.intervals, one.times, lost)])
    assert found.trials["used"].tolist() == [False, True]


def test_without_a_stimulus_there_is_no_result() -> None:
    assert stimulus_response([only([])]) is None
    assert stimulus_response([only([(40.0, 42.0)])]) is None
