"""ELAN: the annotation file has the episodes in milliseconds, and finds the video."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from exported_study import FPS, made_up
from napari_ubam.formats import export_data


def test_episodes_are_annotations(tmp_path: Path) -> None:
    data = made_up(tmp_path / "videos")
    done = export_data(data, "elan", tmp_path / "out")
    assert [path.name for path in done.files] == ["rat 1.eaf", "rat2.eaf"]
    root = ElementTree.parse(done.files[0]).getroot()
    media = root.find("HEADER/MEDIA_DESCRIPTOR")
    assert media is not None
    assert media.attrib["RELATIVE_MEDIA_URL"] == "../videos/rat 1.mp4"
    assert media.attrib["MEDIA_URL"].startswith("file:///")
    times = {one.attrib["TIME_SLOT_ID"]: int(one.attrib["TIME_VALUE"]) for one in root.iter("TIME_SLOT")}
    spans = [
        (times[one.attrib["TIME_SLOT_REF1"]], times[one.attrib["TIME_SLOT_REF2"]])
        for one in root.iter("ALIGNABLE_ANNOTATION")
    ]
    expected = [(10_000 / FPS, 20_000 / FPS), (45_000 / FPS, 60_000 / FPS)]
    assert spans == [pytest.approx(one, abs=0.5) for one in expected]
    types = {one.attrib["LINGUISTIC_TYPE_ID"] for one in root.iter("LINGUISTIC_TYPE")}
    assert {one.attrib["LINGUISTIC_TYPE_REF"] for one in root.iter("TIER")} == types
    assert not list(ElementTree.parse(done.files[1]).getroot().iter("ANNOTATION"))
