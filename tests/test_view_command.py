"""``napari-ubam view`` where no window can be shown."""

from __future__ import annotations

import sys

import pytest
from typer.testing import CliRunner

from napari_ubam.cli import app
from napari_ubam.run import Run


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a display")
@pytest.mark.parametrize(
    ("display", "reason"), [("", "there is no display"), (":987", "could not connect to display :987")]
)
def test_view_without_a_display_is_refused_in_a_sentence(
    trained: Run, monkeypatch: pytest.MonkeyPatch, display: str, reason: str
) -> None:
    for name in ("WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", display)
    result = CliRunner().invoke(app, ["view", str(trained.folder)])
    assert result.exit_code == 1
    assert result.stderr == (
        f"napari cannot open a window here ({reason}); start it on a computer with a screen, or in a remote "
        "desktop.\n"
    )
