"""Detection of H.264 streams that can contain fields, with real encoders."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from napari_ubam.video.h264 import may_hold_fields
from numbered_videos import RECIPES, encode


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("h264 GOP 12", False),
        ("h264 mkv", False),
        ("h264 mts", False),
        ("h264 raw", False),
        ("h264 10 bit", False),
        ("h264 4:4:4, odd size", False),
        ("h264 grey", False),
        ("h264 interlaced mts", True),
    ],
)
def test_encoded_streams(name: str, fields: bool, clip) -> None:
    with av.open(str(clip(name))) as container:
        assert may_hold_fields(container.streams.video[0].codec_context.extradata) is fields


def test_scaling_lists_are_skipped(tmp_path: Path) -> None:
    recipe = RECIPES["h264 GOP 12"]
    options = {"preset": "veryfast", "x264-params": "cqm=jvt:interlaced=0"}
    path = encode(tmp_path / "jvt.mp4", type(recipe)(**{**recipe.__dict__, "options": options}), frames=5)
    with av.open(str(path)) as container:
        assert may_hold_fields(container.streams.video[0].codec_context.extradata) is False


@pytest.mark.parametrize("extradata", [None, b"", b"\1", b"\0\0\1\x67\x64", b"rubbish" * 9])
def test_without_information_fields_are_possible(extradata) -> None:
    assert may_hold_fields(extradata) is True
