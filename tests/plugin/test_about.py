"""The window with what the installation has."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtGui import QGuiApplication

from napari_ubam.doctor import Installation
from napari_ubam.plugin.commands import about
from shared_widgets import Wait, delete


def test_the_text_is_shown_and_copied(qapp: Any, wait: Wait, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Installation((("torch", "2.9"),), ("There is no display here.",))
    monkeypatch.setattr(about, "examine", lambda: found)
    dialog = about.AboutDialog()
    assert not dialog.copy_button.isEnabled()
    wait(dialog.copy_button.isEnabled)
    assert dialog.text.toPlainText() == str(found)
    dialog.copy_button.click()
    clipboard = QGuiApplication.clipboard()
    assert clipboard is not None
    assert clipboard.text() == str(found)
    delete(dialog)
