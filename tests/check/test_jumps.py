"""``check --full`` compares frames read in sequence with the same frames read after a jump."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_ubam.check import check_study
from napari_ubam.video import scan
from numbered_videos import Recipe, encode
from plain_decoding import changed, every_packet_a_keyframe

ROW = "video,subject,group,session\nmarked.avi,m1,a,0\n"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Make a video whose every frame is marked as a keyframe, in a codec without types of pictures."""
    source = encode(tmp_path / "source.avi", Recipe(".avi", "cinepak", {"g": "40"}, "rgb24"), 40)
    changed(source, tmp_path / "marked.avi", every_packet_a_keyframe)
    table = tmp_path / "study.csv"
    table.write_text(ROW)
    return table


def test_jumps_are_right(study: Path) -> None:
    (facts,) = check_study(study, full=True).recordings
    assert facts.read == 40
    assert facts.wrong_jumps == ()


def test_wrong_jumps_are_an_error(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAPARI_UBAM_CACHE", "")
    monkeypatch.setattr(scan, "prove_starts", lambda path, index, *rest: index)  # as if nothing were tried
    report = check_study(study, full=True)
    assert len(report.recordings[0].wrong_jumps) > 3
    assert not report.ok
    assert "of marked.avi look different after a jump than in sequence" in str(report)
    assert not check_study(study).recordings[0].wrong_jumps  # a sample is not compared
