"""The filters that the reference box offers."""

from __future__ import annotations

from pathlib import Path

from napari_ubam.plugin.widgets.reference_box import filters_of
from napari_ubam.study import Recording, Study


def test_every_filter_that_is_offered_selects_its_recordings() -> None:
    groups = ["healthy, old", "salt and session=0", 'the "new" drug', "healthy"]
    study = Study(
        [
            Recording(video=Path(f"{number}{session}.mp4"), subject=str(number), group=group, session=session)
            for number, group in enumerate(groups)
            for session in ("0", "1")
        ]
    )
    selected = [study.select(text) for text in filters_of(study)]
    assert [set(part.groups) for part in selected[: len(groups)]] == [{group} for group in study.groups]
    assert [set(part.sessions) for part in selected[len(groups) :]] == [{"0"}, {"1"}]
