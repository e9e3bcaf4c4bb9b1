"""Every how-to script runs as a reader would run it: as a program, in a folder of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from napari_ubam.study import Study

FOLDER = Path(__file__).parents[2] / "docs" / "how-to"
GUIDES = sorted(FOLDER.glob("*.py"))
CONTINUES = {"show_in_napari": "magnify_a_deviation"}


def test_there_are_guides_and_each_has_a_page() -> None:
    assert GUIDES
    for guide in GUIDES:
        page = guide.with_name(guide.stem.replace("_", "-") + ".md")
        assert f'"docs/how-to/{guide.name}' in page.read_text(encoding="utf-8"), (
            f"{page} does not show {guide.name}"
        )


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Give the folders of the guides that have run."""
    return {}


@pytest.mark.slow
@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_guide_runs(guide: Path, study: Study, tmp_path: Path, folders: dict[str, Path]) -> None:
    # The study that the guides render is there already, so that they find it, and so is the run of a guide
    # that another one continues.
    shutil.copytree(study[0].video.parents[1], tmp_path / "sample")
    before = folders.get(CONTINUES.get(guide.stem, ""))
    if before is not None:
        shutil.copytree(before / "run", tmp_path / "run")
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:napari_ubam", str(guide)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout.strip()
    folders[guide.stem] = tmp_path
