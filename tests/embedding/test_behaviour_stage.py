"""Behaviour codes that are computed step by step equal those computed at once."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ubam.analysis.pauses import without_pauses
from napari_ubam.crops.identity import to_ranges
from napari_ubam.embedding import behaviour_stage
from napari_ubam.embedding.behaviour_stage import WindowEncoder
from plain_encoder import PlainEncoder


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_codes_do_not_depend_on_the_number_of_frames_per_step(data: st.DataObject) -> None:
    frames = data.draw(st.integers(1, 300))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    posture = rng.standard_normal((frames, 3)).astype(np.float32)
    times = np.cumsum(rng.uniform(0.01, 0.05, frames))
    for _ in range(data.draw(st.integers(0, 3))):
        times[data.draw(st.integers(0, frames - 1)) :] += 1.0  # a pause of the camera
    slow = data.draw(st.integers(0, frames - 1))
    times[slow:] += 2.5 * (times[slow:] - times[slow])  # long intervals, which are no pauses where all are
    valid = np.ones(frames, bool)
    for _ in range(data.draw(st.integers(0, 4))):
        gap = data.draw(st.integers(0, frames - 1))
        valid[gap : gap + data.draw(st.integers(1, 40))] = False
    posture[~valid] = np.nan
    encoder = PlainEncoder()
    segments = without_pauses([range(*pair) for pair in to_ranges(valid)], times)
    at_once = encoder.behaviour(posture, times, list(segments))

    known = np.full_like(posture, np.nan)
    seen = np.zeros(frames, bool)
    one, stop = WindowEncoder(encoder, times, None), 0
    before, behaviour_stage.MIN_NEW_FRAMES = behaviour_stage.MIN_NEW_FRAMES, 20
    try:
        while stop < frames:
            more = min(stop + data.draw(st.integers(1, 90)), frames)
            known[stop:more], seen[stop:more] = posture[stop:more], valid[stop:more]
            stop = more
            one.update(known, seen, stop)
        codes, whole = one.finish(known, seen)
    finally:
        behaviour_stage.MIN_NEW_FRAMES = before
    np.testing.assert_array_equal(whole, at_once[1])
    np.testing.assert_allclose(codes[whole], at_once[0][whole], rtol=1e-5, atol=1e-6)
