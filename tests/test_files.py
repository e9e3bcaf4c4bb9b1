"""Files are written atomically, and an error names the file that the user asked for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from napari_ubam.files import write_atomic


def test_an_error_names_the_file_that_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "table.csv").mkdir()
    with pytest.raises(OSError, match="table") as caught:
        write_atomic(tmp_path / "table.csv", b"text")
    assert caught.value.filename == str(tmp_path / "table.csv")
    assert caught.value.filename2 is None
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need special permissions on Windows")
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    write_atomic(tmp_path / "link.csv", b"new")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text() == "new"
