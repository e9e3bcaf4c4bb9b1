"""What threatens a conclusion stands at the head of the result and of the report."""

from __future__ import annotations

from pathlib import Path

from napari_ubam.run import Run
from napari_ubam.study import Study
from scored_groups import recordings, score

SAID = "camera goes wholly together with group (healthy: 1, impaired: 2), so what differs by group may come"
TWO = {"healthy": 4, "impaired": 4}


def test_a_comparison_and_the_report_say_first_what_threatens_them(
    trained: Run, study: Study, tmp_path: Path
) -> None:
    cameras = {"camera": ["1"] * 4 + ["2"] * 4, "rig": ["x", "y"] * 4}
    made = recordings(study[0].video, TWO, columns=cameras)
    run = score(trained, tmp_path / "run", made, {"impaired": 0.02})
    result = run.compare("group")
    assert result.warnings[0].startswith(SAID)
    assert not any("rig" in one for one in result.warnings)
    assert run.results["compare"].warnings == result.warnings
    text = run.report().read_text("utf-8")
    assert "camera goes wholly together with the reference" in text
    assert text.index("camera goes wholly together with the reference") < text.index("<h2")
